"""The trained model: what a paragraph's words speak for, beyond the rules.

A bag of word vectors (static, from the embedding layer of MiniLM) and linear scores on their mean, so that each score is
a sum over the words and can say which of them made it. `training/train.py` makes `data/model/`; no text is stored there.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.wordpiece import WordPiece
from archive.errors import DataFileError

FOLDER = Path(__file__).resolve().parent.parent / "data" / "model"
SENTENCE_END = re.compile(r"[.!?]+[\"')]*\s+")
# More pieces than this of one paragraph are not read: some 1,500 words.
MOST_PIECES = 2000
# So many words are named as the reason of a score.
REASONS = 4

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Proposal:
    """A theme that the words speak for: probability, the sentence that does so most (`start`, `end` in the folded text),
    and the words that raised the score most, in their order."""

    theme_id: str
    score: float
    start: int
    end: int
    because: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """The program that the words describe best, its probability among all, and the sentence that does so most."""

    program_id: str
    score: float
    start: int
    end: int


class Model:
    """A model read from `folder`. DataFileError if its files are missing or do not belong together."""

    def __init__(self, folder: Path = FOLDER) -> None:
        try:
            card: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            weights = (folder / "model.npz").read_bytes()
        except (OSError, ValueError) as error:
            raise DataFileError(
                f"{folder}: the model cannot be read: {error}. Make it again with: make model"
            ) from error
        if hashlib.sha256(weights).hexdigest() != card.get("digest"):
            raise DataFileError(f"{folder}: model.npz and model.json do not belong together. Run: make model")
        with np.load(folder / "model.npz", allow_pickle=False) as arrays:
            self._vectors: NDArray[np.int8] = arrays["vectors"]
            self._scales: Floats = arrays["scales"]
            self._weights: Floats = arrays["weights"]
            self._by_length: Floats = arrays["by_length"]
            self._bias: Floats = arrays["bias"]
            vocabulary = arrays["vocabulary"].tobytes().decode("utf-8").split("\n")
        self.version: str = card["digest"][:12]
        self.themes: tuple[str, ...] = tuple(card["themes"])
        self.programs: tuple[str, ...] = tuple(card["programs"])
        self.thresholds: dict[str, float] = card["thresholds"]
        # From which probability on a description stands for a name.
        self.sure: float = card["sure"]
        self._slope, self._shift = np.array(card["calibration"], np.float32).T
        self._about_at = len(self.themes)
        self._pieces = WordPiece({piece: number for number, piece in enumerate(vocabulary)})

    def read(self, text: str) -> Reading:
        """What the model makes of a folded text."""
        return Reading(self, text)

    def embed(self, ids: list[int]) -> Floats:
        """A row for each piece."""
        return self._vectors[ids] * self._scales[ids, None]


class Reading:
    """One text as the model reads it. What is not asked for is not computed."""

    def __init__(self, model: Model, text: str) -> None:
        self._model = model
        self._text = text
        ids, self._spans = model._pieces.pieces(text)
        self._rows = model.embed(ids[:MOST_PIECES])
        total = self._rows.sum(0)
        # Scores are linear in the words: the length by which all are divided is that of their sum.
        self._length = float(np.sqrt(total @ total)) or 1.0
        extra = length(len(self._rows)) * model._by_length
        self._scores = (total / self._length) @ model._weights + extra + model._bias

    @cached_property
    def about(self) -> float:
        """The probability that the words say something about a program."""
        place = self._model._about_at
        return float(_logistic(self._scores[place] * self._model._slope[place] + self._model._shift[place]))

    def proposals(self, least: float) -> list[Proposal]:
        """The themes with a probability of at least `least`, in the order of the codebook."""
        model = self._model
        chances = _logistic(
            self._scores[: model._about_at] * model._slope[: model._about_at] + model._shift[: model._about_at]
        )
        return [
            Proposal(model.themes[place], round(float(chances[place]), 4), *self._sentence(place), self._because(place))
            for place in map(int, np.flatnonzero(chances >= least))
        ]

    def description(self) -> Description | None:
        """The program that the words describe best; None for a text without words."""
        if not len(self._rows):
            return None
        scores = self._scores[self._model._about_at + 1 :]
        chances = np.exp(scores - scores.max())
        best = int(scores.argmax())
        place = self._model._about_at + 1 + best
        return Description(self._model.programs[best], float(chances[best] / chances.sum()), *self._sentence(place))

    def _parts(self, place: int) -> Floats:
        """What each piece adds to a score."""
        return np.asarray(self._rows @ self._model._weights[:, place] / self._length, np.float32)

    def _sentence(self, place: int) -> tuple[int, int]:
        text = self._text
        cuts = [0, *(stop.end() for stop in SENTENCE_END.finditer(text)), len(text)]
        sums = dict.fromkeys(pairwise(cuts), 0.0)
        bounds = iter(sums)
        here = next(bounds)
        for (start, _), part in zip(self._spans, self._parts(place), strict=False):
            while start >= here[1]:
                here = next(bounds)
            sums[here] += float(part)
        start, end = max(sums, key=lambda span: sums[span])
        words = text[start:end].rstrip()
        return start + len(words) - len(words.lstrip()), start + len(words)

    def _because(self, place: int) -> tuple[str, ...]:
        words: dict[tuple[int, int], float] = {}
        for span, part in zip(self._spans, self._parts(place), strict=False):
            words[span] = words.get(span, 0.0) + float(part)
        best = sorted((span for span in words if words[span] > 0), key=lambda span: -words[span])[:REASONS]
        return tuple(self._text[start:end] for start, end in sorted(best))


@lru_cache(maxsize=1)
def model() -> Model:
    """The project's model, read once."""
    return Model()


def length(pieces: int) -> float:
    """How long a text is, as the model takes it: chat is short, and a paragraph of many words carries more."""
    return math.log1p(pieces) / 3


def version() -> str:
    """Which model there is, without reading it; empty if none."""
    try:
        return str(json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))["digest"])[:8]
    except (OSError, ValueError, KeyError):
        return ""


def _logistic(values: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))

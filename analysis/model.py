"""The trained model: what a paragraph's words speak for, beyond the rules.

Two stages. A bag of word vectors with linear scores (some 100 µs a paragraph) says whether the words are about a program
at all, or may carry a theme. Where they may, or the thread is on a program already, the encoder (milliseconds) decides.
Its scores are sums over the pieces of words, so each says which sentence and which words made it.
`training/train.py` makes `data/model/`; no text is stored there.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.encoder import Encoded, Encoder
from analysis.wordpiece import WordPiece
from archive.errors import DataFileError

FOLDER = Path(__file__).resolve().parent.parent / "data" / "model"
FILES = ("model.npz", "encoder.onnx")
SENTENCE_END = re.compile(r"[.!?]+[\"')]*\s+")
# More pieces than this of one paragraph are not read: some 1,500 words.
MOST_PIECES = 2000
# A theme that is so probable needs no others beside it: plain words say one thing. Chosen on held-out writers, as the
# largest gain for which false alarms stay under .05.
SURE_OF_ONE = 0.7
# What the encoder is asked after the themes: whether there is any, whether the words are about a program, whether they
# describe one, whether a platform speaks or a reporter, and no seller. Places among its labels, from the end.
QUESTIONS = ANY_THEME, IS_ABOUT, IS_DESCRIPTION, IS_OFFICIAL = range(-4, 0)
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


class Model:
    """A model read from `folder`. DataFileError if its files are missing or do not belong together."""

    def __init__(self, folder: Path = FOLDER) -> None:
        try:
            card: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            found = digest(folder)
        except (OSError, ValueError) as error:
            raise DataFileError(
                f"{folder}: the model cannot be read: {error}. Make it again with: make model"
            ) from error
        if found != card.get("digest"):
            raise DataFileError(
                f"{folder}: {' and '.join(FILES)} and model.json do not belong together. Run: make model"
            )
        with np.load(folder / "model.npz", allow_pickle=False) as arrays:
            self._arrays = {name: arrays[name] for name in arrays.files}
        self.themes: tuple[str, ...] = tuple(card["themes"])
        self.programs: tuple[str, ...] = tuple(card["programs"])
        # The encoder's labels are the themes, the questions, and then the programs.
        self.asked = len(self.themes) + len(QUESTIONS)
        # The probability of a theme from which on it is a tag, in a paragraph that has any with at least this one.
        self.thresholds: dict[str, float] = card["thresholds"]
        self.any_from: float = card["any_from"]
        # The chances of any theme and of a program, as the first stage sees them, from which on the encoder reads.
        self.look_from: float = card["look_from"]
        self.read_from: float = card["read_from"]
        self._slope, self._shift = np.array(card["calibration"], np.float32).T
        self._first_slope, self._first_shift = np.array(card["first_calibration"], np.float32).T
        vocabulary = self._arrays["vocabulary"].tobytes().decode("utf-8").split("\n")
        self._pieces = WordPiece({piece: number for number, piece in enumerate(vocabulary)})
        self._folder = folder

    @cached_property
    def encoder(self) -> Encoder:
        """Read when it is first asked for."""
        return Encoder(self._folder / "encoder.onnx")

    @cached_property
    def pool(self) -> ThreadPoolExecutor | None:
        """A thread for each core; None if there is but one."""
        return ThreadPoolExecutor(cores(), "encoder") if cores() > 1 else None

    def read(self, text: str, title: str = "") -> Reading:
        """What the model makes of a folded text in a thread of that (folded) title."""
        return Reading(self, text, title)

    @lru_cache(maxsize=64)  # noqa: B019 - there is one model
    def pieces_of_title(self, title: str) -> tuple[int, ...]:
        return tuple(self._pieces.pieces(title)[0])


class Reading:
    """One text as the model reads it. What is not asked for is not computed."""

    def __init__(self, model: Model, text: str, title: str) -> None:
        self._model = model
        self._text = text
        self._title = title
        self._begun: Future[list[Encoded]] | None = None
        self._in_sight = False

    def near(self) -> None:
        """Say that the thread is on a program: then the encoder reads even what does not look worth it. "I was never told"
        can be said of anything, and is said of that."""
        self._in_sight = bool(self._ids)

    def begin(self) -> None:
        """Let the encoder read on another core, if it is worth it and there is one, while this one does something else."""
        if self._model.pool is not None and self.worth_reading:
            title = self._model.pieces_of_title(self._title)
            self._begun = self._model.pool.submit(self._model.encoder.read, title, self._ids)

    @cached_property
    def _cut(self) -> tuple[list[int], list[tuple[int, int]]]:
        return self._model._pieces.pieces(self._text)

    @cached_property
    def _ids(self) -> list[int]:
        return self._cut[0][:MOST_PIECES]

    @property
    def _spans(self) -> list[tuple[int, int]]:
        return self._cut[1]

    @cached_property
    def _first(self) -> Floats:
        """Probabilities by the first stage: each theme, any theme, about a program."""
        arrays = self._model._arrays
        total = (arrays["vectors"][self._ids] * arrays["scales"][self._ids, None]).sum(0)
        scores = total / (float(np.sqrt(total @ total)) or 1.0) @ arrays["weights"]
        scores += length(len(self._ids)) * arrays["by_length"] + arrays["bias"]
        return np.asarray(_logistic(scores * self._model._first_slope + self._model._first_shift), np.float32)

    @cached_property
    def worth_reading(self) -> bool:
        """Whether the words, to the first stage, may carry a theme or say something about a program."""
        if not self._ids:
            return False
        theme, about = map(float, self._first[-2:])
        return theme >= self._model.look_from or about >= self._model.read_from

    @property
    def _heeded(self) -> bool:
        """Whether the encoder reads the words."""
        return self._in_sight or self.worth_reading

    @property
    def about(self) -> float:
        """The probability that the words say something about a program; 0 where the encoder does not read them."""
        return float(self._chances[IS_ABOUT]) if self._heeded else 0.0

    @property
    def describes(self) -> float:
        """The probability that the words name or describe a program themselves, whatever was said before."""
        return float(self._chances[IS_DESCRIPTION]) if self._heeded else 0.0

    @property
    def official(self) -> float:
        """The probability that a platform speaks, or a reporter, and no seller."""
        return float(self._chances[IS_OFFICIAL]) if self._heeded else 0.0

    def official_sentence(self) -> tuple[int, int]:
        """The sentence that sounds so most, as a span of the folded text."""
        return self._sentence(IS_OFFICIAL)

    @cached_property
    def _encoded(self) -> list[Encoded]:
        if self._begun is not None:
            return self._begun.result()
        return self._model.encoder.read(self._model.pieces_of_title(self._title), self._ids)

    @cached_property
    def _theme_parts(self) -> list[Floats]:
        """What each piece adds to the score of each theme, and of the questions after them, for each part of the text
        that was read at once."""
        return [shares(part.own[:, :, : self._model.asked]) for part in self._encoded]

    @cached_property
    def _theme_sums(self) -> Floats:
        """A row for each part of the text that was read at once."""
        return np.array([part.sum(0) for part in self._theme_parts], np.float32)

    @property
    def chances(self) -> Floats:
        """The probability of each theme by the encoder; of a long text, its part that speaks for it most."""
        return self._chances[:ANY_THEME]

    @cached_property
    def _chances(self) -> Floats:
        """Of each theme, then of a yes to each question."""
        scores = self._theme_sums.max(0) + self._model._arrays["theme_bias"]
        return np.asarray(_logistic(scores * self._model._slope + self._model._shift), np.float32)

    def chance(self, theme_id: str) -> float | None:
        """The probability of a theme, also where none is worth looking for; None for one that the model does not know."""
        known = self._ids and theme_id in self._model.themes
        return round(float(self.chances[self._model.themes.index(theme_id)]), 4) if known else None

    @property
    def sure(self) -> bool:
        """Whether the paragraph is likely enough to have a theme for any to be a tag."""
        return self._heeded and bool(has_theme(self._chances[: ANY_THEME + 1], self._model.any_from))

    def proposals(self, least: float) -> list[Proposal]:
        """The themes with a probability of at least `least`, in the order of the codebook."""
        if not self._heeded:
            return []
        return [
            Proposal(
                self._model.themes[place],
                round(float(self.chances[place]), 4),
                *self._sentence(place),
                self._because(place),
            )
            for place in map(int, np.flatnonzero(self.chances >= least))
        ]

    def described(self) -> Floats:
        """The probability of each program (they sum to 1), should the words and the title describe one."""
        if not self._ids:
            return np.full(len(self._model.programs), 1 / len(self._model.programs), np.float32)
        both = [np.concatenate([part.title, part.own])[:, :, self._model.asked :] for part in self._encoded]
        scores = np.mean([shares(found).sum(0) for found in both], 0) + self._model._arrays["program_bias"]
        chances = np.exp(scores - scores.max())
        return np.asarray(chances / chances.sum(), np.float32)

    @cached_property
    def _program_parts(self) -> Floats:
        """What each of the paragraph's own pieces says of each program."""
        return np.concatenate([shares(part.own[:, :, self._model.asked :]) for part in self._encoded])

    def sentence_for(self, program_id: str) -> tuple[int, int]:
        """The sentence that describes the program most, as a span of the folded text."""
        return self._best_sentence(self._program_parts[:, self._model.programs.index(program_id)])

    def _sentence(self, place: int) -> tuple[int, int]:
        start, parts = self._best_part(place)
        padded = np.full(len(self._ids), -np.inf, np.float32)
        padded[start : start + len(parts)] = parts
        return self._best_sentence(padded)

    def _best_part(self, place: int) -> tuple[int, Floats]:
        """The part of the text that speaks for a theme most: its first piece, and what each of its pieces adds."""
        best = int(self._theme_sums[:, place].argmax())
        return best * len(self._encoded[0].own), self._theme_parts[best][:, place]

    def _best_sentence(self, parts: Floats) -> tuple[int, int]:
        text = self._text
        cuts = [0, *(stop.end() for stop in SENTENCE_END.finditer(text)), len(text)]
        sums = dict.fromkeys(pairwise(cuts), -math.inf)
        bounds = iter(sums)
        here = next(bounds)
        for (start, _), part in zip(self._spans, map(float, parts), strict=False):
            while start >= here[1]:
                here = next(bounds)
            if part > -math.inf:
                sums[here] = part + (sums[here] if sums[here] > -math.inf else 0.0)
        start, end = max(sums, key=lambda span: sums[span])
        words = text[start:end].rstrip()
        return start + len(words) - len(words.lstrip()), start + len(words)

    def _because(self, place: int) -> tuple[str, ...]:
        first, parts = self._best_part(place)
        words: dict[tuple[int, int], float] = {}
        for span, part in zip(self._spans[first:], map(float, parts), strict=False):
            words[span] = words.get(span, 0.0) + part
        best = sorted((span for span in words if words[span] > 0), key=lambda span: -words[span])[:REASONS]
        return tuple(self._text[start:end] for start, end in sorted(best))


def shares(found: Floats) -> Floats:
    """What each piece (a row of `found`: see `Encoded`) adds to the score of each label: how much it speaks for it, times the
    share of the attention that the label pays to it. So one sentence in a long paragraph is enough.

    Attention by label: J. Mullenbach et al., arXiv:1802.05695.
    """
    heeded = np.exp(found[:, 0] - found[:, 0].max(0))
    return np.asarray(heeded / heeded.sum(0) * found[:, 1], np.float32)


def has_theme(chances: Floats, any_from: float) -> NDArray[np.bool_]:
    """Whether a paragraph is likely enough to have a theme for any to be a tag: by all of them together, or by one alone.
    `chances` as for `any_theme`."""
    return np.asarray((any_theme(chances) >= any_from) | (chances[..., :-1].max(-1) >= SURE_OF_ONE))


def any_theme(chances: Floats) -> Floats:
    """The probability that there is a theme, from those of each and, last, of any as the encoder sees it: between what the
    themes give as if they were independent, and the latter. The mean of the logarithms of both odds told paragraphs with
    a theme from others better than either."""
    together = np.clip(1 - np.prod(1 - chances[..., :-1], axis=-1), 1e-6, 1 - 1e-6)
    seen = np.clip(chances[..., -1], 1e-6, 1 - 1e-6)
    return np.asarray(_logistic(np.log(together / (1 - together) * seen / (1 - seen)) / 2), np.float32)


@lru_cache(maxsize=1)
def model() -> Model:
    """The project's model, read once."""
    return Model()


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def length(pieces: int) -> float:
    """How long a text is, as the first stage takes it: chat is short, and a paragraph of many words carries more."""
    return math.log1p(pieces) / 3


def digest(folder: Path) -> str:
    """Of the model's files. OSError if one is missing."""
    return hashlib.sha256(b"".join(hashlib.sha256((folder / name).read_bytes()).digest() for name in FILES)).hexdigest()


def version() -> str:
    """Which model there is, without reading it; empty if none. Its card has the digest of the weights, and what else
    decides about tags: calibration and thresholds."""
    try:
        return hashlib.sha256((FOLDER / "model.json").read_bytes()).hexdigest()[:8]
    except OSError:
        return ""


def _logistic(values: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))

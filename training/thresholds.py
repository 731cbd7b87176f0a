"""From scores to probabilities, and from probabilities to what is a tag."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from analysis.model import any_theme, has_theme

# The share of paragraphs without a theme that may get one by the model; rules add a hundredth, and together they are to
# stay under .05.
FALSE_ALARMS = 0.04
# What is tried: shares of paragraphs without a theme that are let go by, thresholds, and what a tag costs, in right tags.
ALARMS, GRID, HALF_OF_F1 = np.arange(0.9, 0.995, 0.005), np.arange(0.2, 0.61, 0.05), (0.25, 0.3, 0.35)
Floats = NDArray[np.float32]


def platt(scores: Floats, wanted: Floats) -> tuple[float, float]:
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


def chances(scores: Floats, pairs: list[tuple[float, float]]) -> Floats:
    slope, shift = np.array(pairs).T
    return np.asarray(1 / (1 + np.exp(-(scores * slope + shift))), np.float32)


def sure(chances: Floats, any_from: float, limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which themes are tags: those above their thresholds, where the chance that there is any theme is high enough."""
    return np.asarray((chances[:, :-1] >= limits) & has_theme(chances, any_from)[:, None])


def thresholds(chances: Floats, wanted: Floats) -> tuple[float, NDArray[np.float64]]:
    """The chance of any theme from which on there are tags, and a threshold for each theme: the best F1 of all together
    while at most `FALSE_ALARMS` of the paragraphs without a theme get a tag.

    `chances` has a column for each theme and, last, one for any; `wanted` has one for each theme.

    Right tags are worth 1 and tags cost half of the F1 that is hoped for (Z. Lipton, C. Elkan, B. Naryanaswamy,
    arXiv:1402.1892). False alarms are left to the first number alone: one number keeps to the limit on writers that were
    not seen, twenty did not.
    """
    bare = wanted.sum(1) == 0
    found = chances[:, :-1] >= GRID[:, None, None]
    best, kept = -1.0, (1.0, np.full(wanted.shape[1], GRID[-1]))
    for any_from in np.quantile(any_theme(chances)[bare], ALARMS):
        there = found & has_theme(chances, any_from)[:, None]
        right, tags = (there * wanted).sum(1), there.sum(1)
        for cost in HALF_OF_F1:
            limits = GRID[(right - cost * tags).argmax(0)]
            figures = measured(sure(chances, any_from, limits), wanted)
            if figures["false_alarms"] <= FALSE_ALARMS and figures["f1"] > best:
                best, kept = figures["f1"], (float(any_from), limits)
    return kept


def measured(found: NDArray[np.bool_], wanted: Floats) -> dict[str, float]:
    hits = (found * wanted).sum()
    return {
        "precision": round(float(hits / max(1, found.sum())), 3),
        "recall": round(float(hits / wanted.sum()), 3),
        "f1": round(float(2 * hits / max(1, found.sum() + wanted.sum())), 3),
        "false_alarms": round(float(found[wanted.sum(1) == 0].any(1).mean()), 3),
    }

"""From scores to probabilities, and from probabilities to what is a tag."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

# The share of paragraphs without a theme that may get one by the model; rules add a hundredth and a half, and together
# they are to stay under .05.
FALSE_ALARMS = 0.03
# What is tried: thresholds (the last: no tag at all), and what a tag and a false alarm cost, in right tags.
GRID = np.r_[np.arange(0.1, 0.95, 0.025), 1.01]
HALF_OF_F1, PRICES = (0.25, 0.3, 0.35), np.r_[0, np.geomspace(0.02, 20, 60)]
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


def thresholds(chances: Floats, wanted: Floats) -> NDArray[np.float64]:
    """A threshold for each theme: the best F1 of all together while at most `FALSE_ALARMS` of the paragraphs without a
    theme get one.

    Right tags are worth 1, tags cost half of the F1 that is hoped for (Z. Lipton, C. Elkan, B. Naryanaswamy,
    arXiv:1402.1892), false alarms a price that is the same for all themes: each takes the threshold that pays best, and
    of the prices the one is kept that gives the best F1 within the limit.
    """
    bare = wanted.sum(1) == 0
    found = chances >= GRID[:, None, None]
    right, tags, alarms = (found * wanted).sum(1), found.sum(1), (found & bare[:, None]).sum(1)
    best, kept = -1.0, np.full(wanted.shape[1], GRID[-1])
    for cost, price in product(HALF_OF_F1, PRICES):
        limits = GRID[(right - cost * tags - price * alarms).argmax(0)]
        figures = measured(chances >= limits, wanted)
        if figures["false_alarms"] <= FALSE_ALARMS and figures["f1"] > best:
            best, kept = figures["f1"], limits
    return kept


def measured(found: NDArray[np.bool_], wanted: Floats) -> dict[str, float]:
    hits = (found * wanted).sum()
    return {
        "precision": round(float(hits / max(1, found.sum())), 3),
        "recall": round(float(hits / wanted.sum()), 3),
        "f1": round(float(2 * hits / max(1, found.sum() + wanted.sum())), 3),
        "false_alarms": round(float(found[wanted.sum(1) == 0].any(1).mean()), 3),
    }

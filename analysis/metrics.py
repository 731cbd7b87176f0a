"""Precision, recall, F1 and agreement, with what chance could have made of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Resamples of the threads, and the share of them that an interval holds.
RESAMPLES = 2000
INSIDE = 0.95
SEED = 20261123

Counts = NDArray[np.int64]  # threads x labels x (true positives, false positives, false negatives)


@dataclass(frozen=True)
class Estimate:
    """A figure with its bootstrap interval; None where nothing defines it."""

    value: float | None
    low: float | None
    high: float | None


def counts(pairs: Iterable[tuple[Hashable, Iterable[str], Iterable[str]]], labels: Sequence[str]) -> Counts:
    """Hits and misses by thread and label, from (thread, labels by people, labels by the program) of each paragraph."""
    column = {label: number for number, label in enumerate(labels)}
    row: dict[Hashable, int] = {}
    cells: list[tuple[int, int, int]] = []
    for thread, gold, found in pairs:
        number = row.setdefault(thread, len(row))
        gold, found = frozenset(gold), frozenset(found)
        for label in gold | found:
            kind = 0 if label in gold and label in found else 1 if label in found else 2
            cells.append((number, column[label], kind))
    table = np.zeros((len(row), len(labels), 3), np.int64)
    np.add.at(table, tuple(np.array(cells, np.int64).reshape(-1, 3).T), 1)
    return table


def scores(table: Counts) -> dict[str, Estimate]:
    """Precision, recall and F1 of all labels together (micro), and the mean F1 of labels that occur (macro)."""
    drawn = _drawn(table)
    at_all = table.sum(0)
    result = {
        name: _estimate(_ratios(at_all.sum(0))[place], _ratios(drawn.sum(1))[place])
        for place, name in enumerate(("precision", "recall", "f1"))
    }
    occurs = at_all[:, 0] + at_all[:, 2] > 0
    result["macro_f1"] = _estimate(_macro(at_all[occurs]), _macro(drawn[:, occurs]))
    return result


def share(yes: Mapping[Hashable, Sequence[bool]]) -> Estimate:
    """The share of true values, resampled over the keys (threads)."""
    table = np.array([(sum(values), len(values)) for values in yes.values()], np.float64).reshape(-1, 2)
    drawn = _weights(len(table)) @ table
    total = table.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _estimate(total[0] / total[1], drawn[:, 0] / drawn[:, 1])


def kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Cohen's kappa of two people's labels of the same things; None where there is nothing to agree on.

    J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960).
    """
    if not first:
        return None
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    values = set(first) | set(second)
    chance = sum(first.count(value) * second.count(value) for value in values) / len(first) ** 2
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def _weights(threads: int) -> NDArray[np.float64]:
    """How often each thread is drawn in each resample."""
    draw = np.random.default_rng(SEED)
    return (
        draw.multinomial(threads, np.full(threads, 1 / threads), RESAMPLES).astype(float)
        if threads
        else np.zeros((0, 0))
    )


def _drawn(table: Counts) -> NDArray[np.float64]:
    return np.tensordot(_weights(len(table)), table.astype(float), 1)


def _ratios(cells: NDArray[np.generic]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    hits, false, missed = np.moveaxis(np.asarray(cells, float), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return hits / (hits + false), hits / (hits + missed), 2 * hits / (2 * hits + false + missed)


def _macro(cells: NDArray[np.generic]) -> NDArray[np.float64]:
    f1 = _ratios(cells)[2]
    if not f1.shape[-1]:
        return np.full(f1.shape[:-1], np.nan)
    # A label that a resample lost counts neither way.
    there = ~np.isnan(f1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there, f1, 0).sum(-1) / there.sum(-1))


def _estimate(value: object, drawn: NDArray[np.float64]) -> Estimate:
    number = float(np.asarray(value, float))
    if np.isnan(number):
        return Estimate(None, None, None)
    low, high = np.nanquantile(drawn, [(1 - INSIDE) / 2, (1 + INSIDE) / 2])
    return Estimate(round(number, 4), round(float(low), 4), round(float(high), 4))

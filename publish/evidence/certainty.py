"""How sure the tags of a package are, in sentences: who made them, what was measured of them, how to check."""

from __future__ import annotations

from publish import amounts
from publish.evidence.gathering import Gathered, Row

MADE = (
    "Programs and themes are tagged by a program, by rules and a model, and not by people: tags err. What a post says is what"
    " the forum had; what it is tagged with is a reading of it. Each tag has its rule and a confidence from 0 to 1. Read the"
    " posts that you rely on."
)
SUBJECTS = {"program": "programs", "theme": "themes"}


def said(gathered: Gathered) -> list[str]:
    """Sentences: what made the tags, what was measured of all tags, and of each theme that is in the package."""
    measured = {(row["kind"], row["figure"]): row for row in gathered.quality}
    sentences = [MADE]
    for kind, name in SUBJECTS.items():
        right, found = measured.get((kind, "precision")), measured.get((kind, "recall"))
        if right and found:
            sentences.append(
                f"Measured on invented texts, labelled by the codebook ({right['measured_with']}): of 100 tags of {name}"
                f" {_share(right['estimate'], right['low'], right['high'])} were right, and of 100 {name} that are there"
                f" {_share(found['estimate'], found['low'], found['high'])} were found."
            )
    if len(sentences) == 1:
        return [MADE, "How many tags are right, and how many are missed, has not been measured."]
    taxonomy = gathered.about.get("taxonomy_version") or "unknown"
    if not any(taxonomy in row["measured_with"] for row in gathered.quality):
        sentences.append(f"The tags here are of another taxonomy, {taxonomy}: their figures may differ.")
    return [*sentences, "In brackets is the range in which the true number lies with 95 % confidence."]


def of_themes(gathered: Gathered) -> list[str]:
    """A line for each theme that is in the package: how many of its tags were right in the test, how many were found."""
    return [f"{row['name']}: {_right(row)}; {_found(row)}" for row in gathered.themes]


def _right(row: Row) -> str:
    if row["precision"] is None:
        return "how many of its tags are right is not known (none was met in the test)"
    share = _share(row["precision"], row["precision_low"], row["precision_high"])
    return f"of 100 tags {share} right, on {row['tagged']} in the test"


def _found(row: Row) -> str:
    if row["recall"] is None:
        return "how many are missed is not known"
    return f"of 100 {_share(row['recall'], row['recall_low'], row['recall_high'])} found, on {row['labelled']}"


def _share(share: float, low: float | None, high: float | None) -> str:
    """Out of 100, with its 95 % interval, where there is one."""
    if low is None or high is None:
        return f"{amounts.percent(share)} (no range can be given)"
    return f"{amounts.percent(share)} ({amounts.percent(low)} to {amounts.percent(high)})"

"""Where a post points: the dates and the threads that its paragraphs speak of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from analysis.dates import FoundDate, find_dates
from analysis.paragraphs import without_addresses
from analysis.references import Link, Reference, References, references
from analysis.tagger import Tagged
from taxonomy.model import Taxonomy

# Other people's words that only stand beside the post's.
PASSED_OVER = frozenset(("code", "navigation", "preview"))


class Pointers:
    """Finds dates and references with one taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._references: References = references(taxonomy)

    def find(
        self, tagged: Sequence[Tagged], text: str, *, posted: str | None, site_id: str, links: Sequence[Link]
    ) -> list[tuple[list[FoundDate], list[Reference]]]:
        """For each paragraph its dates and its references, in offsets of `text`. `posted`: when it was written."""
        day = _day(posted)
        day_first = site_id in self._references.day_first
        result = []
        for entry in tagged:
            paragraph = entry.paragraph
            dates: list[FoundDate] = []
            if paragraph.kind not in PASSED_OVER:
                words = without_addresses(text[paragraph.start : paragraph.end])
                dates = [
                    replace(hit, start=hit.start + paragraph.start, end=hit.end + paragraph.start)
                    for hit in find_dates(words, day, day_first=day_first)
                ]
            result.append((dates, self._references.find(paragraph, text, dates, links)))
        return result


def _day(posted: str | None) -> date | None:
    try:
        return date.fromisoformat((posted or "")[:10])
    except ValueError:
        return None

"""What differs between two taxonomies, entry by entry and field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from taxonomy.model import Taxonomy


@dataclass(frozen=True)
class Difference:
    """`kind`: `program`, `theme`, `codebook rule`, `theme rule`, `watched`, `cue`, `forum`, `marketplace`. `field` is empty where the whole entry is new
    (`before` is None) or gone (`after` is None)."""

    kind: str
    id: str
    field: str
    before: Any
    after: Any


def compare(old: Taxonomy, new: Taxonomy) -> list[Difference]:
    """The differences, in the order of the files; not the version numbers, and not the order of entries."""
    groups = (
        ("program", {entry.id: entry for entry in old.programs}, {entry.id: entry for entry in new.programs}),
        ("watched", {entry.id: entry for entry in old.watchlist}, {entry.id: entry for entry in new.watchlist}),
        (
            "theme",
            {entry.id: entry for entry in old.codebook.themes},
            {entry.id: entry for entry in new.codebook.themes},
        ),
        ("codebook rule", dict(old.codebook.rules), dict(new.codebook.rules)),
        ("theme rule", {entry.id: entry for entry in old.theme_rules}, {entry.id: entry for entry in new.theme_rules}),
        ("forum", {entry.name: entry for entry in old.forums}, {entry.name: entry for entry in new.forums}),
        (
            "marketplace",
            {entry.id: entry for entry in old.marketplaces},
            {entry.id: entry for entry in new.marketplaces},
        ),
    )
    found = [difference for kind, before, after in groups for difference in _entries(kind, before, after)]
    for name in (field.name for field in fields(old.cues)):
        before, after = ({cue: cue for cue in getattr(one.cues, name)} for one in (old, new))
        found += _entries(f"cue ({name})", before, after)
    return found


def _entries(kind: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if before is None or after is None:
            yield Difference(kind, name, "", before, after)
        elif isinstance(before, str) and before != after:
            yield Difference(kind, name, "text", before, after)
        elif before != after:
            for field in fields(before):
                values = getattr(before, field.name), getattr(after, field.name)
                if values[0] != values[1]:
                    yield Difference(kind, name, field.name, *values)

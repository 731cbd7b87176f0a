"""How far the tags can be trusted, for the pages that count them: what was measured, and what follows from it."""

from __future__ import annotations

from publish.site import Row, Site

OVERALL = "select kind, figure, estimate, low, high, out_of, measured_with from tag_quality where part = 'all'"
PARTS = """
select kind, part, value, figure, estimate, low, high, out_of from tag_quality where part in ('how', 'voice', 'forum')
order by kind, case part when 'how' then 0 when 'voice' then 1 else 2 end, value
"""
# Below so many labels or tags a measured share says next to nothing: 10 of 20 is anything from 30 to 70 of 100.
FEW = 20
# A share below this is worse than tossing a coin.
POOR = 0.5


async def overall(site: Site) -> dict[str, dict[str, Row]]:
    """What was measured of all tags, by kind (`program`, `theme`, `voice`) and figure; empty if nobody measured."""
    found: dict[str, dict[str, Row]] = {}
    for row in await site.rows(OVERALL):
        found.setdefault(row["kind"], {})[row["figure"]] = row
    return found


async def agreement(site: Site) -> Row | None:
    """How far two readers agree on themes: `least`, `most` (Cohen's kappa of a theme) and of how many `paragraphs`; None if
    no two have labelled the same."""
    found = await site.row(
        "select min(estimate) as least, max(estimate) as most, max(out_of) as paragraphs from tag_quality"
        " where part = 'agreement' and kind = 'theme'"
    )
    return found if found and found["paragraphs"] else None


async def parts(site: Site) -> list[Row]:
    """What was measured of parts of the tags: a row each with `kind`, `part`, `value`, `precision` and `recall`.

    Of part `how` a tag is right only if the way it came about is, too: these rows do not compare the ways.
    """
    found: dict[tuple[str, str, str], Row] = {}
    for row in await site.rows(PARTS):
        key = row["kind"], row["part"], row["value"]
        found.setdefault(key, {"kind": key[0], "part": key[1], "value": key[2]})[row["figure"]] = row
    return list(found.values())


def doubts(theme: Row) -> list[str]:
    """Why a count of this theme is not to be relied on; empty if nothing is known against it."""
    if theme.get("labelled") is None:
        return ["not measured"]
    said = []
    if theme["precision"] is None:
        said.append("no tag of it was met in the test")
    elif theme["tagged"] < FEW:
        said.append(f"how many tags are right rests on {theme['tagged']}")
    elif theme["precision"] < POOR:
        said.append("more tags are wrong than right")
    if theme["recall"] is not None and theme["recall"] < POOR:
        said.append("most are missed")
    if theme["labelled"] < FEW:
        said.append(f"how many are found rests on {theme['labelled']}")
    return said

"""A program: what it is, how it changed, how to get out, and what sellers say about it."""

from __future__ import annotations

from typing import Any

from publish import figures
from publish.passages import earliest, latest
from publish.site import Row, Site

PROGRAM = "select * from programs where id = ?"
MODES = "select * from program_modes where program_id = ? order by id"
SOURCES = "select url, tier, note from program_sources where program_id = ? group by url order by min(id)"
ALIASES = "select * from aliases where program_id = ? order by ambiguous, id"
RELATIONS = """
select r.kind, p.id, p.name, p.mode from program_relations r join programs p on p.id = r.other_id
where r.program_id = ? order by r.kind, p.name
"""
MONTHS = """
select month, sum(posts) as posts, sum(named) as named, sum(complaints) as complaints from program_months
where program_id = ? group by month order by month
"""
THEMES = """
select t.id, t.name, t.kind, c.posts, c.authors, c.recent_posts from program_themes c join themes t on t.id = c.theme_id
where c.program_id = ? order by c.posts desc, t.name
"""
PAIRS = """
select p.id, p.name, c.threads from program_pairs c join programs p on p.id = c.other_id
where c.program_id = ? order by c.threads desc, p.name limit 10
"""
SITES = """
select s.id, s.title, c.posts, c.threads, c.authors, c.first_month, c.last_month
from program_sites c join sites s on s.id = c.site_id where c.program_id = ? order by c.posts desc, s.title
"""
THREADS = """
select t.title, t.permalink, t.created_at, t.state, c.posts from program_threads c join threads t on t.id = c.thread_id
where c.program_id = ? order by c.thread_id desc limit 8
"""
VANISHED = """
select t.title, t.permalink, t.created_at, t.state, t.gone_at, t.posts_held, c.posts
from program_threads c join threads t on t.id = c.thread_id
where c.program_id = ? and c.state != 'live' order by c.thread_id desc limit 20
"""
# Themes that say how the way out works in practice.
WAY_OUT = ("optout_obscure", "optout_offplatform", "optout_ineffective", "mandatory_no_exit")


async def read(site: Site, program_id: str) -> Row | None:
    """What the page shows, None if the taxonomy has no such program."""
    program = await site.row(PROGRAM, [program_id])
    if program is None:
        return None
    about = await site.about()
    modes = await site.rows(MODES, [program_id])
    counted = await site.rows(MONTHS, [program_id])
    themes = await site.rows(THEMES, [program_id])
    sources = await site.rows(SOURCES, [program_id])
    relations = await site.rows(RELATIONS, [program_id])
    return {
        "program": program, "modes": modes, "about": about, "themes": themes,
        "complaints": [theme for theme in themes if theme["kind"] == "complaint"],
        "way_out": [theme for theme in themes if theme["id"] in WAY_OUT],
        "figure": chart(site, program, modes, counted, about),
        "aliases": await site.rows(ALIASES, [program_id]),
        "sources": sources, "numbered": {source["url"]: number for number, source in enumerate(sources, 1)},
        "relations": {kind: [r for r in relations if r["kind"] == kind] for kind in ("predecessor", "successor", "related")},
        "pairs": await site.rows(PAIRS, [program_id]),
        "forums": await site.rows(SITES, [program_id]),
        "threads": await site.rows(THREADS, [program_id]),
        "vanished": await site.rows(VANISHED, [program_id]),
        "first": await earliest(site, "program_id", program_id),
        "latest": await latest(site, "program_id", program_id),
        "feed": f"/program/{program_id}.atom",
    }  # fmt: skip


def chart(site: Site, program: Row, modes: list[Row], counted: list[Row], about: dict[str, str]) -> Any:
    """Posts by month in three layers, with the program's history on it."""

    def layer(label: str, kind: str, count: Any) -> figures.Kind:
        return figures.Kind(label, kind, {row["month"]: count(row) for row in counted})

    return figures.by_month(
        "posts", f"Posts about {program['name']} by month",
        [
            layer("with a seller's complaint", "complaints", lambda row: row["complaints"]),
            layer("other posts", "posts", lambda row: row["posts"] - row["complaints"]),
        ],
        until=about.get("last_post_at") or figures.SINCE, history=modes, height=230,
        csv=site.table("program_months.csv", program_id=program["id"], _stream="on", _size="max"),
    )  # fmt: skip

"""A program: what it is, how it changed, how to get out, and what sellers say about it."""

from __future__ import annotations

from publish import figures, quality
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
# Sums of nothing but unknown months are unknown.
MONTHS = """
select m.month, sum(m.posts) as posts, sum(m.complaints) as complaints,
    sum(case when m.posts is not null then s.counted_posts end) as held
from program_months m join site_months s on s.site_id = m.site_id and s.month = m.month
where m.program_id = ? group by m.month order by m.month
"""
VOICES = "select voice, sum(posts) as posts from program_voice_months where program_id = ? group by 1 order by 2 desc"
THEMES = """
select t.*, c.posts as together, c.authors as by_authors, c.lift, c.recent_posts as recent_together
from program_themes c join themes t on t.id = c.theme_id where c.program_id = ? order by c.posts desc, t.name
"""
PAIRS = """
select p.id, p.name, c.same_threads, c.posts, c.lift from program_pairs c join programs p on p.id = c.other_id
where c.program_id = ? order by c.same_threads desc, c.posts desc, p.name limit 10
"""
SITES = """
select s.id, s.title, c.posts, c.complaint_posts, c.authors, c.first_month, c.last_month,
    1000.0 * c.posts / nullif(s.posts - s.copies, 0) as rate
from program_sites c join sites s on s.id = c.site_id where c.program_id = ? order by c.posts desc, s.title
"""
FIRST = """
select m.created_at, m.permalink, t.title, t.state, s.title as site from mentions m join threads t on t.id = m.thread_id
    join sites s on s.id = m.site_id
where m.program_id = ? and m.created_at is not null and not m.early order by m.post_id limit 1
"""
EARLY = "select count(distinct post_id) as posts from mentions where program_id = ? and early"
THREADS = """
select t.title, t.permalink, t.created_at, t.state, c.posts from program_threads c join threads t on t.id = c.thread_id
where c.program_id = ? order by c.thread_id desc limit 8
"""
VANISHED = """
select t.title, t.permalink, t.created_at, t.state, t.gone_at, c.posts,
    (select count(*) from posts where thread_id = t.id) as entries
from program_threads c join threads t on t.id = c.thread_id
where c.program_id = ? and c.state in ('gone', 'recovered') order by c.thread_id desc limit 20
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
        "program": program, "modes": modes, "about": about, "themes": themes, "quality": await quality.overall(site),
        "complaints": [theme for theme in themes if theme["kind"] == "complaint"],
        "way_out": [theme for theme in themes if theme["id"] in WAY_OUT],
        "figure": chart(site, program, modes, counted, about), "rates": rates(site, program, counted, about),
        "voices": await site.rows(VOICES, [program_id]),
        "aliases": await site.rows(ALIASES, [program_id]),
        "same_sources": len(modes) > 1 and len({mode["sources"] for mode in modes}) == 1,
        "sources": sources, "numbered": {source["url"]: number for number, source in enumerate(sources, 1)},
        "relations": {kind: [r for r in relations if r["kind"] == kind] for kind in ("predecessor", "successor", "related")},
        "pairs": await site.rows(PAIRS, [program_id]),
        "forums": await site.rows(SITES, [program_id]),
        "threads": await site.rows(THREADS, [program_id]),
        "vanished": await site.rows(VANISHED, [program_id]),
        "first_mention": await site.row(FIRST, [program_id]),
        "early": ((await site.row(EARLY, [program_id])) or {"posts": 0})["posts"],
        "first": await earliest(site, "program_id", program_id),
        "latest": await latest(site, "program_id", program_id),
        "feed": f"/program/{program_id}.atom",
    }  # fmt: skip


def chart(site: Site, program: Row, modes: list[Row], counted: list[Row], about: dict[str, str]) -> figures.Figure:
    """Posts by month in two layers, with the program's history on it."""
    others = {row["month"]: None if row["posts"] is None else row["posts"] - row["complaints"] for row in counted}
    return figures.by_month(
        "posts", f"Posts about {program['name']}",
        [
            figures.Kind("with a seller's complaint", "complaints", {row["month"]: row["complaints"] for row in counted}),
            figures.Kind("other posts", "posts", others),
        ],
        until=about.get("last_captured_at") or figures.SINCE, history=modes, height=230,
        csv=site.table("program_months.csv", program_id=program["id"], _stream="on", _size="max"),
    )  # fmt: skip


def rates(site: Site, program: Row, counted: list[Row], about: dict[str, str]) -> figures.Figure:
    """The same posts as rates, by quarter: what grew because more is held does not grow here."""
    return figures.rates(
        "rates", f"Posts about {program['name']}, of 1,000 that are held",
        {row["month"]: row["posts"] for row in counted}, {row["month"]: row["held"] for row in counted},
        until=about.get("last_captured_at") or figures.SINCE,
        csv=site.table("program_months.csv", program_id=program["id"], _stream="on", _size="max"),
    )  # fmt: skip

"""Pages that list and compare: programs, themes, forums, programs by themes, coverage, method."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import urlencode

from markupsafe import Markup, escape

from publish import figures, quality
from publish.site import Row, Site

PROGRAMS = """
select id, name, marketplace, mode, status, posts, threads, authors, complaint_posts, recent_posts, previous_posts,
    recent_rate, previous_rate, change, change_low, change_high
from programs where (:marketplace = '' or marketplace = :marketplace) and (:mode = '' or mode = :mode)
order by posts desc, name
"""
MONTHS_OF_PROGRAMS = "select program_id as id, month, sum(posts) as posts from program_months group by 1, 2"
MONTHS_OF_THEMES = "select theme_id as id, month, sum(posts) as posts from theme_months group by 1, 2"
THEMES = "select * from themes order by kind, posts desc, name"
FORUMS = "select * from sites order by posts desc, title"
MATRIX = "select program_id, theme_id, posts, authors, lift from program_themes"
MATRIX_THEMES = """
select id, name, kind, posts, precision, recall, labelled from themes where posts > 0 order by kind, posts desc, name
"""
YEARS = """
select site_id, substr(month, 1, 4) as year, sum(posts) as posts, count(posts) as covered, sum(threads) as threads,
    sum(gone) as gone, sum(recovered) as recovered, sum(missing) as missing
from site_months group by 1, 2 order by 2, 1
"""
UNDATED = """
select s.id as site_id, s.posts_undated as posts, count(c.thread_id) as threads,
    coalesce(sum(c.state in ('gone', 'recovered')), 0) as gone, coalesce(sum(c.state = 'recovered'), 0) as recovered,
    coalesce(sum(c.posts_missing), 0) as missing
from sites s left join coverage c on c.site_id = s.id and c.month is null group by s.id
"""
SITE_MONTHS = "select site_id as id, month, posts from site_months"
THIN = """
select c.thread_id, t.title, t.permalink, c.posts_listed, c.posts_held, c.posts_missing, c.reasons, s.title as site
from (select * from coverage where posts_missing > 0 order by posts_missing desc limit 10) c
    join threads t on t.id = c.thread_id join sites s on s.id = t.site_id
order by c.posts_missing desc
"""
REASONS = (
    "select reason, count(*) as posts, explained from missing_posts group by reason, explained order by 2 desc limit 20"
)
SAVED = "select count(*) as threads from threads where state = 'saved'"
LISTED_MISSING = "select count(*) as posts from missing_posts"
LOOKUPS = """
select state, archive, count(*) as threads, sum(new_posts) as posts, max(looked_at) as looked_at from lookups group by 1, 2
"""
# Steps of the colour of a cell, by posts: each is some three times the one before.
STEPS = (1, 3, 10, 30, 100)
MONTHS_OF_A_YEAR = 12


async def programs(site: Site, marketplace: str, mode: str) -> Row:
    """All programs of the taxonomy, narrowed, the most written about first."""
    about = await site.about()
    months = await _months(site, MONTHS_OF_PROGRAMS)
    until = about.get("last_captured_at") or figures.SINCE
    found = await site.rows(PROGRAMS, {"marketplace": marketplace, "mode": mode})
    for row in found:
        row["spark"] = figures.spark(months[row["id"]], until, row["name"]) if row["posts"] else ""
    counted = "select {0} as value, count(*) as programs from programs where {0} is not null group by 1 order by 2 desc"
    return {
        "programs": found, "about": about, "marketplace": marketplace, "mode": mode,
        "quality": await quality.overall(site),
        "marketplaces": await site.rows(counted.format("marketplace")), "modes": await site.rows(counted.format("mode")),
    }  # fmt: skip


async def themes(site: Site) -> Row:
    """The codebook with its counts, and how far each can be trusted."""
    about = await site.about()
    months = await _months(site, MONTHS_OF_THEMES)
    until = about.get("last_captured_at") or figures.SINCE
    found = await site.rows(THEMES)
    for row in found:
        row["spark"] = figures.spark(months[row["id"]], until, row["name"]) if row["posts"] else ""
    return {"themes": found, "about": about, "quality": await quality.overall(site)}


async def forums(site: Site) -> Row:
    """The forums and how much of each is held."""
    return {"forums": await site.rows(FORUMS), "about": await site.about()}


async def matrix(site: Site) -> Row:
    """Programs by themes: posts in each cell, and how dark it is."""
    columns = await site.rows(MATRIX_THEMES)
    order = {theme["id"]: number for number, theme in enumerate(columns)}
    cells: dict[str, list[Row | None]] = defaultdict(lambda: [None] * len(columns))
    for row in await site.rows(MATRIX):
        if row["theme_id"] in order:
            cells[row["program_id"]][order[row["theme_id"]]] = row
    rows = await site.rows(
        "select id, name, marketplace, posts from programs where posts > 0 order by posts desc, name"
    )
    search = site.here("/search")
    for program in rows:
        program["cells"] = Markup("").join(
            _cell(search, program, theme, cell) for theme, cell in zip(columns, cells[program["id"]], strict=True)
        )
    return {
        "columns": columns, "rows": rows, "steps": STEPS, "about": await site.about(),
        "quality": await quality.overall(site),
    }  # fmt: skip


def _cell(search: str, program: Row, theme: Row, cell: Row | None) -> Markup:
    """A cell of the matrix. Made here: a template takes several times as long for a thousand of them."""
    if cell is None:
        return Markup('<td class="cell s0"></td>')
    title = f"{program['name']}, {theme['name']}: {cell['posts']:,} posts"
    title += "" if cell["authors"] is None else f" by {cell['authors']:,} authors"
    asked = escape(urlencode({"program": program["id"], "theme": theme["id"]}))
    return Markup(
        f'<td class="cell s{step(cell["posts"])}"><a href="{search}?{asked}" title="{escape(title)};'
        f' {cell["lift"]:.2g} times as often in one paragraph as by chance">{cell["posts"]:,}</a></td>'
    )


async def coverage(site: Site) -> Row:
    """What is held by forum and year, what is missing and why, and what web archives had."""
    about = await site.about()
    until = about.get("last_captured_at") or figures.SINCE
    forums = await site.rows(FORUMS)
    counts = await _months(site, SITE_MONTHS)
    by_year: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in await site.rows(YEARS):
        by_year[row["year"]][row["site_id"]] = row | {
            "step": step(row["posts"] or 0),
            "unknown": MONTHS_OF_A_YEAR - row["covered"],
        }
    undated = {row["site_id"]: row for row in await site.rows(UNDATED)}
    total: dict[str, int | None] = {}
    for each in counts.values():
        for month, posts in each.items():
            total[month] = total.get(month) if posts is None else (total.get(month) or 0) + posts
    return {
        "about": about, "forums": forums, "years": dict(sorted(by_year.items())), "undated": undated,
        "any_undated": any(row["posts"] or row["threads"] for row in undated.values()),
        "figure": figures.by_month(
            "posts", "Posts that are held", [figures.Kind("posts", "posts", total)], until=until,
            csv=site.table("site_months.csv", _stream="on", _size="max")),
        "multiples": figures.small_multiples(
            [(row["title"], f"/forum/{row['id']}", counts[row["id"]]) for row in forums], name="forum", until=until)
            if len(forums) > 1 else [],
        "saved": (await site.rows(SAVED))[0]["threads"],
        "listed_missing": (await site.rows(LISTED_MISSING))[0]["posts"], "thin": await site.rows(THIN), "reasons": await site.rows(REASONS), "lookups": await site.rows(LOOKUPS),
    }  # fmt: skip


async def method(site: Site) -> Row:
    """How posts are found, coded and counted, and with what."""
    return {
        "about": await site.about(), "rules": await site.rows("select id, rule from coding_rules"),
        "themes": [row | {"doubts": quality.doubts(row)} for row in await site.rows("select * from themes order by kind, name")],
        "quality": (measured := await quality.overall(site)), "parts": await quality.parts(site), "few": quality.FEW,
        "agreement": await quality.agreement(site),
        "measured_with": next((row["measured_with"] for kind in measured.values() for row in kind.values()), ""),
        "runs": await site.rows("select * from runs order by id desc limit 8"),
        "counts": await site.row("select count(*) as programs, sum(posts > 0) as seen from programs"),
        "modes": await site.rows("select mode, count(*) as programs, sum(posts) as posts from programs group by 1 order by 2 desc"),
    }  # fmt: skip


def step(posts: int) -> int:
    """How dark a cell is, 0 to the number of `STEPS`."""
    return sum(posts >= least for least in STEPS)


async def _months(site: Site, sql: str) -> dict[str, dict[str, int | None]]:
    found: defaultdict[str, dict[str, int | None]] = defaultdict(dict)
    for row in await site.rows(sql):
        found[row["id"]][row["month"]] = row["posts"]
    return found

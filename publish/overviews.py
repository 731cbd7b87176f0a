"""Pages that list and compare: programs, themes, forums, programs by themes, coverage, method."""

from __future__ import annotations

from collections import defaultdict

from publish import figures
from publish.site import Row, Site

PROGRAMS = """
select id, name, marketplace, mode, status, posts, threads, authors, complaint_posts, recent_posts, previous_posts
from programs where (:marketplace = '' or marketplace = :marketplace) and (:mode = '' or mode = :mode)
order by posts desc, name
"""
MONTHS_OF_PROGRAMS = "select program_id as id, month, sum(posts) as posts from program_months group by 1, 2"
MONTHS_OF_THEMES = "select theme_id as id, month, sum(posts) as posts from theme_months group by 1, 2"
THEMES = "select * from themes order by kind, posts desc, name"
FORUMS = """
select s.*, min(m.month) as first_month, max(m.month) as last_month, sum(m.missing) as missing, sum(m.gone) as gone,
    sum(m.recovered) as recovered
from sites s left join site_months m on m.site_id = s.id group by s.id order by s.posts desc
"""
MATRIX = "select program_id, theme_id, posts, authors from program_themes"
YEARS = """
select site_id, substr(month, 1, 4) as year, sum(posts) as posts, sum(threads) as threads, sum(gone) as gone,
    sum(recovered) as recovered, sum(listed) as listed, sum(held) as held, sum(missing) as missing
from site_months group by 1, 2 order by 2, 1
"""
SITE_MONTHS = "select site_id, month, posts from site_months"
THIN = """
select c.thread_id, t.title, t.permalink, c.posts_listed, c.posts_held, c.posts_missing, c.reasons, s.title as site
from (select * from coverage where posts_missing > 0 order by posts_missing desc limit 10) c
    join threads t on t.id = c.thread_id join sites s on s.id = t.site_id
order by c.posts_missing desc
"""
REASONS = (
    "select reason, count(*) as posts, explained from missing_posts group by reason, explained order by 2 desc limit 20"
)
LOOKUPS = """
select state, archive, count(*) as threads, sum(new_posts) as posts, max(looked_at) as looked_at from lookups group by 1, 2
"""
# Steps of the colour of a cell, by posts: each is some three times the one before.
STEPS = (1, 3, 10, 30, 100)


async def programs(site: Site, marketplace: str, mode: str) -> Row:
    """All programs of the taxonomy, narrowed, the most written about first."""
    about = await site.about()
    months = await _months(site, MONTHS_OF_PROGRAMS)
    until = about.get("last_post_at") or figures.SINCE
    found = await site.rows(PROGRAMS, {"marketplace": marketplace, "mode": mode})
    for row in found:
        row["spark"] = figures.spark(months[row["id"]], until, row["name"]) if row["posts"] else ""
    counted = "select {0} as value, count(*) as programs from programs where {0} is not null group by 1 order by 2 desc"
    return {
        "programs": found, "about": about, "marketplace": marketplace, "mode": mode,
        "marketplaces": await site.rows(counted.format("marketplace")), "modes": await site.rows(counted.format("mode")),
    }  # fmt: skip


async def themes(site: Site) -> Row:
    """The codebook with its counts."""
    about = await site.about()
    months = await _months(site, MONTHS_OF_THEMES)
    until = about.get("last_post_at") or figures.SINCE
    found = await site.rows(THEMES)
    for row in found:
        row["spark"] = figures.spark(months[row["id"]], until, row["name"]) if row["posts"] else ""
    return {"themes": found, "about": about}


async def forums(site: Site) -> Row:
    """The forums and how much of each is held."""
    return {"forums": await site.rows(FORUMS), "about": await site.about()}


async def matrix(site: Site) -> Row:
    """Programs by themes: posts in each cell, and how dark it is."""
    counts: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in await site.rows(MATRIX):
        counts[row["program_id"]][row["theme_id"]] = row | {"step": step(row["posts"])}
    columns = await site.rows(
        "select id, name, kind, posts from themes where posts > 0 order by kind, posts desc, name"
    )
    rows = await site.rows(
        "select id, name, marketplace, posts from programs where posts > 0 order by posts desc, name"
    )
    return {"columns": columns, "rows": rows, "counts": counts, "steps": STEPS, "about": await site.about()}


async def coverage(site: Site) -> Row:
    """What is held by forum and year, what is missing and why, and what web archives had."""
    about = await site.about()
    until = about.get("last_post_at") or figures.SINCE
    forums = await site.rows(FORUMS)
    counts = await _months(site, SITE_MONTHS.replace("site_id,", "site_id as id,"))
    years = await site.rows(YEARS)
    by_year: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in years:
        by_year[row["year"]][row["site_id"]] = row | {"step": step(row["posts"])}
    total: dict[str, int] = defaultdict(int)
    for each in counts.values():
        for month, posts in each.items():
            total[month] += posts
    return {
        "about": about, "forums": forums, "years": dict(sorted(by_year.items())),
        "figure": figures.by_month(
            "posts", "Posts that are held, by month", [figures.Kind("posts", "posts", total)], until=until,
            csv=site.table("site_months.csv", _stream="on", _size="max")),
        "multiples": figures.small_multiples(
            [(row["title"], f"/forum/{row['id']}", counts[row["id"]]) for row in forums], name="forum", until=until)
            if len(forums) > 1 else [],
        "thin": await site.rows(THIN), "reasons": await site.rows(REASONS), "lookups": await site.rows(LOOKUPS),
    }  # fmt: skip


async def method(site: Site) -> Row:
    """How posts are found, coded and counted, and with what."""
    return {
        "about": await site.about(), "rules": await site.rows("select id, rule from coding_rules"),
        "themes": await site.rows("select id, name, kind, definition from themes order by kind, name"),
        "runs": await site.rows("select * from runs order by id desc limit 8"),
        "counts": await site.row("select count(*) as programs, sum(posts > 0) as seen from programs"),
        "modes": await site.rows("select mode, count(*) as programs, sum(posts) as posts from programs group by 1 order by 2 desc"),
    }  # fmt: skip


def step(posts: int) -> int:
    """How dark a cell is, 0 to the number of `STEPS`."""
    return sum(posts >= least for least in STEPS)


async def _months(site: Site, sql: str) -> dict[str, dict[str, int]]:
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in await site.rows(sql):
        found[row["id"]][row["month"]] = row["posts"]
    return found

"""The first page: what the archive holds, what is being complained about now, and ways into it."""

from __future__ import annotations

from collections import defaultdict

from publish import figures, quality
from publish.site import Row, Site

PROGRAMS = 12
ACTIVE = f"""
select id, name, marketplace, mode, posts, threads, authors, complaint_posts from programs
where posts > 0 and mode not in ('buyer_side', 'context') order by posts desc, name limit {PROGRAMS}
"""
MONTHS = """
select program_id as id, month, sum(posts) as posts from program_months where program_id in ({marks}) group by 1, 2
"""
CHANGE = "recent_posts, previous_posts, recent_rate, previous_rate, change, change_low, change_high"
NOW = f"""
select id, name, {CHANGE}, precision, precision_low, precision_high, recall, recall_low, recall_high, labelled, (
    select group_concat(name, ', ') from (
        select p.name from program_themes c join programs p on p.id = c.program_id
        where c.theme_id = themes.id and c.recent_posts > 0 order by c.recent_posts desc, p.name limit 3)) as programs
from themes where recent_posts > 0 and kind = 'complaint' order by recent_posts desc, previous_posts, name limit 8
"""
RISING = f"""
select id, name, {CHANGE} from programs
where recent_posts > 0 and mode not in ('buyer_side', 'context') order by recent_posts desc, previous_posts, name limit 8
"""
NEWEST = """
select t.title, t.permalink, t.created_at, t.state, t.posts_held, s.title as site
from threads t join sites s on s.id = t.site_id order by t.id desc limit 10
"""
CANDIDATES = "select name, posts, threads, authors, first_at, last_at from program_candidates order by id limit 6"
FORUMS = "select id, title, posts from sites order by posts desc limit 6"
GAPS = """
with recursive years(year) as (
    select 2018 union all select year + 1 from years where year < (
        select cast(substr(value, 1, 4) as integer) from about where key = 'last_captured_at'))
select year from years left join site_months m on m.month between year || '-01' and year || '-12'
group by year having coalesce(sum(m.posts), 0) < 20
"""


async def read(site: Site) -> Row:
    """What the page shows."""
    about = await site.about()
    programs = await site.rows(ACTIVE)
    months: defaultdict[str, dict[str, int | None]] = defaultdict(dict)
    marks = ", ".join("?" * len(programs))
    for row in await site.rows(MONTHS.format(marks=marks), [program["id"] for program in programs]):
        months[row["id"]][row["month"]] = row["posts"]
    until = about.get("last_captured_at") or figures.SINCE
    for program in programs:
        program["spark"] = figures.spark(months[program["id"]], until, program["name"])
    return {
        "about": about,
        "programs": programs,
        "quality": await quality.overall(site),
        "now": await site.rows(NOW),
        "rising": await site.rows(RISING),
        "newest": await site.rows(NEWEST),
        "candidates": await site.rows(CANDIDATES),
        "forums": await site.rows(FORUMS),
        "thin_years": [row["year"] for row in await site.rows(GAPS)],
        "all_programs": (await site.rows("select count(*) as n from programs"))[0]["n"],
        "feed": "/feed.atom",
    }

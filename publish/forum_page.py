"""A forum: what is held of it, what is missing, and what its sellers write about."""

from __future__ import annotations

from publish import figures
from publish.site import Row, Site

SITE = "select * from sites where id = ?"
MONTHS = "select * from site_months where site_id = ? order by month"
PROGRAMS = """
select p.id, p.name, c.posts, c.threads, c.authors from program_sites c join programs p on p.id = c.program_id
where c.site_id = ? order by c.posts desc, p.name limit 15
"""
THEMES = """
select t.id, t.name, t.kind, c.posts, c.authors from theme_sites c join themes t on t.id = c.theme_id
where c.site_id = ? order by c.posts desc, t.name
"""
NEWEST = """
select title, permalink, created_at, state, posts_held from threads where site_id = ? order by id desc limit 12
"""
TOTALS = """
select sum(threads) as threads, sum(gone) as gone, sum(recovered) as recovered, sum(listed) as listed, sum(held) as held,
    sum(missing) as missing
from site_months where site_id = ?
"""


async def read(site: Site, site_id: str) -> Row | None:
    """What the page shows, None if nothing of such a forum is held."""
    forum = await site.row(SITE, [site_id])
    if forum is None:
        return None
    about = await site.about()
    counts = await site.rows(MONTHS, [site_id])
    return {
        "forum": forum, "about": about,
        "figure": figures.by_month(
            "posts", f"Posts of {forum['title']} that are held, by month",
            [figures.Kind("posts", "posts", {row["month"]: row["posts"] for row in counts})],
            until=about.get("last_post_at") or figures.SINCE,
            csv=site.table("site_months.csv", site_id=site_id, _stream="on", _size="max")),
        "programs": await site.rows(PROGRAMS, [site_id]),
        "themes": await site.rows(THEMES, [site_id]),
        "newest": await site.rows(NEWEST, [site_id]),
        "totals": await site.row(TOTALS, [site_id]),
        "feed": f"/forum/{site_id}.atom",
    }  # fmt: skip

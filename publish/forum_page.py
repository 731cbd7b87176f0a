"""A forum: what is held of it, what is missing, and what its sellers write about."""

from __future__ import annotations

from publish import figures
from publish.site import Row, Site

SITE = "select * from sites where id = ?"
MONTHS = "select month, posts from site_months where site_id = ? order by month"
PROGRAMS = """
select p.id, p.name, c.posts, c.threads, c.authors, 1000.0 * c.posts / nullif(s.posts - s.copies, 0) as rate
from program_sites c join programs p on p.id = c.program_id join sites s on s.id = c.site_id
where c.site_id = ? order by c.posts desc, p.name limit 15
"""
THEMES = """
select t.id, t.name, t.kind, c.posts, c.authors, t.precision, t.recall, t.labelled,
    1000.0 * c.posts / nullif(s.posts - s.copies, 0) as rate
from theme_sites c join themes t on t.id = c.theme_id join sites s on s.id = c.site_id
where c.site_id = ? order by c.posts desc, t.name
"""
NEWEST = """
select title, permalink, created_at, state, posts_held from threads where site_id = ? order by id desc limit 12
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
            "posts", f"Posts of {forum['title']} that are held",
            [figures.Kind("posts", "posts", {row["month"]: row["posts"] for row in counts})],
            until=about.get("last_captured_at") or figures.SINCE,
            csv=site.table("site_months.csv", site_id=site_id, _stream="on", _size="max")),
        "programs": await site.rows(PROGRAMS, [site_id]),
        "themes": await site.rows(THEMES, [site_id]),
        "newest": await site.rows(NEWEST, [site_id]),
        "feed": f"/forum/{site_id}.atom",
    }  # fmt: skip

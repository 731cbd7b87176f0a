"""A theme of the codebook: what it means, how often it is said, about which programs, and in which words."""

from __future__ import annotations

from publish import figures
from publish.passages import earliest, latest
from publish.site import Row, Site

THEME = "select * from themes where id = ?"
MONTHS = "select month, sum(posts) as posts from theme_months where theme_id = ? group by month order by month"
PROGRAMS = """
select p.id, p.name, p.marketplace, c.posts, c.threads, c.authors, c.recent_posts, p.posts as of_posts
from program_themes c join programs p on p.id = c.program_id where c.theme_id = ? order by c.posts desc, p.name
"""
SITES = """
select s.id, s.title, c.posts, c.threads, c.authors, c.first_month, c.last_month
from theme_sites c join sites s on s.id = c.site_id where c.theme_id = ? order by c.posts desc, s.title
"""
SITE_MONTHS = "select site_id, month, posts from theme_months where theme_id = ?"


async def read(site: Site, theme_id: str) -> Row | None:
    """What the page shows, None if the codebook has no such theme."""
    theme = await site.row(THEME, [theme_id])
    if theme is None:
        return None
    about = await site.about()
    until = about.get("last_post_at") or figures.SINCE
    counts = {row["month"]: row["posts"] for row in await site.rows(MONTHS, [theme_id])}
    forums = await site.rows(SITES, [theme_id])
    by_site: dict[str, dict[str, int]] = {}
    for row in await site.rows(SITE_MONTHS, [theme_id]):
        by_site.setdefault(row["site_id"], {})[row["month"]] = row["posts"]
    return {
        "theme": theme, "about": about, "forums": forums,
        "figure": figures.by_month(
            "posts", f"Posts that carry “{theme['name']}” by month", [figures.Kind("posts", "complaints", counts)],
            until=until, csv=site.table("theme_months.csv", theme_id=theme_id, _stream="on", _size="max")),
        "multiples": figures.small_multiples(
            [(row["title"], f"/forum/{row['id']}", by_site.get(row["id"], {})) for row in forums],
            name="forum", until=until) if len(forums) > 1 else [],
        "programs": await site.rows(PROGRAMS, [theme_id]),
        "first": await earliest(site, "theme_id", theme_id),
        "latest": await latest(site, "theme_id", theme_id),
        "feed": f"/theme/{theme_id}.atom",
    }  # fmt: skip

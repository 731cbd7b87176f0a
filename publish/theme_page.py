"""A theme of the codebook: what it means, how often it is said, about which programs, and in which words."""

from __future__ import annotations

from publish import figures, quality
from publish.passages import earliest, latest
from publish.site import Row, Site

THEME = "select * from themes where id = ?"
MONTHS = """
select m.site_id, m.month, m.posts, case when m.posts is not null then s.counted_posts end as held
from theme_months m join site_months s on s.site_id = m.site_id and s.month = m.month where m.theme_id = ?
"""
PROGRAMS = """
select p.id, p.name, p.marketplace, c.posts, c.threads, c.authors, c.lift, c.recent_posts, p.posts as of_posts
from program_themes c join programs p on p.id = c.program_id where c.theme_id = ? order by c.posts desc, p.name
"""
PAIRS = """
select t.id, t.name, c.posts, c.lift from theme_pairs c join themes t on t.id = c.other_id
where c.theme_id = ? order by c.posts desc, t.name limit 8
"""
SITES = """
select s.id, s.title, c.posts, c.threads, c.authors, c.first_month, c.last_month,
    1000.0 * c.posts / nullif(s.posts - s.copies, 0) as rate
from theme_sites c join sites s on s.id = c.site_id where c.theme_id = ? order by c.posts desc, s.title
"""


async def read(site: Site, theme_id: str) -> Row | None:
    """What the page shows, None if the codebook has no such theme."""
    theme = await site.row(THEME, [theme_id])
    if theme is None:
        return None
    about = await site.about()
    until = about.get("last_captured_at") or figures.SINCE
    forums = await site.rows(SITES, [theme_id])
    by_site: dict[str, dict[str, int | None]] = {}
    posts: dict[str, int | None] = {}
    held: dict[str, int | None] = {}
    for row in await site.rows(MONTHS, [theme_id]):
        by_site.setdefault(row["site_id"], {})[row["month"]] = row["posts"]
        for sums, count in ((posts, row["posts"]), (held, row["held"])):
            known = sums.get(row["month"])
            sums[row["month"]] = known if count is None else (known or 0) + count
    csv = site.table("theme_months.csv", theme_id=theme_id, _stream="on", _size="max")
    return {
        "theme": theme, "about": about, "forums": forums, "doubts": quality.doubts(theme),
        "figure": figures.by_month(
            "posts", f"Posts that carry “{theme['name']}”", [figures.Kind("posts", "complaints", posts)], until=until, csv=csv),
        "rates": figures.rates(
            "rates", f"Posts that carry “{theme['name']}”, of 1,000 that are held", posts, held, until=until, csv=csv),
        "multiples": figures.small_multiples(
            [(row["title"], f"/forum/{row['id']}", by_site.get(row["id"], {})) for row in forums],
            name="forum", until=until) if len(forums) > 1 else [],
        "programs": await site.rows(PROGRAMS, [theme_id]),
        "pairs": await site.rows(PAIRS, [theme_id]),
        "first": await earliest(site, "theme_id", theme_id),
        "latest": await latest(site, "theme_id", theme_id),
        "feed": f"/theme/{theme_id}.atom",
    }  # fmt: skip

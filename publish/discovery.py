"""What the site tells machines: robots.txt and sitemaps, by the setting `index` (see `site.Settings`)."""

from __future__ import annotations

from xml.sax.saxutils import escape

from publish.site import Site

# The protocol allows 50,000 addresses a file.
ADDRESSES = 20_000
THREADS = "select permalink, last_seen_at from threads where id > ? and id <= ? order by id"
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


async def robots(site: Site) -> str:
    """Nothing is to be crawled, or the pages are and the tables, queries and searches are not: those have no end."""
    if site.settings.index == "none":
        return "User-agent: *\nDisallow: /\n"
    closed = [
        site.db_path,
        site.here("/search"),
        site.here("/-/"),
        *([] if site.settings.index == "all" else [site.here("/thread/")]),
    ]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), f"Disallow: {site.here('/*?')}"]
    return "\n".join([*lines, "", f"Sitemap: {await site.absolute('/sitemap.xml')}", ""])


async def sitemap(site: Site, part: str) -> str | None:
    """The list of sitemaps (`part` empty), the pages (`pages`) or a stretch of the threads (`1`, `2`, ...)."""
    last = (await site.rows("select max(id) as id from threads"))[0]["id"] or 0
    parts = -(-last // ADDRESSES) if site.settings.index == "all" else 0
    if site.settings.index == "none":
        return None
    if not part:
        names = ["pages", *(str(number) for number in range(1, parts + 1))]
        found = [
            f"<sitemap><loc>{escape(await site.absolute(f'/sitemap-{name}.xml'))}</loc></sitemap>" for name in names
        ]
        return f"{HEAD}<sitemapindex {NAMESPACE}>{''.join(found)}</sitemapindex>\n"
    if part == "pages":
        return _addresses([(await site.absolute(path), None) for path in await _pages(site)])
    if not part.isdigit() or not 1 <= int(part) <= parts:
        return None
    first = (int(part) - 1) * ADDRESSES
    front = (await site.absolute("/")).rstrip("/")
    rows = await site.rows(THREADS, [first, first + ADDRESSES])
    return _addresses([
        (front + row["permalink"] if row["permalink"].startswith("/") else row["permalink"], row["last_seen_at"])
        for row in rows
    ])  # fmt: skip


async def _pages(site: Site) -> list[str]:
    listed = ["/", "/programs", "/themes", "/forums", "/matrix", "/coverage", "/method", "/corrections"]
    for table, path in (("programs", "program"), ("themes", "theme"), ("sites", "forum")):
        listed += [f"/{path}/{row['id']}" for row in await site.rows(f"select id from {table} order by id")]
    return listed


def _addresses(found: list[tuple[str, str | None]]) -> str:
    entries = (
        f"<url><loc>{escape(address)}</loc>{f'<lastmod>{time}</lastmod>' if time else ''}</url>"
        for address, time in found
    )
    return f"{HEAD}<urlset {NAMESPACE}>{''.join(entries)}</urlset>\n"

"""Atom feeds: new posts of the archive, of a program, a theme, a forum, a search.

Entries are identified by forum, thread and post as the source numbers them, so that a reader of feeds sees none twice
however often the archive is published. Times are those of the posts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from publish.shortcodes import shown
from publish.site import Row, Site

ENTRIES = 50
# Not allowed in XML 1.0, however it is written.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
COLUMNS = """
select p.id, p.created_at, p.first_seen_at, substr(p.text, 1, 1200) as text, p.number, p.permalink, p.url, t.title,
    t.site_id, t.native_id, a.name as author
from posts p join threads t on t.id = p.thread_id left join authors a on a.id = p.author_id
"""
NEWEST = f"{COLUMNS} where p.kind = 'post' order by p.id desc limit {ENTRIES}"
OF_SITE = f"{COLUMNS} where p.site_id = ? and p.kind = 'post' order by p.id desc limit {ENTRIES}"
OF_TAG = f"""
{COLUMNS} where p.id in (
    select distinct post_id from mentions where {{column}} = ? order by post_id desc limit {ENTRIES}) order by p.id desc
"""
OF_IDS = f"{COLUMNS} where p.id in ({{marks}}) order by p.id desc"


async def feed(site: Site, title: str, page: str, itself: str, posts: Sequence[Row]) -> str:
    """The feed as text. `page` and `itself` are addresses on this site: of what it is a feed of, and its own."""
    own, alternate = await site.absolute(itself), await site.absolute(page)
    about = await site.about()
    host = urlsplit(own).hostname or "localhost"
    built = about.get("built_at", "")
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>', '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<id>{escape(f'tag:{host},2018:{itself}')}</id>", f"<title>{_text(title)}</title>", f"<updated>{built}</updated>",
        f'<link rel="self" href={quoteattr(own)}/>', f'<link rel="alternate" href={quoteattr(alternate)}/>',
    ]  # fmt: skip
    for post in posts:
        time = post["created_at"] or post["first_seen_at"]
        name = f"{post['site_id']}/{post['native_id']}/{post['number']}"
        lines.append(
            f"<entry><id>{_text(f'tag:{host},2018:post/{name}')}</id><title>{_text(shown(post['title']))}</title>"
            f"<published>{time}</published><updated>{time}</updated>"
            f"<author><name>{_text(post['author'] or 'nobody')}</name></author>"
            f'<link rel="alternate" href={quoteattr(await site.absolute(post["permalink"]))}/>'
            f'<link rel="via" href={quoteattr(FORBIDDEN.sub("", post["url"]))}/>'
            f'<content type="text">{_text(shown(post["text"]))}</content></entry>'
        )
    return "\n".join([*lines, "</feed>", ""])


def _text(text: str) -> str:
    return escape(FORBIDDEN.sub("", text))

"""A Discourse as web archives and browsers keep it: pages of HTML instead of the data behind them.

Layouts, newest evidence first (Discourse's own templates over the years):
  data     a captured `.json`: read as a live forum's
  shell    the app's page, with the topic's data in `data-preloaded` (20 posts and the ids of all), or put by a script
  B        crawlers' view of about 2022 on: `div#post_N.crawler-post`, body `div.post[itemprop=text]`
  A        crawlers' view of 2018 to 2021: no ids, `span[itemprop=position]` "#5", body `div.post[itemprop=articleBody]`
  app      the app's page as a browser showed it and saved it: `article[data-post-id]`, body `div.cooked`
  ancient  `div.creator` "#1 By: ..." and `div.post`
Posts of A, B and ancient are known by their number. Such a page does not say how many posts there are, only its place
among the pages (20 posts each, TopicView.chunk_size) or the number of its first post, and whether there is a next one.
What a page has in several layouts is put together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archive import clock
from crawler.observations import NotContent, Nothing, Observation, SeenPost, ThreadGone, ThreadPage
from crawler.sites import discourse
from crawler.sites.base import Reference, Site, path_below
from crawler.sites.html import (
    NEW_FORUM_HOME,
    STAFF_NAME,
    attribute,
    canonical,
    count_of,
    cut_off,
    ended,
    has_foot,
    moment,
    open_at_end,
    parse,
    refuse,
    title_of,
    words,
)

LIMITS, BATCH = discourse.LIMITS, discourse.BATCH
GLOBAL_IDS = False
LISTS_ALL = False
NAMELESS = False
NOT_LIVE = (
    "this forum is gone from its address. What web archives hold of it: optout recover --forum {site}; what you saved"
    " of it yourself: optout import PATH"
)

POSTS_A_PAGE = 20
DATA_PATH = re.compile(r"\.json$")
CATEGORY_PATH = re.compile(r"^(/c/(?!.*/l/)[^?]+?|/c/.+?(?=/l/))(?:/l/[a-z]+)?(?:\.json|\.rss)?/?$")
NUMBER = re.compile(r"#?\s*(\d{1,9})")
CREATOR = re.compile(r"#(\d{1,9})\s+By:\s*(\S+)")
STORED_BY_SCRIPT = re.compile(r"""PreloadStore\.store\(\s*["']topic_(\d+)["']\s*,\s*""")
# Discourse's words in place of a post that readers flagged, in the crawlers' view (en locale: flagging.user_must_edit).
FLAGGED = "This post was flagged by the community and is temporarily hidden."
# What the app shows below the last post, and only once it has that (topic.hbs: loadedAllPosts).
APP_FOOT = "#topic-footer-buttons, #suggested-topics, .suggested-topics, .more-topics__container, .signup-cta"
CRAWLER_POSTS = "div.crawler-post"
APP_POSTS = "article[data-post-id]"
NEXT_PAGE = 'a[rel="next"], link[rel="next"]'
NEW_FORUM_POST = 'article[id^="post-"] [data-testid="post-content"]'

base_of = discourse.base_of
category_path = discourse.category_path
asked = discourse.asked
info_request = discourse.info_request
list_request = discourse.list_request
posts_request = discourse.posts_request
thread_url = discourse.thread_url


def thread_request(site: Site, native_id: str) -> str:
    return thread_url(site, native_id)


def reference(site: Site, url: str) -> Reference | None:
    """As on a live Discourse; also categories by name."""
    path = path_below(site, url)
    # Addresses of the software before it stand below the same folder.
    if path is None or ".jspa" in path:
        return None
    named = discourse.reference(site, url)
    if named and (named.thread or named.category_path):
        return named
    if match := CATEGORY_PATH.match(path):
        return Reference(category_path=match[1])
    return Reference()


def read(site: Site, url: str, status: int, body: bytes) -> Observation:
    """A captured page. NotContent where something else was captured; a soft 404 is a thread that is gone."""
    path = path_below(site, url)
    if path is None or status in (301, 302, 303, 307, 308):
        return Nothing()
    if DATA_PATH.search(path) and body[:2000].lstrip()[:1] != b"<":
        return discourse.read(site, url, status, body)
    named = reference(site, url)
    if named is None or named.thread is None or path.endswith(".rss"):
        return Nothing()
    if status in (404, 410):
        return ThreadGone(named.thread, status)
    if status != 200:
        raise NotContent(f"status {status}", refusal=status in (401, 403))
    page = parse(body)
    stored = _preloaded(page, named.thread)
    try:
        thread = _rendered(page, site, url, named.thread, body)
    except NotContent:
        if stored is None:
            raise
        thread = None
    if stored:
        return _both(stored, thread) if thread else stored
    if thread:
        return thread
    if page.css_first(NEW_FORUM_POST) is not None:
        raise NotContent("a thread of the forum's successor came instead")
    if NEW_FORUM_HOME.search(body):
        return ThreadGone(named.thread, status)
    raise refuse(body)


def _preloaded(page: LexborHTMLParser, thread: str) -> ThreadPage | None:
    """The topic's data that the app's page carries. NotContent if it is another topic's."""
    for data in _stored(page):
        for name, value in data.items():
            if not name.startswith("topic_") or not name[6:].isdecimal():
                continue
            try:
                return discourse.thread_page(thread, json.loads(value) if isinstance(value, str) else value)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
                continue
    return None


def _stored(page: LexborHTMLParser) -> Iterable[dict[str, Any]]:
    """What the page stored for its app, by name."""
    for node in page.css("[data-preloaded]"):
        try:
            data = json.loads(node.attributes.get("data-preloaded") or "")
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            yield data
    for node in page.css("script"):
        script = node.text() or ""
        for match in STORED_BY_SCRIPT.finditer(script):
            try:
                value, _ = json.JSONDecoder().raw_decode(script, match.end())
            except (ValueError, RecursionError):
                continue
            yield {f"topic_{match[1]}": value}


def _both(stored: ThreadPage, shown: ThreadPage) -> ThreadPage:
    """The topic's data, and the posts that the page shows beyond it: the app loads more as one scrolls."""
    numbers = {post.number for post in stored.posts}
    more = tuple(post for post in shown.posts if post.number not in numbers)
    stream = dict.fromkeys((*(stored.stream or ()), *(post.native_id for post in more if post.native_id)))
    return replace(stored, posts=(*stored.posts, *more), stream=tuple(stream))


def _rendered(page: LexborHTMLParser, site: Site, url: str, thread: str, body: bytes) -> ThreadPage | None:
    """The posts that the page shows."""
    # What looks like a post inside a post is somebody's words.
    kinds = (CRAWLER_POSTS, APP_POSTS)
    inner = {node.mem_id for outer in kinds for kind in kinds for node in page.css(f"{outer} {kind}")}
    app = [(node, _app_post(node, site)) for node in page.css(APP_POSTS) if node.mem_id not in inner]
    plain = [
        (node, _crawler_post(node, site))
        for node in page.css(CRAWLER_POSTS)
        if node.mem_id not in inner and node.attributes.get("role") != "navigation"
    ]
    found = app + plain or [
        (_ancient_body(node) or node, _ancient_post(node, site))
        for node in page.css("div.creator")
        if CREATOR.search(words(node))
    ]
    if not found:
        return None
    own = canonical(page, site)
    named = reference(site, own) if own else None
    if named and named.thread and named.thread != thread:
        raise NotContent(f"topic {named.thread} came instead of {thread}")
    end = ended(body)
    torn = frozenset() if end else open_at_end(page)
    posts: dict[int, SeenPost] = {}
    for node, post in found:
        if post and post.number > 0 and node.mem_id not in torn:
            posts.setdefault(post.number, post)
    if not posts:
        raise NotContent("the posts of the page have neither ids nor numbers" if end else "the page is cut off")
    # What is left out is torn, or has no number that it could be known by.
    left_out = [
        node.mem_id in torn for node, post in app or found if node.mem_id in torn or not post or post.number < 1
    ]
    # Beside what the app shows may stand the copy of the first page for browsers without scripts.
    lowest = min((post.number for _, post in app if post and post.number in posts), default=min(posts))
    before = _before(url, lowest - left_out.count(False), paged=not app)
    before -= min(before, sum(number < lowest for number in posts))
    more = cut_off(body) or (page.css_first(APP_FOOT) is None if app else page.css_first(NEXT_PAGE) is not None)
    if not end and not app:
        more = more or not has_foot(page, f"{CRAWLER_POSTS}, div.post")
    return ThreadPage(
        native_id=thread,
        title=title_of(page, "#topic-title h1 a", "h1 a.fancy-title", "h1 a", "a.fancy-title", "h1"),
        category_native_id=None,
        tags=tuple(dict.fromkeys(filter(None, map(words, page.css("a.discourse-tag"))))),
        created_at=next((post.created_at for post in posts.values() if post.number == 1), None),
        last_activity_at=max((post.created_at for post in posts.values() if post.created_at), default=None),
        posts=tuple(posts.values()),
        stream=None,
        posts_at_least=before + len(posts) + len(left_out) + more,
        category=words(
            page.css_first(".topic-category [itemprop=name], .topic-category .category-name, .category-name")
        )
        or None,
    )


def _before(url: str, lowest: int, *, paged: bool) -> int:
    """How many posts stand before the first one that is shown: on whole pages, else by its number (a removed post keeps
    its number, so that it counts). The app shows more than the page that its address names."""
    number = parse_qs(urlsplit(url).query).get("page", [""])[0]
    if paged and re.fullmatch(r"[1-9][0-9]{0,5}", number):
        return (int(number) - 1) * POSTS_A_PAGE
    return max(0, lowest - 1)


def _crawler_post(node: LexborNode, site: Site) -> SeenPost | None:
    """Layouts A and B. In B the id of the element is the post's number, not its id."""
    match = re.fullmatch(r"post_(\d{1,9})", node.attributes.get("id") or "")
    match = match or NUMBER.search(words(node.css_first("[itemprop=position]")))
    body = node.css_first("div.post[itemprop=articleBody], div.post[itemprop=text], div.post")
    if not match or body is None:
        return None
    likes = count_of(words(node.css_first(".post-likes")))
    author = node.css_first(".creator [itemprop=name], .creator a[itemprop=url], .creator a")
    published = node.css_first("time[itemprop=datePublished], time.post-time, time[datetime]")
    return _post(
        site,
        number=int(match[1]),
        author=words(author),
        created_at=moment(published),
        updated_at=moment(node.css_first("[itemprop=dateModified]"), "content")
        or moment(node.css_first("time[itemprop=dateModified]")),
        body=body,
        likes=likes[0] if likes else None,
    )


def _app_post(node: LexborNode, site: Site) -> SeenPost | None:
    """The app's own view, as a browser saved it. Its times are milliseconds since 1970."""
    native_id = node.attributes.get("data-post-id") or ""
    match = re.fullmatch(r"post_(\d{1,9})", node.attributes.get("id") or "")
    body = node.css_first("div.cooked")
    if not native_id.isdecimal() or not match or body is None:
        return None
    time = attribute(node.css_first(".relative-date[data-time]"), "data-time") or ""
    author = node.css_first(".names .username a, .names a[data-user-card], a[data-user-card]")
    return _post(
        site,
        native_id=str(int(native_id)),
        number=int(match[1]),
        author=attribute(author, "data-user-card") or words(author),
        created_at=_from_milliseconds(time),
        body=body,
    )


def _ancient_post(node: LexborNode, site: Site) -> SeenPost | None:
    """`#1 By: name, date` and the next `div.post`."""
    match, body = CREATOR.search(words(node)), _ancient_body(node)
    if not match or body is None:
        return None
    return _post(
        site, number=int(match[1]), author=match[2].rstrip(","), created_at=moment(node.css_first("time")), body=body
    )


def _ancient_body(node: LexborNode) -> LexborNode | None:
    body = node.next
    while body is not None and "post" not in (body.attributes.get("class") or "").split():
        body = body.next
    return body


def _post(
    site: Site,
    *,
    number: int,
    author: str,
    created_at: str | None,
    body: LexborNode,
    native_id: str = "",
    updated_at: str | None = None,
    likes: int | None = None,
) -> SeenPost:
    hidden = words(body) == FLAGGED
    return SeenPost(
        native_id=native_id,
        number=number,
        author=author or None,
        role="staff" if "amazon." in site.base_url and STAFF_NAME.fullmatch(author) else "",
        created_at=created_at,
        updated_at=updated_at,
        html="" if hidden else (body.inner_html or "").strip(),
        state="hidden" if hidden else "present",
        likes=likes,
    )


def _from_milliseconds(text: str) -> str | None:
    if not re.fullmatch(r"[0-9]{12,14}", text):
        return None
    return clock.iso(datetime.fromtimestamp(int(text) // 1000, UTC))

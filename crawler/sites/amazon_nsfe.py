"""Amazon's new seller forums, read from the pages that their server renders.

Markup and addresses as independent public readers describe them (2026); no description by Amazon exists. Not known, and
therefore only counted: how replies beyond the first batch, replies under replies, and further lines of a list are
loaded. A thread page states how many replies there are, so that `coverage` shows how many are not held.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qs, quote, unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.observations import (
    Category,
    ForumInfo,
    ListedThread,
    ListPage,
    NotContent,
    Nothing,
    Observation,
    SeenPost,
    ThreadGone,
    ThreadPage,
)
from crawler.sites.base import BEHIND, Reference, Site, path_below
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

# Amazon states no limit; this is what a person reading fast would ask.
LIMITS = ((5, 10), (20, 60))
BATCH = 1
GLOBAL_IDS = True
LISTS_ALL = False
NAMELESS = True
NOT_LIVE = None

# Two forms of id, of which the second is of threads carried over from the old forums: different keys, never converted.
ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}"
THREAD_PATH = re.compile(rf"^/discussions/t/({ID})/?$", re.I)
POST_ID = re.compile(rf"(?:post-)?({ID})", re.I)
LIST_PATH = re.compile(r"^/discussions/?$")
CATEGORY = re.compile(r"amzn1\.spce\.category\.([0-9a-f]{8})")
LIST_ORDER = "sortBy=createdAt&dateRange=allTime&replies=repliesAll&contentType=ALL"
CATEGORIES = {
    "8b1ad9d6": "Account Health",
    "8b1ad26a": "Account Setup",
    "8b1ad9e8": "Community Connections",
    "8b1ad436": "Create and Manage Listings",
    "8b1ad526": "Fulfill Orders",
    "8b1ad7ec": "Grow Your Business",
    "8b1ad8dc": "Manage Buyer Experience",
    "8b1ad60c": "Manage Inventory",
    "8b1ad6fc": "Manage Your Brand",
    "8b1ad9d2": "News and Announcements",
    "8b1ad9e4": "Product Safety and Compliance",
}

CARDS = '[data-testid="search-post-layout"], [data-testid="search-post-compact-layout"]'
LISTING = '[data-testid="searchListing-container"]'
CONTENT = '[data-testid="post-content"]'
ARTICLES = 'article[id^="post-"]'
REPLY_COUNT = '[data-testid="reply-metric"], reply-metric'
MORE_REPLIES = '[data-testid="show-replies"]'
NOT_SHOWN = "how further replies are loaded is not known"
# The name stands in no element of its own kind in every copy that was seen; its form is always one of these.
NAME = re.compile(r"Seller_[A-Za-z0-9]{4,}|[^\W_][\w.'-]*_(?:Amazon|Amzn)")


def base_of(url: str) -> str:
    """`https://host/seller-forums/discussions/t/...` -> `https://host/seller-forums`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/seller-forums"


def reference(site: Site, url: str) -> Reference | None:
    path = path_below(site, url)
    if path is None:
        return None
    query = parse_qs(urlsplit(url).query)
    if match := THREAD_PATH.match(unquote(path)):
        post = POST_ID.fullmatch("".join(asked(url)[:1]).rstrip(BEHIND))
        return Reference(thread=match[1].lower(), post_native_id=post[1].lower() if post else None)
    if LIST_PATH.match(path):
        for value in query.get("categories[]", []):
            if named := CATEGORY.fullmatch(value):
                return Reference(category_path=category_path("", named[1]))
    return Reference()


def thread_url(site: Site, native_id: str) -> str:
    return f"{site.base_url}/discussions/t/{native_id}"


def category_path(slug: str, native_id: str) -> str:
    return f"/discussions?{LIST_ORDER}&categories%5B%5D={quote(f'amzn1.spce.category.{native_id}')}"


def info_request(site: Site) -> str:
    return site.base_url


def list_request(site: Site, category_path: str | None = None) -> str:
    """The newest threads of all categories, or of one. Of each list only the first lines are rendered."""
    return site.base_url + (category_path or f"/discussions?{LIST_ORDER}")


def thread_request(site: Site, native_id: str) -> str:
    return thread_url(site, native_id)


def posts_request(site: Site, native_id: str, post_ids: Sequence[str]) -> str:
    """The permalink of a post."""
    return f"{thread_url(site, native_id)}?postId={post_ids[0]}"


def asked(url: str) -> tuple[str, ...]:
    query = parse_qs(urlsplit(url).query)
    return tuple(value for name, values in query.items() if name.lower() == "postid" for value in values)


def read(site: Site, url: str, status: int, body: bytes) -> Observation:
    path = path_below(site, url)
    if path is None or 300 <= status < 400:
        return Nothing()
    named = reference(site, url)
    thread = named.thread if named else None
    if thread and status in (404, 410):
        return ThreadGone(thread, status)
    home, listing = path in ("", "/"), LIST_PATH.match(path)
    if not (thread or home or listing):
        return Nothing()
    if status != 200:
        raise NotContent(f"status {status}", refusal=status in (401, 403))
    if cut_off(body):
        raise NotContent(f"the page is cut off ({len(body)} bytes)")
    page = parse(body)
    if home:
        return _forum_info(page)
    if thread:
        return _thread(page, site, url, thread, body)
    return _list(page, site, url, body)


def _forum_info(page: LexborHTMLParser) -> ForumInfo:
    """The categories that are known, and further ones that the page links to."""
    names = dict(CATEGORIES)
    for link in page.css('a[href*="amzn1.spce.category."]'):
        match = CATEGORY.search(unquote(attribute(link, "href") or ""))
        if match and words(link):
            names.setdefault(match[1], words(link))
    return ForumInfo(
        tuple(Category(native_id, name, native_id, None, None) for native_id, name in names.items()),
    )


def _list(page: LexborHTMLParser, site: Site, url: str, body: bytes) -> ListPage:
    cards = page.css(CARDS)
    if not cards and page.css_first(LISTING) is None:
        raise refuse(body)
    categories = [CATEGORY.fullmatch(value) for value in parse_qs(urlsplit(url).query).get("categories[]", [])]
    category = categories[0][1] if categories and categories[0] else None
    threads: dict[str, ListedThread] = {}
    for card in cards:
        thread = _card(card, site, category)
        if thread:
            threads.setdefault(thread.native_id, thread)
    return ListPage(tuple(threads.values()), None)


def _card(card: LexborNode, site: Site, category: str | None) -> ListedThread | None:
    link = card.css_first('[data-testid="header"] a[href*="/discussions/t/"], a[href*="/discussions/t/"]')
    address = attribute(link, "href")
    try:
        named = reference(site, urljoin(site.base_url + "/", address)) if address else None
    except ValueError:
        return None
    title = words(link)
    if not named or not named.thread or not title:
        return None
    activity = card.css_first('[data-testid="last-activity-metric"] time, last-activity-metric time')
    last = moment(activity)
    times = [moment(node) for node in card.css("time[datetime]") if activity is None or node.mem_id != activity.mem_id]
    replies = count_of(words(card.css_first(REPLY_COUNT)))
    excerpt = words(card.css_first('[data-testid="content-expander"] p, [data-testid="content-expander"]'))
    signs = [title, excerpt, replies, last]
    return ListedThread(
        native_id=named.thread,
        title=title,
        excerpt=excerpt or None,
        tags=(),
        category_native_id=category,
        created_at=times[0] if times else None,
        last_activity_at=last or (times[0] if times else None),
        posts_count=replies[0] + 1 if replies and replies[1] is not None else None,
        fingerprint=hashlib.sha256(json.dumps(signs).encode()).hexdigest()[:16],
    )


def _thread(page: LexborHTMLParser, site: Site, url: str, thread: str, body: bytes) -> ThreadPage | ThreadGone:
    articles: dict[str, list[LexborNode]] = {}
    written = {node.mem_id for node in page.css(f"{CONTENT} {ARTICLES}")}
    for node in page.css(ARTICLES):
        if node.mem_id in written:
            continue
        match = POST_ID.fullmatch(node.attributes.get("id") or "")
        if match:
            articles.setdefault(match[1].lower(), []).append(node)
    if not articles:
        if NEW_FORUM_HOME.search(body):
            return ThreadGone(thread, 200)
        raise refuse(body)
    own = canonical(page, site)
    named = reference(site, own) if own else None
    if named and named.thread and named.thread != thread:
        raise NotContent(f"thread {named.thread} came instead of {thread}")
    permalink = bool(asked(url))
    # A permalink's page may leave the opening post out; else that comes first, whatever its id.
    first = thread if thread in articles or permalink else next(iter(articles))
    found = [_post(native_id, nodes, native_id == first) for native_id, nodes in articles.items()]
    if all(post.state == "deleted" for post in found):
        raise NotContent("no post of the page has content in markup that is known")
    torn = frozenset() if ended(body) else _torn(page, articles)
    # An opening post without content is not a removed one: with it, the thread would be gone.
    posts = tuple(
        post for post in found if post.native_id not in torn and not (post.number == 1 and post.state == "deleted")
    )
    if not posts:
        raise NotContent("the page is cut off")
    shown = len(posts) - any(post.native_id == first for post in posts)
    more = len(page.css(MORE_REPLIES)) + (not ended(body) and not has_foot(page, ARTICLES))
    counted, at_least = _replies("" if permalink else words(page.css_first(REPLY_COUNT)), shown, more)
    times = [post.created_at for post in found if post.created_at]
    return ThreadPage(
        native_id=thread,
        title=title_of(page, "h1"),
        category_native_id=None,
        tags=(),
        created_at=next((post.created_at for post in found if post.number == 1), None),
        last_activity_at=max(times, default=None),
        posts=posts,
        stream=None,
        posts_listed=counted,
        posts_at_least=at_least,
        posts_beyond=NOT_SHOWN,
        category=words(page.css_first('main a[href*="amzn1.spce.category."]')) or None,
    )


def _replies(text: str, shown: int, more: int) -> tuple[int | None, int]:
    """How many posts the thread has: as the page counts them, and at least.

    `text` is the page's count, "" for a permalink's page, whose count is wrong (0, whatever the thread has). A rounded
    count (1.2K) is a bound; one in unknown words is a bound, and means more than is shown; one that is lower than what
    is shown is wrong. `more`: signs of further replies, each of which stands for one, where no count says how many.
    """
    count = count_of(text)
    if count and count[1] is None:
        return None, 1 + max(shown + 1, count[0])
    if count and count[0] >= shown:
        number, rounded_by = count[0], count[1] or 0
        return (None, 1 + max(shown, number - rounded_by)) if rounded_by else (1 + number, 1 + number)
    return None, 1 + shown + more


def _torn(page: LexborHTMLParser, articles: dict[str, list[LexborNode]]) -> frozenset[str]:
    """The posts in which the page may stop too early: the last one, if nothing follows, and those around it of which
    nothing was printed yet."""
    at_end = open_at_end(page)
    last = [node.mem_id for node in page.css(ARTICLES) if node.mem_id in at_end][-1:]
    return frozenset(
        native_id
        for native_id, copies in articles.items()
        for copy in copies
        if copy.mem_id in last or (copy.mem_id in at_end and not _contents(_own(copy)))
    )


def _contents(nodes: Iterable[LexborNode]) -> list[LexborNode]:
    return [node for node in nodes if node.attributes.get("data-testid") == "post-content"]


def _post(native_id: str, copies: Sequence[LexborNode], first: bool) -> SeenPost:
    """A post from its copies on the page: the opening one is printed twice, once shortened."""
    nodes = [node for copy in copies for node in _own(copy)]
    body = max(_contents(nodes), key=lambda node: len(node.text() or ""), default=None)
    texts = (" ".join((node.text_content or "").split()) for node in nodes if node.tag == "-text")
    author = next((text for text in texts if NAME.fullmatch(text)), None)
    votes = (count_of(words(node)) for node in nodes if node.attributes.get("data-testid") == "upvote-metric")
    return SeenPost(
        native_id=native_id,
        number=1 if first else 0,
        author=author,
        role="staff" if author and STAFF_NAME.fullmatch(author) else "member" if author else "",
        created_at=next((time for node in nodes if node.tag == "time" and (time := moment(node))), None),
        updated_at=None,
        html=(body.inner_html or "").strip() if body is not None else "",
        # A reply that was removed keeps its frame and loses its content.
        state="present" if body is not None else "deleted",
        likes=next((vote[0] for vote in votes if vote), None),
    )


def _own(article: LexborNode) -> Iterator[LexborNode]:
    """The nodes of this post in order: not those of replies printed inside it, nor those inside what somebody wrote."""
    stack = [article]
    while stack:
        node = stack.pop()
        yield node
        if node.attributes.get("data-testid") != "post-content":
            inner = [child for child in node.iter(include_text=True) if child.tag != "article"]
            stack.extend(reversed(inner))

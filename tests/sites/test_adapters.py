"""What archives and browsers keep of the forums, read: a row a trap.

The pages in `fixtures/` are synthetic, written in the markup that public sources describe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.observations import ForumInfo, ListPage, NotContent, Nothing, Observation, ThreadGone, ThreadPage
from crawler.sites import ADAPTERS, Site, amazon_nsfe, reader
from crawler.sites.html import count_of

FIXTURES = Path(__file__).parent / "fixtures"
OSFE = Site("osfe-us", "discourse_html", "https://sellercentral.amazon.com/forums")
NSFE = Site("nsfe-us", "amazon_nsfe", "https://sellercentral.amazon.com/seller-forums")
JIVE = Site("jive-us", "jive", "https://sellercentral.amazon.com/forums")
SAS = Site("sas", "discourse", "https://sellersasksellers.com")

TOPIC = f"{OSFE.base_url}/t/labels-we-never-asked-for/645202"
ROOT = "84e3f6b1-42f7-4cf3-a189-a5cc8d78d838"
THREAD = f"{NSFE.base_url}/discussions/t/{ROOT}"
REMOVED = "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff"
STAFF_REPLY = "66666666-7777-4888-8999-aaaaaaaaaaaa"


def read(site: Site, url: str, body: bytes, status: int = 200) -> Observation:
    return reader(site, url, body).read(site, url, status, body)


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def osfe(name: str, url: str = TOPIC) -> Any:
    return read(OSFE, url, fixture(name))


def nsfe(name: str, url: str = THREAD) -> Any:
    return read(NSFE, url, fixture(name))


def numbers(page: ThreadPage) -> list[int]:
    return [post.number for post in page.posts]


def by_number(page: ThreadPage, number: int) -> Any:
    return next(post for post in page.posts if post.number == number)


def by_id(page: ThreadPage, native_id: str) -> Any:
    return next(post for post in page.posts if post.native_id == native_id)


NEXT = b'<a rel="next" href="?page=9">next</a>'
FOOT = b'<div id="topic-footer-buttons"></div>'


def plain(shown: Iterable[int], foot: bytes = b"") -> bytes:
    """Synthetic: a page of layout B with posts of these numbers."""
    post = '<div id="post_{0}" class="crawler-post"><div class="post" itemprop="text"><p>Post {0}.</p></div></div>'
    return b"<h1>T</h1>" + "".join(post.format(n) for n in shown).encode() + foot + b"</body></html>"


def app(shown: Iterable[int], foot: bytes = b"") -> bytes:
    """Synthetic: the app's page with posts of these numbers."""
    post = '<article id="post_{0}" data-post-id="{1}"><div class="cooked"><p>Post {0} in the app.</p></div></article>'
    return b"<h1>T</h1>" + "".join(post.format(n, 9000 + n) for n in shown).encode() + foot + b"</body></html>"


SCROLLED = fixture("shell.html").replace(b"</body>", app(range(1, 5), FOOT))


def at_least(body: bytes, below: str = "") -> int | None:
    page = read(OSFE, TOPIC + below, body)
    assert isinstance(page, ThreadPage)
    return page.posts_at_least


CONTENT = '<div data-testid="post-content"><p>Words.</p></div>'


def replies(count: str, shown: int, root: str = CONTENT, reply: str = CONTENT) -> bytes:
    """Synthetic: a thread of the new forums that states a count and shows the opening post and some replies."""
    ids = [f"{n:08}-7777-4888-8999-aaaaaaaaaaaa" for n in range(shown)]
    frames = f'<article id="post-{ROOT}">{root}</article><i data-testid="reply-metric">{count}</i>'
    frames += "".join(f'<article id="post-{native_id}">{reply}</article>' for native_id in ids)
    return f"<h1>T</h1>{frames}</body></html>".encode()


def counted(count: str, shown: int, below: str = "", root: str = CONTENT) -> tuple[int | None, int | None]:
    """How many posts a page with such a count has, and at least."""
    page = read(NSFE, THREAD + below, replies(count, shown, root))
    assert isinstance(page, ThreadPage)
    return page.posts_listed, page.posts_at_least


@dataclass(frozen=True)
class Row:
    """A trap, what is read, and what must come of it."""

    trap: str
    seen: Callable[[], Any]
    is_: Any


ROWS = [
    # Layout A
    Row("A: posts have no ids", lambda: {p.native_id for p in osfe("layout_a.html").posts}, {""}),
    Row("A: a staff post stands second and keeps its number", lambda: numbers(osfe("layout_a.html")), [1, 7, 2, 4]),
    Row("A: staff is known by its name", lambda: by_number(osfe("layout_a.html"), 7).role, "staff"),
    Row("A: a member is not called one by a page that does not say", lambda: by_number(osfe("layout_a.html"), 1).role, ""),
    Row("A: author", lambda: by_number(osfe("layout_a.html"), 2).author, "ben"),
    Row("A: time", lambda: by_number(osfe("layout_a.html"), 2).created_at, "2019-05-01T11:00:00Z"),
    Row("A: likes", lambda: by_number(osfe("layout_a.html"), 1).likes, 3),
    Row("A: incoming titles are no part of a post", lambda: "Incoming" in by_number(osfe("layout_a.html"), 1).html, False),
    Row("A: emoji keep their shortcode", lambda: ":rage:" in by_number(osfe("layout_a.html"), 1).html, True),
    Row("A: quotations keep their markup", lambda: 'data-username="ada"' in by_number(osfe("layout_a.html"), 2).html, True),
    Row("A: a flag notice is a hidden post", lambda: (by_number(osfe("layout_a.html"), 4).state, by_number(osfe("layout_a.html"), 4).html), ("hidden", "")),
    Row("A: it says neither which posts there are nor how many", lambda: (osfe("layout_a.html").stream, osfe("layout_a.html").posts_listed), (None, None)),
    Row("A: a next page means at least one more post", lambda: osfe("layout_a.html").posts_at_least, 5),
    Row("A: page 3 has two pages of 20 before it", lambda: osfe("layout_a.html", TOPIC + "?page=3").posts_at_least, 45),
    Row("A: category and title", lambda: (osfe("layout_a.html").category, osfe("layout_a.html").title), ("General Selling", "Labels we never asked for")),
    # Layout B
    Row("B: the element's id is the number, not the post's id", lambda: [(p.native_id, p.number) for p in osfe("layout_b.html").posts], [("", 1), ("", 2)]),
    Row("B: the outer posting and its comments are posts alike", lambda: [p.author for p in osfe("layout_b.html").posts], ["ada", "ben"]),
    Row("B: incoming titles are no part of a post", lambda: "Incoming" in by_number(osfe("layout_b.html"), 1).html, False),
    Row("B: a solved topic is a QAPage", lambda: numbers(osfe("layout_b_solved.html")), [1, 2]),
    Row("B: a last page has no more", lambda: osfe("layout_b.html").posts_at_least, 2),
    # The app's page
    Row("shell: the topic's data is in the page", lambda: osfe("shell.html").stream, ("9001", "9002", "9003")),
    Row("shell: the data goes before the noscript copy", lambda: by_number(osfe("shell.html"), 1).html, "<p>Post 1 from the data.</p>"),
    Row("shell: stored by a script", lambda: [p.native_id for p in osfe("shell_by_script.html").posts], ["9001", "9002"]),
    Row("shell: broken data leaves the noscript copy", lambda: [p.html for p in read(OSFE, TOPIC, fixture("shell.html").replace(b"post_stream", b"postXstream")).posts], ["<p>Post 1 from the noscript part.</p>"]),  # type: ignore[union-attr]
    Row("app: a page saved by a browser has ids", lambda: [(p.native_id, p.number, p.author) for p in osfe("app.html").posts], [("9001", 1, "ada"), ("9002", 2, "ben")]),
    Row("app: its times are milliseconds", lambda: by_number(osfe("app.html"), 1).created_at, "2019-05-01T11:00:00Z"),
    Row("ancient: number and author are words of one line", lambda: [(p.number, p.author) for p in osfe("ancient.html").posts], [(1, "ada"), (2, "ben")]),
    Row("data: a captured .json", lambda: read(OSFE, f"{OSFE.base_url}/t/645202.json", fixture("topic.json")).stream, ("9001", "9002", "9003")),  # type: ignore[union-attr]
    Row("a live forum's page in an archive is read like a dead one's", lambda: numbers(read(SAS, f"{SAS.base_url}/t/x/645202", fixture("layout_a.html").replace(b"sellercentral.amazon.com/forums", b"sellersasksellers.com"))), [1, 7, 2, 4]),  # type: ignore[arg-type]
    Row("what looks like a post inside a post is somebody's words", lambda: numbers(read(OSFE, TOPIC, fixture("layout_b.html").replace(b"Same here.", b"Same <div id='post_9' class='crawler-post'><div class='post'>here</div></div>"))), [1, 2]),  # type: ignore[arg-type]
    Row("N: the same", lambda: len(read(NSFE, THREAD, fixture("nsfe_thread.html").replace(b"Nobody asked me.", b"<article id='post-5eef969a1508af21fb64e9db01ba5a7e'><p>x</p></article>")).posts), 4),  # type: ignore[union-attr]
    # Where a page begins
    Row("B: a page around post 45 has the numbers before it to account for", lambda: at_least(plain(range(41, 61)), "/45"), 60),
    Row("B: and one more where there is a next page", lambda: at_least(plain(range(41, 61), NEXT), "/45"), 61),
    Row("B: what has no number is one of those", lambda: at_least(plain(range(41, 61)) + b'<div class="crawler-post"><div class="post">x</div></div></html>', "/45"), 60),
    Row("B: on whole pages a removed post leaves a number, and is not missed", lambda: at_least(plain(range(25, 45)), "?page=2"), 40),
    Row("A: the staff's post is not the first number", lambda: osfe("layout_a.html", f"{TOPIC}/7").posts_at_least, 5),
    Row("app: scrolled, the first posts are not in the page any more", lambda: at_least(app(range(21, 41), FOOT)), 40),
    Row("app: nor the last, until its foot is shown", lambda: at_least(app(range(21, 41))), 41),
    Row("app: it shows more than the page that its address names", lambda: at_least(app(range(1, 41), FOOT), "?page=2"), 40),
    Row("app: beside the copy of the first page for browsers without scripts", lambda: (at_least(app(range(41, 61), FOOT) + plain(range(1, 21))), len(read(OSFE, TOPIC, app(range(41, 61), FOOT) + plain(range(1, 21))).posts)), (60, 40)),  # type: ignore[union-attr]
    Row("app: saved by SingleFile, whole", lambda: (numbers(osfe("app_single_file.html")), osfe("app_single_file.html").posts_at_least), ([1, 2, 3], 3)),
    Row("shell: what the app loaded beyond the data is put to it", lambda: [(p.native_id, p.html) for p in read(OSFE, TOPIC, SCROLLED).posts], [("9001", "<p>Post 1 from the data.</p>"), ("9002", "<p>Post 2 from the data.</p>"), ("9003", "<p>Post 3 in the app.</p>"), ("9004", "<p>Post 4 in the app.</p>")]),  # type: ignore[union-attr]
    Row("shell: a post that came after the data is listed too", lambda: read(OSFE, TOPIC, SCROLLED).stream, ("9001", "9002", "9003", "9004")),  # type: ignore[union-attr]
    # What stands in for a thread
    Row("the successor's home page under a thread's address is a soft 404", lambda: osfe("nsfe_home.html"), ThreadGone("645202", 200)),
    Row("the same under its .json address", lambda: read(OSFE, f"{OSFE.base_url}/t/645202.json", fixture("nsfe_home.html")), ThreadGone("645202", 200)),
    Row("an archived 404", lambda: read(OSFE, TOPIC, b"<html>no</html>", 404), ThreadGone("645202", 404)),
    Row("a redirect is kept and says nothing", lambda: read(OSFE, TOPIC, b"", 301), Nothing()),
    Row("a list is kept and says nothing", lambda: osfe("layout_a.html", f"{OSFE.base_url}/c/9/41"), Nothing()),
    # The new forums
    Row("N: the opening post is printed twice and held once, whole", lambda: [p.html.count("<p>") for p in nsfe("nsfe_thread.html").posts if p.native_id == ROOT], [2]),
    Row("N: the opening post is number 1; the others have no numbers", lambda: [p.number for p in nsfe("nsfe_thread.html").posts], [1, 0, 0, 0]),
    Row("N: a reply inside a reply is its own post", lambda: (by_id(nsfe("nsfe_thread.html"), STAFF_REPLY).author, by_id(nsfe("nsfe_thread.html"), STAFF_REPLY).html), ("Marta_Amazon", "<p>Hi Seller_aB3dE5gH7jK9m, we hear you.</p>")),
    Row("N: and not part of the outer one", lambda: ["hear you" in p.html for p in nsfe("nsfe_thread.html").posts], [False, False, True, False]),
    Row("N: staff handles", lambda: [p.role for p in nsfe("nsfe_thread.html").posts], ["staff", "member", "staff", "member"]),
    Row("N: times are in attributes", lambda: nsfe("nsfe_thread.html").created_at, "2024-03-01T08:00:00Z"),
    Row("N: a frame without content is a removed reply", lambda: by_id(nsfe("nsfe_thread.html"), REMOVED).state, "deleted"),
    Row("N: the page counts more replies than it holds", lambda: (nsfe("nsfe_thread.html").posts_listed, len(nsfe("nsfe_thread.html").posts)), (37, 4)),
    Row("N: words of the interface in another language", lambda: nsfe("nsfe_thread_es.html").posts_listed, 37),
    Row("N: a rounded count is a bound only", lambda: (nsfe("nsfe_thread_rounded.html").posts_listed, nsfe("nsfe_thread_rounded.html").posts_at_least), (None, 1101)),
    Row("N: a permalink's counter is not read, whatever it says", lambda: (counted("0", 0, f"?postId={ROOT}"), counted("36 replies", 2, f"?postId={ROOT}")), ((None, 1), (None, 3))),
    Row("N: a count in a unit", lambda: [counted(text, 3) for text in ("1,2 mil", "1.2 mila", "1,2 Tsd.", "1.2 lakh", "1,2 тыс.", "1.2千", "12 mil respuestas")], [(None, 1101), (None, 1101), (None, 1101), (None, 110_001), (None, 1101), (None, 1101), (None, 11_001)]),
    Row("N: a count in words that are not known is a bound, and more than is shown", lambda: [counted(text, 3) for text in ("1,2 foo", "1.2", "12 foo", "3 foo", "2 B", "9.9.9K", "999999999")], [(None, 5), (None, 5), (None, 13), (None, 5), (None, 5), (None, 10), (None, 5)]),
    Row("N: a card's count in unknown words is none", lambda: [t.posts_count for t in read(NSFE, amazon_nsfe.list_request(NSFE), fixture("nsfe_list.html").replace(b"1.2K", b"1,2 foo")).threads], [37, None]),  # type: ignore[union-attr]
    Row("N: an opening post without content is left out, not removed", lambda: ([p.native_id == ROOT for p in read(NSFE, THREAD, replies("3", 3, root="")).posts], counted("3", 3, root="")), ([False] * 3, (4, 4))),  # type: ignore[union-attr]
    Row("N: a permalink's counter of 0 is wrong; a button stands for one more", lambda: (nsfe("nsfe_permalink.html", f"{THREAD}?postId={REMOVED}").posts_listed, nsfe("nsfe_permalink.html", f"{THREAD}?postId={REMOVED}").posts_at_least), (None, 5)),
    Row("N: the category is a link", lambda: nsfe("nsfe_thread.html").category, "Fulfill Orders"),
    Row("N: both layouts of cards, each thread once", lambda: [t.native_id for t in nsfe("nsfe_list.html", amazon_nsfe.list_request(NSFE)).threads], [ROOT, "5eef969a1508af21fb64e9db01ba5a7e"]),
    Row("N: counts of a list", lambda: [t.posts_count for t in nsfe("nsfe_list.html", amazon_nsfe.list_request(NSFE)).threads], [37, 1201]),
    Row("N: opened and last active", lambda: next((t.created_at, t.last_activity_at) for t in nsfe("nsfe_list.html", amazon_nsfe.list_request(NSFE)).threads), ("2024-03-01T08:00:00Z", "2024-03-05T10:00:00Z")),
    Row("N: a category's list gives the category", lambda: nsfe("nsfe_list.html", amazon_nsfe.list_request(NSFE, amazon_nsfe.category_path("", "8b1ad526"))).threads[0].category_native_id, "8b1ad526"),
    Row("N: the home page under a thread's address is a soft 404", lambda: nsfe("nsfe_home.html"), ThreadGone(ROOT, 200)),
    Row("N: eleven categories", lambda: len(nsfe("nsfe_home.html", NSFE.base_url).categories), 11),
    Row("Jive: a page says that its thread is gone", lambda: read(JIVE, f"{JIVE.base_url}/thread.jspa?threadID=7", b"", 404), ThreadGone("7", 404)),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.trap)
def test_traps(row: Row) -> None:
    assert row.seen() == row.is_


REFUSED = [
    ("a challenge page", OSFE, TOPIC, fixture("challenge.html"), 200, "challenge"),
    ("a challenge page", NSFE, THREAD, fixture("challenge.html"), 200, "challenge"),
    ("a login page", NSFE, THREAD, b"<html><title>Amazon Sign-In</title><input type=password></html>", 200, "login"),
    ("an archived 429", OSFE, TOPIC, b"Slow down", 429, "status 429"),
    ("an archived 503", OSFE, TOPIC, b"<html></html>", 503, "status 503"),
    ("nothing", OSFE, TOPIC, b"", 200, "empty"),
    ("a page without posts", OSFE, TOPIC, b"<html><h1>Hello</h1></html>", 200, "no posts"),
    ("another topic", OSFE, TOPIC.replace("645202", "7"), fixture("layout_a.html"), 200, "topic 645202 came instead of 7"),
    ("another topic's data", OSFE, TOPIC.replace("645202", "7"), fixture("shell_by_script.html"), 200, "instead of 7"),
    ("the successor's thread", OSFE, TOPIC, fixture("nsfe_thread.html"), 200, "successor"),
    ("a new thread cut off", NSFE, THREAD, fixture("nsfe_thread.html")[:-300], 200, "cut off"),
    ("a new thread in markup that changed", NSFE, THREAD, replies("3", 3, "<p>Words.</p>", "<p>Words.</p>"), 200, "markup that is known"),
    ("a new thread cut off that speaks of SingleFile", NSFE, THREAD, replies("3", 3).replace(b"<h1>T", b"<h1>SingleFile").replace(b"</body></html>", b""), 200, "cut off"),
    ("a new thread, forbidden", NSFE, THREAD, b"no", 403, "status 403"),
    ("no list", NSFE, amazon_nsfe.list_request(NSFE), b"<html><p>x</html>", 200, "no posts"),
    ("a page of Jive", JIVE, f"{JIVE.base_url}/thread.jspa?threadID=7", b"<html></html>", 200, "not read"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "site", "url", "body", "status", "reason"), REFUSED)
def test_what_is_no_content_is_refused_by_name(
    what: str, site: Site, url: str, body: bytes, status: int, reason: str
) -> None:
    with pytest.raises(NotContent, match=reason):
        read(site, url, body, status)


def test_a_page_cut_off_keeps_its_whole_posts_and_says_that_there_are_more() -> None:
    body = fixture("layout_b.html")
    page = read(OSFE, TOPIC, body[: body.index(b"Same here")])
    assert isinstance(page, ThreadPage)
    assert numbers(page) == [1] and page.posts_at_least is not None and page.posts_at_least > 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("36 replies", (36, 0)),
        ("36 respuestas", (36, 0)),
        ("0", (0, 0)),
        ("1,234", (1234, 0)),
        ("1.234 Antworten", (1234, 0)),
        ("1 234", (1234, 0)),
        ("1.2K", (1200, 100)),
        ("1,2K", (1200, 100)),
        ("12K", (12000, 1000)),
        ("3M views", (3_000_000, 1_000_000)),
        ("回复 7", (7, 0)),
        ("1.2万", (12000, 1000)),
        ("none", None),
        ("5 Kommentare", (5, 0)),
        ("Antworten: 1.200", (1200, 0)),
        ("36条回复", (36, 0)),
        ("٣٦ ردا", (36, 0)),
        ("36 replies · 1.2K views", (36, 0)),
        ("1,23,456 replies", (123_456, 0)),
        ("1,2 mil", (1200, 100)),
        ("12 mil respuestas", (12_000, 1000)),
        ("1,2 Tsd.", (1200, 100)),
        ("1.2 lakh", (120_000, 10_000)),
        ("1.2万条回复", (12_000, 1000)),
        ("1,2", (1, None)),
        ("1,2 zillion", (1, None)),
        ("12 zillion", (12, None)),
        ("36+ replies", (36, None)),
        ("over 36 replies", (36, None)),
        ("over 1.2K replies", (1100, None)),
        ("3 of 36 replies", (3, None)),
        ("1.2.3K", (1, None)),
        ("99999999999 replies", (0, None)),
    ],
)
def test_counts_as_interfaces_write_them(text: str, count: tuple[int, int | None] | None) -> None:
    assert count_of(text) == count


FRAGMENTS = [
    b'<article id="post-' + ROOT.encode() + b'">',
    b'<article id="post-zz">',
    b'<div data-testid="post-content">',
    b'<div class="topic-body crawler-post">',
    b'<div id="post_2" class="crawler-post">',
    b'<div class="post" itemprop="text">',
    b'<span itemprop="position">#99999999999999999999</span>',
    b'<span itemprop="position">#3</span>',
    b'<div class="creator">#1 By: x</div>',
    b'<div data-preloaded=\'{"topic_645202": "{}"}\'>',
    b"<div data-preloaded='[[[['>",
    b'<script>PreloadStore.store("topic_645202", {"id":645202}</script>',
    b'<article data-post-id="9" id="post_1"><div class="cooked">',
    b'<time datetime="9999-99-99">',
    b'<span data-testid="reply-metric">9.9.9K</span>',
    b'<div data-testid="search-post-layout"><a href="http://[/discussions/t/x">',
    b'<link rel="canonical" href="http://[">',
    b"<h1>T</h1>",
    b"</html>",
    b"</div></article>",
    b"\xff\x00\xed\xa0\x80",
]
URLS = [
    (OSFE, TOPIC),
    (OSFE, f"{TOPIC}?page=2"),
    (OSFE, f"{OSFE.base_url}/t/645202.json"),
    (NSFE, THREAD),
    (NSFE, NSFE.base_url),
    (NSFE, amazon_nsfe.list_request(NSFE)),
    (JIVE, f"{JIVE.base_url}/thread.jspa?threadID=7"),
    (SAS, f"{SAS.base_url}/t/x/645202"),
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(URLS),
    st.sampled_from([200, 200, 200, 301, 403, 404, 500]),
    st.one_of(
        st.binary(max_size=200),
        st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=12)), max_size=14).map(b"".join),
    ),
)
def test_any_page_at_all_is_posts_or_a_named_refusal(where: tuple[Site, str], status: int, body: bytes) -> None:
    try:
        seen = read(*where, body, status)
    except NotContent as refusal:
        assert str(refusal)
        return
    assert isinstance(seen, ThreadPage | ListPage | ForumInfo | ThreadGone | Nothing)
    if isinstance(seen, ThreadPage):
        assert seen.posts and all(post.native_id or post.number > 0 for post in seen.posts)


THREAD_PAGES = [
    (OSFE, TOPIC, "layout_a.html"),
    (OSFE, f"{TOPIC}?page=3", "layout_a.html"),
    (OSFE, TOPIC, "layout_b.html"),
    (OSFE, TOPIC, "layout_b_solved.html"),
    (OSFE, TOPIC, "shell.html"),
    (OSFE, TOPIC, "shell_by_script.html"),
    (OSFE, TOPIC, "app.html"),
    (OSFE, TOPIC, "app_single_file.html"),
    (OSFE, TOPIC, "ancient.html"),
    (OSFE, f"{OSFE.base_url}/t/645202.json", "topic.json"),
    (NSFE, THREAD, "nsfe_thread.html"),
    (NSFE, THREAD, "nsfe_thread_es.html"),
    (NSFE, THREAD, "nsfe_thread_rounded.html"),
    (NSFE, f"{THREAD}?postId={REMOVED}", "nsfe_permalink.html"),
]
NO_THREADS = {"challenge.html", "nsfe_home.html", "nsfe_list.html"}


def test_every_fixture_that_is_a_thread_is_cut_below() -> None:
    assert {name for _, _, name in THREAD_PAGES} | NO_THREADS == {path.name for path in FIXTURES.iterdir()}


def by_single_file(body: bytes) -> bytes:
    """The same page as SingleFile saves it: its comment at the head, no optional tags at the end."""
    head = b"<html><!--\n Page saved with SingleFile \n url: https://x.example/ \n-->"
    body = re.sub(rb"<!DOCTYPE html>\s*<html[^>]*>", head, body, count=1)
    return re.sub(rb"</body>\s*</html>\s*", b"<footer>About</footer>", body)


def how_many(page: ThreadPage) -> int:
    return len(page.stream) if page.stream is not None else max(page.posts_listed or 0, page.posts_at_least or 0)


@pytest.mark.parametrize("saved", ["as it was sent", "by SingleFile"])
@pytest.mark.parametrize(
    ("site", "url", "name"), THREAD_PAGES, ids=lambda value: value if isinstance(value, str) else ""
)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_half_a_page_is_never_taken_for_a_whole_thread(
    saved: str, site: Site, url: str, name: str, data: st.DataObject
) -> None:
    body = by_single_file(fixture(name)) if saved == "by SingleFile" else fixture(name)
    whole = read(site, url, body)
    assert isinstance(whole, ThreadPage)
    texts = {(post.number, post.html) for post in whole.posts} | {(1, "<p>Post 1 from the noscript part.</p>")}
    ends = [body.index(end) for end in (b"</body>", b"<footer>") if end in body]
    try:
        seen = read(site, url, body[: data.draw(st.integers(0, min(ends, default=len(body)) - 1))])
    except NotContent:
        return
    if isinstance(seen, ThreadPage):
        assert how_many(seen) > len(seen.posts) or (seen.posts, how_many(seen)) == (whole.posts, how_many(whole))
        assert {(post.number, post.html) for post in seen.posts} <= texts


def test_a_page_cut_off_is_not_made_whole_by_words_about_singlefile() -> None:
    body = fixture("layout_b.html").replace(b"<title>", b"<title>SingleFile saved from url= ")
    page = read(OSFE, TOPIC, body[: body.index(b"here.")])
    assert isinstance(page, ThreadPage) and numbers(page) == [1] and how_many(page) > 1


def test_the_adapters_are_reached_by_their_kind() -> None:
    assert list(ADAPTERS) == ["discourse", "discourse_html", "amazon_nsfe", "jive"]


@pytest.mark.parametrize("kind", ["discourse_html", "amazon_nsfe"])
def test_a_page_made_to_stop_a_parser_is_refused_by_name(kind: str) -> None:
    adapter = ADAPTERS[kind]
    site = Site("x", kind, "https://f.example/forums")
    url = adapter.thread_request(site, "5" if kind == "discourse_html" else "84e3f6b1-42f7-4cf3-a189-a5cc8d78d838")
    with pytest.raises(NotContent, match="nested deeper"):
        adapter.read(site, url, 200, b"<html><body>" + b"<div class='topic-body crawler-post'>" * 100_000 + b"x</html>")

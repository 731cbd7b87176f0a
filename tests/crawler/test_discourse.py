"""The Discourse adapter: addresses in every form, and answers of any shape at all."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.observations import (
    ForumInfo,
    ListPage,
    NotContent,
    Nothing,
    Observation,
    PostBatch,
    ThreadGone,
    ThreadPage,
)
from crawler.sites import ADAPTERS, Reference, Site

ADAPTER = ADAPTERS["discourse"]
SITE = Site("forum", "discourse", "https://forum.example", hosts=("old.example", "www.older.example"))
FOLDER = Site("folder", "discourse", "https://host.example/forums")


@pytest.mark.parametrize(
    ("path", "thread", "post"),
    [
        ("/t/some-slug/123", "123", None),
        ("/t/some-slug/123/", "123", None),
        ("/t/some-slug/123/4", "123", 4),
        ("/t/some-slug/123/4/", "123", 4),
        ("/t/some-slug/123/4?u=ann", "123", 4),
        ("/t/some-slug/123?page=2#post_21", "123", None),
        ("/t/some-slug/123.json", "123", None),
        ("/t/some-slug/123/4.json", "123", 4),
        ("/t/some-slug/123.rss", "123", None),
        ("/t/some-slug/123/last", "123", None),
        ("/t/some-slug/123/print", "123", None),
        ("/t/123", "123", None),
        ("/t/123/4", "123", 4),
        ("/t/0123", "123", None),
        ("/t/123.json", "123", None),
        ("/t/123/posts.json?post_ids[]=1", "123", None),
        ("/t/-/123", "123", None),
        ("/t/2024-fees/123", "123", None),
        ("/t/2024/12", "2024", 12),
        ("/t/%D0%BF%D1%80/123", "123", None),
        ("/t/любой/123", "123", None),
        ("/n/some-slug/123/4", "123", 4),
        ("/t/some-slug", None, None),
        ("/t/", None, None),
        ("/t/some-slug/12x", None, None),
        ("/t/a/b/123", None, None),
        ("/t/x/" + "9" * 5000, None, None),
        ("/t/x/1/" + "9" * 5000, None, None),
        ("/t/x/٣", None, None),
        ("/u/ann", None, None),
        ("", None, None),
        ("/", None, None),
    ],
)
@pytest.mark.parametrize(
    "base",
    ["https://forum.example", "http://www.forum.example", "https://FORUM.example:443", "https://old.example", "http://older.example:80"],
)  # fmt: skip
def test_a_thread_is_known_by_any_of_its_addresses(base: str, path: str, thread: str | None, post: int | None) -> None:
    assert ADAPTER.reference(SITE, base + path) == Reference(thread, post)


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/t/x/1",
        "https://forum.example.evil.example/t/x/1",
        "https://forum.example:8443/t/x/1",
        "ftp://forum.example/t/x/1",
        "mailto:ann@forum.example",
        "https://[::1/t/x/1",
        "/t/x/1",
        "",
    ],
)
def test_what_is_not_on_the_forum_names_nothing_of_it(url: str) -> None:
    assert ADAPTER.reference(SITE, url) is None


@pytest.mark.parametrize(
    ("url", "reference"),
    [
        ("https://host.example/forums/t/x/1/2", Reference("1", 2)),
        ("https://host.example/forums", Reference()),
        ("https://host.example/forumsx/t/x/1", None),
        ("https://host.example/t/x/1", None),
        ("https://host.example/forums/c/fees/4", Reference(category_path="/c/fees/4")),
        ("https://host.example/forums/c/parent/fees/4/l/top", Reference(category_path="/c/parent/fees/4")),
    ],
)
def test_a_forum_may_live_in_a_folder(url: str, reference: Reference | None) -> None:
    assert ADAPTER.reference(FOLDER, url) == reference


@given(st.text())
def test_any_text_at_all_is_an_address_or_none(text: str) -> None:
    for url in (text, f"https://forum.example{text}", f"https://forum.example/t/{text}", f"https://{text}/t/1"):
        ADAPTER.reference(SITE, url)


def test_requests_are_read_back() -> None:
    url = ADAPTER.posts_request(SITE, "7", ["1", "2"])
    assert ADAPTER.asked(url) == ("1", "2")
    assert ADAPTER.reference(SITE, url) == Reference("7")


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.integers(min_value=10**30, max_value=10**31)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)
POST_KEYS = "id post_number post_type cooked username created_at updated_at hidden cooked_hidden user_deleted action_code actions_summary staff reply_to_post_number".split()
TOPIC_KEYS = "id title fancy_title tags category_id created_at last_posted_at bumped_at posts_count excerpt highest_post_number".split()


def like(keys: list[str], good: dict[str, object]) -> st.SearchStrategy[dict[str, object]]:
    """A dictionary of the right shape with anything in some of its fields."""
    changes = st.dictionaries(st.sampled_from(keys), JSON, max_size=3)
    return changes.map(lambda changed: {**good, **changed})


POST = like(POST_KEYS, {"id": 1, "post_number": 1, "cooked": "<p>x</p>", "username": "ann"}) | JSON
STREAM = st.fixed_dictionaries({"posts": st.lists(POST, max_size=3), "stream": st.lists(SCALARS, max_size=3) | JSON})
TOPIC = like(TOPIC_KEYS, {"id": 7, "title": "x"})
ANSWERS = st.one_of(
    JSON,
    st.tuples(TOPIC, STREAM | JSON).map(lambda both: {**both[0], "post_stream": both[1]}),
    st.tuples(st.lists(TOPIC | JSON, max_size=3), JSON | st.text()).map(
        lambda both: {"topic_list": {"topics": both[0], "more_topics_url": both[1]}}
    ),
    st.lists(like(["id", "name", "slug", "parent_category_id", "topic_count"], {"id": 1, "name": "x"}) | JSON).map(
        lambda items: {"categories": items}
    ),
    st.fixed_dictionaries({"errors": JSON}),
)
PATHS = ("/site.json", "/latest.json", "/c/x/1/l/latest.json", "/t/7.json", "/t/7/posts.json?post_ids[]=1", "/robots.txt", "/login")  # fmt: skip


def storable(observation: Observation) -> None:
    """What comes out can be written to SQLite, which takes no halves of surrogate pairs and no huge numbers."""
    repr(observation).encode()


@given(
    answer=ANSWERS, path=st.sampled_from(PATHS), status=st.sampled_from([200, 200, 200, 301, 304, 400, 401, 403, 404, 410, 418])
)  # fmt: skip
@example(answer={"topic_list": {"topics": [], "more_topics_url": "/latest?\ud800"}}, path="/latest.json", status=200)
@example(answer={"topic_list": {"topics": [], "more_topics_url": "http://[/"}}, path="/latest.json", status=200)
def test_any_json_at_all_is_an_observation_or_no_content(answer: object, path: str, status: int) -> None:
    try:
        observation = ADAPTER.read(SITE, SITE.base_url + path, status, json.dumps(answer).encode())
    except NotContent:
        return
    storable(observation)
    if isinstance(observation, ListPage) and observation.next_url:
        observation.next_url.encode()


@given(
    body=st.binary() | st.text().map(str.encode), path=st.sampled_from(PATHS), status=st.sampled_from([200, 403, 404])
)
@example(body=b"[" * 100_000, path="/t/7.json", status=200)
@example(body=b"9" * 5000, path="/t/7.json", status=200)
@example(body=b'{"id": ' + b"9" * 5000 + b"}", path="/t/7.json", status=200)
def test_any_bytes_at_all_are_an_observation_or_no_content(body: bytes, path: str, status: int) -> None:
    with contextlib.suppress(NotContent):
        storable(ADAPTER.read(SITE, SITE.base_url + path, status, body))


def read(path: str, status: int, answer: object) -> Observation:
    return ADAPTER.read(SITE, SITE.base_url + path, status, json.dumps(answer).encode())


def test_each_answer_is_what_it_says() -> None:
    post = {"id": 5, "post_number": 1, "cooked": "<p>x</p>", "username": "ann"}
    stream = {"posts": [post], "stream": [5, 6]}
    assert isinstance(read("/site.json", 200, {"categories": []}), ForumInfo)
    thread = read("/t/7.json", 200, {"id": 7, "title": "x", "post_stream": stream})
    assert isinstance(thread, ThreadPage) and thread.stream == ("5", "6")
    batch = read("/t/7/posts.json?post_ids%5B%5D=5&post_ids%5B%5D=6", 200, {"id": 7, "post_stream": stream})
    assert isinstance(batch, PostBatch) and batch.asked == ("5", "6") and len(batch.posts) == 1
    assert read("/t/7/posts.json?post_ids[]=5", 404, {}) == ThreadGone("7", 404)
    assert read("/t/7.json", 410, {"errors": ["gone"]}) == ThreadGone("7", 410)
    assert read("/t/7.json", 301, {}) == Nothing()
    assert read("/latest.json?page=400", 400, {}) == ListPage((), None)


@pytest.mark.parametrize(
    ("more", "next_url"),
    [
        ("/latest?order=created&page=1", "https://forum.example/latest.json?order=created&page=1"),
        ("/latest.json?page=1", "https://forum.example/latest.json?page=1"),
        ("/c/fees/4/l/latest?page=1", "https://forum.example/c/fees/4/l/latest.json?page=1"),
        (None, None),
        ("", None),
    ],
)
def test_the_next_page_of_a_list_is_found(more: str | None, next_url: str | None) -> None:
    page = read("/latest.json", 200, {"topic_list": {"topics": [], "more_topics_url": more}})
    assert page == ListPage((), next_url)


def test_a_list_does_not_lead_to_another_host() -> None:
    with pytest.raises(NotContent, match="another host"):
        read("/latest.json", 200, {"topic_list": {"topics": [], "more_topics_url": "https://evil.example/latest"}})


@pytest.mark.parametrize(
    ("fields", "state", "kind"),
    [
        ({}, "present", "post"),
        ({"hidden": True}, "hidden", "post"),
        ({"cooked_hidden": True}, "hidden", "post"),
        ({"user_deleted": True, "hidden": True}, "deleted", "post"),
        ({"post_type": 3, "action_code": "closed.enabled", "cooked": ""}, "present", "action"),
        ({"post_type": 2, "action_code": "split_topic", "cooked": "<p>Moved.</p>"}, "present", "post"),
    ],
)
def test_a_post_is_told_from_a_notice_and_from_an_action(fields: dict[str, object], state: str, kind: str) -> None:
    post = {"id": 5, "post_number": 1, "cooked": "<p>x</p>", "username": "ann", **fields}
    page = read("/t/7.json", 200, {"id": 7, "title": "x", "post_stream": {"posts": [post], "stream": [5]}})
    assert isinstance(page, ThreadPage)
    assert (page.posts[0].state, page.posts[0].kind, bool(page.posts[0].html)) == (
        state,
        kind,
        state == "present" and fields.get("cooked") != "",
    )


def test_whispers_are_not_taken() -> None:
    post = {"id": 5, "post_number": 1, "cooked": "<p>x</p>", "post_type": 4}
    page = read("/t/7.json", 200, {"id": 7, "title": "x", "post_stream": {"posts": [post], "stream": []}})
    assert isinstance(page, ThreadPage) and page.posts == ()

"""Every answer has the fields and types of a real Discourse's: see the schemas for where they come from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from demo import DemoForum
from demo.faults import action_limit, search_limit

Validate = Callable[[str, Any], None]

# Before, between and after everything that happens to the posts of topic 12.
MOMENTS = [datetime(2025, 3, day, 12, tzinfo=UTC) for day in (1, 7, 9, 31)]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment:%d %B}")
@pytest.mark.parametrize("topic", [10, 11, 12, 16])
def test_a_topic_and_its_posts_look_as_in_a_real_forum(
    forum: DemoForum, client: httpx.Client, validate: Validate, topic: int, moment: datetime
) -> None:
    forum.move_clock(moment)
    answer = client.get(f"/t/{topic}.json").json()
    validate("topic.json", answer)
    for post_id in answer["post_stream"]["stream"]:
        validate("post_show.json", client.get(f"/posts/{post_id}.json").json())


def test_more_posts_look_as_in_a_real_forum(client: httpx.Client, validate: Validate) -> None:
    stream = client.get("/t/11.json").json()["post_stream"]["stream"]
    validate("posts.json", client.get("/t/11/posts.json", params={"post_ids[]": stream[20:]}).json())
    validate("posts.json", client.get("/t/11/posts.json?post_number=9&include_raw=1").json())
    validate("post_ids.json", client.get("/t/11/post_ids.json").json())


@pytest.mark.parametrize(
    "path",
    [
        "/latest.json",
        "/latest.json?page=3",
        "/latest.json?page=99",
        "/latest.json?order=created&ascending=true",
        "/c/fees/4.json",
        "/c/parcels/3/l/latest.json",
    ],
)
def test_a_list_looks_as_in_a_real_forum(client: httpx.Client, validate: Validate, path: str) -> None:
    validate("topic_list.json", client.get(path).json())


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment:%d %B}")
def test_what_is_not_of_one_topic_looks_as_in_a_real_forum(
    forum: DemoForum, client: httpx.Client, validate: Validate, moment: datetime
) -> None:
    forum.move_clock(moment)
    for schema, path in {
        "site.json": "/site.json",
        "categories.json": "/categories.json",
        "latest_posts.json": "/posts.json",
        "search.json": "/search.json?q=post",
    }.items():
        validate(schema, client.get(path).json())


@pytest.mark.parametrize("path", ["/t/999.json", "/c/nothing/999.json", "/latest.json?page=x", "/nowhere.json"])
def test_an_error_looks_as_in_a_real_forum(client: httpx.Client, validate: Validate, path: str) -> None:
    validate("error.json", client.get(path).json())


def test_refusals_look_as_in_a_real_forum(forum: DemoForum, client: httpx.Client, validate: Validate) -> None:
    forum.faults = [action_limit("/t/10"), search_limit()]
    validate("error.json", client.get("/t/10.json").json())
    validate("search_limit.json", client.get("/search.json?q=box").json())


@pytest.mark.parametrize("field", ["cooked", "version", "stream", "details"])
def test_the_contract_notices_a_field_that_is_missing(client: httpx.Client, validate: Validate, field: str) -> None:
    answer = client.get("/t/10.json").json()
    for place in (answer, answer["post_stream"], answer["post_stream"]["posts"][0]):
        place.pop(field, None)
    with pytest.raises(AssertionError, match=f"'{field}' is a required property"):
        validate("topic.json", answer)


def test_the_contract_notices_a_field_that_no_real_forum_has(client: httpx.Client, validate: Validate) -> None:
    answer = client.get("/t/10.json").json()
    answer["post_stream"]["posts"][0]["programs"] = ["x.boxes"]
    with pytest.raises(AssertionError, match="'programs' was unexpected"):
        validate("topic.json", answer)

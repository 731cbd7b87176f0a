"""What the clock does to posts and topics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from demo import DemoForum


def march(day: int, hour: int = 12) -> datetime:
    return datetime(2025, 3, day, hour, tzinfo=UTC)


def posts(client: httpx.Client) -> dict[int, dict[str, Any]]:
    answer = client.get("/t/12.json").json()
    return {post["post_number"]: post for post in answer["post_stream"]["posts"]}


def item(client: httpx.Client) -> dict[str, Any]:
    topics = client.get("/c/fees/4.json?order=created").json()["topic_list"]["topics"]
    return next(topic for topic in topics if topic["id"] == 12)


def test_the_clock_begins_where_the_forum_says(forum: DemoForum) -> None:
    assert forum.clock == march(1)


def test_a_post_of_the_future_does_not_show(forum: DemoForum, client: httpx.Client) -> None:
    assert sorted(posts(client)) == [1, 2, 3, 4, 5]
    forum.move_clock(march(31))
    assert 6 in posts(client)


def test_a_topic_of_the_future_does_not_show(forum: DemoForum, client: httpx.Client) -> None:
    forum.move_clock(datetime(2025, 1, 31, tzinfo=UTC))
    assert client.get("/t/12.json").status_code == 404


def test_an_edit_within_five_minutes_makes_no_version(client: httpx.Client) -> None:
    post = posts(client)[1]
    assert (post["version"], post["cooked"]) == (1, "<p>First, mended at once.</p>")
    assert post["updated_at"] == "2025-02-01T10:02:00.000Z"


def test_a_later_edit_makes_a_version_and_does_not_bump(forum: DemoForum, client: httpx.Client) -> None:
    before = item(client)
    forum.move_clock(march(5))
    post = posts(client)[1]
    assert (post["version"], post["cooked"]) == (2, "<p>First, changed much later.</p>")
    assert post["updated_at"] == "2025-03-05T10:00:00.000Z"
    assert item(client)["bumped_at"] == before["bumped_at"] == "2025-02-05T10:00:00.000Z"


def test_a_hidden_post_keeps_its_place_and_loses_its_text(forum: DemoForum, client: httpx.Client) -> None:
    forum.move_clock(march(6))
    post = posts(client)[2]
    assert post["cooked"] == "<p>This post was flagged by the community and is temporarily hidden.</p>"
    assert (post["hidden"], post["cooked_hidden"], post["hidden_reason_id"], post["version"]) == (
        True,
        True,
        1,
        1,
    )
    assert "raw" not in client.get(f"/posts/{post['id']}.json").json()
    assert "raw" not in client.get("/t/12/posts.json?post_number=3&include_raw=1").json()["post_stream"]["posts"][0]
    latest = {entry["id"]: entry for entry in client.get("/posts.json").json()["latest_posts"]}
    assert "raw" not in latest[post["id"]]
    assert "Rude" not in client.get("/raw/12").text
    assert client.get("/search.json?q=rude").json()["posts"] == []


def test_a_withdrawn_post_leaves_a_stub_for_a_day(forum: DemoForum, client: httpx.Client) -> None:
    forum.move_clock(march(7))
    stub = posts(client)[3]
    assert (stub["cooked"], stub["user_deleted"]) == ("<p>(post deleted by author)</p>", True)
    assert (stub["version"], stub["updated_at"]) == (2, "2025-03-07T10:00:00.000Z")
    forum.move_clock(march(8, 9))
    assert 3 in posts(client)
    forum.move_clock(march(8, 10))
    assert 3 not in posts(client)


def test_a_post_that_left_the_stream_leaves_a_gap(forum: DemoForum, client: httpx.Client) -> None:
    stub = posts(client)[3]
    forum.move_clock(march(9))
    assert sorted(posts(client)) == [1, 2, 4, 5]
    assert stub["id"] not in client.get("/t/12.json").json()["post_stream"]["stream"]
    assert client.get(f"/posts/{stub['id']}.json").status_code == 404
    assert (item(client)["posts_count"], item(client)["highest_post_number"]) == (4, 5)


def test_an_edit_of_the_last_post_bumps_the_topic(forum: DemoForum, client: httpx.Client) -> None:
    forum.move_clock(march(9))
    assert item(client)["bumped_at"] == "2025-03-08T10:00:00.000Z"
    assert item(client)["last_posted_at"] == "2025-02-05T10:00:00.000Z"


def test_deleting_the_last_post_takes_the_counts_back(forum: DemoForum, client: httpx.Client) -> None:
    forum.move_clock(march(11))
    assert sorted(posts(client)) == [1, 2, 4]
    topic = item(client)
    assert (topic["posts_count"], topic["highest_post_number"]) == (3, 4)
    assert topic["last_posted_at"] == "2025-02-04T10:00:00.000Z"
    assert topic["last_poster_username"] == "mod_moira"


def test_a_small_action_is_a_post_without_text_that_closes_the_topic(client: httpx.Client) -> None:
    action = posts(client)[4]
    assert (action["post_type"], action["action_code"], action["cooked"]) == (3, "closed.enabled", "")
    assert item(client)["closed"] is True
    assert client.get("/t/12.json").json()["closed"] is True


@pytest.mark.parametrize(
    ("topic", "status", "kind"), [(13, 404, "not_found"), (14, 410, "not_found"), (15, 403, "invalid_access")]
)
def test_a_topic_that_is_gone_says_how(
    forum: DemoForum, client: httpx.Client, topic: int, status: int, kind: str
) -> None:
    path = f"/t/gone-with-{status}/{topic}.json"
    assert client.get(path).status_code == 200
    forum.move_clock(march(20))
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error_type"]) == (status, kind)
    assert client.get(f"/t/{topic}/posts.json").status_code == status
    assert client.get(f"/raw/{topic}").status_code == status
    assert client.get(f"/t/gone-with-{status}/{topic}").status_code == status


def test_a_topic_that_is_gone_is_in_no_list(forum: DemoForum, client: httpx.Client) -> None:
    forum.per_page = 30
    forum.move_clock(march(20))
    listed = client.get("/latest.json").json()["topic_list"]["topics"]
    assert {topic["id"] for topic in listed} == {10, 11, 12, 16}


def test_the_clock_can_be_moved_over_http(forum: DemoForum, client: httpx.Client) -> None:
    assert "Test Quay" in client.get("/__demo__/").text
    answer = client.post("/__demo__/clock", content="2025-03-31T12:00:00+02:00")
    assert "2025-03-31T10:00:00.000Z" in answer.text
    assert forum.clock == march(31, 10)
    assert client.post("/__demo__/clock", content="tomorrow").status_code == 400
    assert client.post("/t/12.json").status_code == 403
    assert forum.requests == []


def test_a_moment_without_a_zone_is_refused(forum: DemoForum) -> None:
    with pytest.raises(ValueError, match="zone"):
        forum.move_clock(datetime(2025, 3, 1))

"""How a topic is read page by page, and where its addresses lead."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


def numbers(answer: Any) -> list[int]:
    return [post["post_number"] for post in answer["post_stream"]["posts"]]


def test_the_first_answer_holds_twenty_posts_and_the_ids_of_all(client: httpx.Client) -> None:
    answer = client.get("/t/11.json").json()
    assert numbers(answer) == list(range(1, 21))
    assert len(answer["post_stream"]["stream"]) == answer["posts_count"] == 45


@pytest.mark.parametrize(("page", "first", "last"), [(0, 1, 20), (1, 1, 20), (2, 21, 40), (3, 41, 45)])
def test_a_page_holds_the_next_twenty(client: httpx.Client, page: int, first: int, last: int) -> None:
    assert numbers(client.get(f"/t/11.json?page={page}").json()) == list(range(first, last + 1))


def test_a_page_past_the_end_leads_back_to_the_last_one(client: httpx.Client) -> None:
    answer = client.get("/t/11.json?page=4")
    assert answer.status_code == 301
    assert answer.headers["location"].endswith("/t/a-long-thread/11.json?page=3")


def test_a_page_past_the_end_of_a_short_topic_leads_to_the_topic(client: httpx.Client) -> None:
    assert client.get("/t/10.json?page=9").headers["location"].endswith("/t/every-kind-of-paragraph/10.json")


def test_following_pages_forever_never_meets_an_error(client: httpx.Client) -> None:
    answers = [client.get(f"/t/11.json?page={page}", follow_redirects=True) for page in range(1, 8)]
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/t/a-long-thread.json", "/t/a-long-thread/11.json"),
        ("/t/wrong-slug/11.json", "/t/a-long-thread/11.json"),
        ("/t/wrong-slug/11/30.json", "/t/a-long-thread/11/30.json"),
        ("/t/wrong-slug/11.json?page=2", "/t/a-long-thread/11.json?page=2"),
        ("/t/11", "/t/a-long-thread/11"),
    ],
)
def test_an_address_that_is_not_quite_right_leads_to_the_right_one(client: httpx.Client, asked: str, led: str) -> None:
    answer = client.get(asked)
    assert answer.status_code == 301
    assert answer.headers["location"] == str(client.base_url).rstrip("/") + led


def test_a_post_is_shown_among_its_neighbours(client: httpx.Client) -> None:
    answer = client.get("/t/11/30.json").json()
    assert numbers(answer) == list(range(25, 45))
    assert answer["current_post_number"] == 30


@pytest.mark.parametrize(("number", "first"), [(1, 1), (3, 1), (45, 26), (999, 26)])
def test_the_neighbours_stay_within_the_topic(client: httpx.Client, number: int, first: int) -> None:
    assert numbers(client.get(f"/t/a-long-thread/11/{number}.json").json()) == list(range(first, first + 20))


def test_posts_are_given_by_id_in_order_of_number(client: httpx.Client) -> None:
    stream = client.get("/t/11.json").json()["post_stream"]["stream"]
    answer = client.get("/t/11/posts.json", params={"post_ids[]": [stream[40], stream[2]]}).json()
    assert numbers(answer) == [3, 41]
    assert answer["id"] == 11


def test_ids_that_are_not_there_are_left_out_without_a_word(client: httpx.Client) -> None:
    stream = client.get("/t/11.json").json()["post_stream"]["stream"]
    answer = client.get("/t/11/posts.json", params={"post_ids[]": [stream[0], 1, 999_999]})
    assert answer.status_code == 200
    assert numbers(answer.json()) == [1]


def test_posts_before_a_number_come_newest_first(client: httpx.Client) -> None:
    assert numbers(client.get("/t/11/posts.json?post_number=5").json()) == [4, 3, 2, 1]
    assert numbers(client.get("/t/11/posts.json?post_number=43&asc=true").json()) == [44, 45]


def test_all_ids_after_a_number_can_be_listed(client: httpx.Client) -> None:
    stream = client.get("/t/11.json").json()["post_stream"]["stream"]
    assert client.get("/t/11/post_ids.json?post_number=40").json() == {"post_ids": stream[40:]}


def test_raw_is_given_when_asked_for(client: httpx.Client) -> None:
    posts = client.get("/t/11/posts.json?post_number=3&include_raw=1").json()["post_stream"]["posts"]
    assert [post["raw"] for post in posts] == ["Post 2.", "Post 1."]


def test_a_gap_in_the_numbers_stays_a_gap(client: httpx.Client) -> None:
    answer = client.get("/t/10.json").json()
    assert numbers(answer) == [1, 5]
    assert (answer["posts_count"], answer["highest_post_number"]) == (2, 5)


def test_post_ids_follow_the_time_of_writing_across_topics(client: httpx.Client) -> None:
    posts = [post for topic in (10, 11, 12, 13, 16) for post in _all_posts(client, topic)]
    assert [post["id"] for post in sorted(posts, key=lambda post: post["id"])] == [
        post["id"] for post in sorted(posts, key=lambda post: (post["created_at"], post["topic_id"]))
    ]


def _all_posts(client: httpx.Client, topic: int) -> list[dict[str, Any]]:
    stream = client.get(f"/t/{topic}/post_ids.json").json()["post_ids"]
    answer = client.get(f"/t/{topic}/posts.json", params={"post_ids[]": stream}).json()
    return list(answer["post_stream"]["posts"])


def test_other_topics_are_suggested_on_the_last_page_only(client: httpx.Client) -> None:
    assert "suggested_topics" not in client.get("/t/11.json").json()
    assert len(client.get("/t/11.json?page=3").json()["suggested_topics"]) == 5


def test_the_timeline_marks_where_the_day_changes(client: httpx.Client) -> None:
    assert client.get("/t/11.json").json()["timeline_lookup"] == [[1, 57], [13, 56], [37, 55]]


def test_the_firehose_gives_the_newest_posts_with_their_markdown(client: httpx.Client) -> None:
    posts = client.get("/posts.json").json()["latest_posts"]
    assert [post["id"] for post in posts] == sorted((post["id"] for post in posts), reverse=True)
    assert posts[0]["raw"] == "The last word."
    assert all(post["post_type"] == 1 for post in posts)


def test_the_firehose_window_is_one_of_ids(client: httpx.Client) -> None:
    newest = client.get("/posts.json").json()["latest_posts"][0]["id"]
    older = [post["id"] for post in client.get(f"/posts.json?before={newest - 20}").json()["latest_posts"]]
    assert max(older) == newest - 20
    assert min(older) > newest - 70
    assert client.get("/posts.json?before=100").json() == {"latest_posts": []}


def test_raw_pages_end_in_silence(client: httpx.Client) -> None:
    text = client.get("/raw/10").text
    assert text.startswith("ann | 2025-01-01 10:00:00 UTC | #1\n\nThey said")
    assert '[quote="Bert_B' not in text
    assert '[quote="cleo, post:2, topic:11"]\nPost 2.\n[/quote]' in text
    past = client.get("/raw/10?page=2")
    assert (past.status_code, past.text) == (200, "")
    assert client.get("/raw/11/3").text == "Post 3."


def test_what_never_was_is_not_found(client: httpx.Client) -> None:
    answer = client.get("/t/999.json")
    assert answer.status_code == 404
    assert answer.json()["error_type"] == "not_found"
    assert client.get("/posts/1.json").status_code == 404
    assert client.get("/t/no-such-slug.json").status_code == 404


def test_pictures_are_served_even_if_no_file_exists(client: httpx.Client) -> None:
    cooked = client.get("/t/10.json").json()["post_stream"]["posts"][0]["cooked"]
    for attribute in ('class="lightbox" href="', 'data-download-href="'):
        answer = client.get(cooked.partition(attribute)[2].partition('"')[0])
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")
    assert client.get("/uploads/default/original/1X/none.png").status_code == 404


def test_a_person_can_click_through_the_pages(client: httpx.Client) -> None:
    front = client.get("/latest?page=1").text
    assert '<a href="/t/a-long-thread/11"' in front
    page = client.get("/t/a-long-thread/11?page=2").text
    assert '<div id="post_21" itemprop="comment"' in page
    assert 'rel="next" itemprop="url" href="/t/a-long-thread/11?page=3"' in page
    assert 'href="/t/a-long-thread/11/2">A long thread</a>' in client.get("/t/every-kind-of-paragraph/10").text
    assert client.get("/t/999").status_code == 404

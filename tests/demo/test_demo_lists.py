"""Topic lists: their order, their pages, and the address of the next one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from demo import DemoForum


def ids(answer: httpx.Response) -> list[int]:
    return [topic["id"] for topic in answer.json()["topic_list"]["topics"]]


def sweep(client: httpx.Client, path: str) -> list[list[int]]:
    """The ids of each page, as a crawler reads them: ``.json`` goes before the question mark."""
    pages = []
    while path:
        answer = client.get(path)
        pages.append(ids(answer))
        path = answer.json()["topic_list"].get("more_topics_url", "").replace("?", ".json?")
    return pages


def test_a_pinned_topic_stands_first_and_the_others_by_activity(client: httpx.Client) -> None:
    assert sweep(client, "/latest.json") == [[16, 12], [15, 11], [14, 13], [10]]


def test_by_creation_a_pinned_topic_stands_where_it_belongs(client: httpx.Client) -> None:
    pages = sweep(client, "/latest.json?order=created&ascending=true")
    assert pages == [[16, 10], [11, 13], [14, 15], [12]]


def test_by_activity_a_pinned_topic_still_stands_first(client: httpx.Client) -> None:
    assert ids(client.get("/latest.json?order=activity"))[0] == 16


def test_the_next_page_keeps_the_parameters_and_is_an_html_path(client: httpx.Client) -> None:
    url = client.get("/latest.json?order=created&ascending=true").json()["topic_list"]["more_topics_url"]
    assert url == "/latest?ascending=true&no_definitions=true&order=created&page=1"


def test_a_full_last_page_names_a_next_one_that_is_empty(forum: DemoForum, client: httpx.Client) -> None:
    forum.per_page = 7
    assert [len(page) for page in sweep(client, "/latest.json")] == [7, 0]


def test_a_category_lists_only_its_own(client: httpx.Client) -> None:
    assert sweep(client, "/c/fees/4.json") == [[12, 15], [14, 13], []]
    assert sweep(client, "/c/parcels/3/l/latest.json") == [[16, 11], [10]]


def test_a_wrong_category_slug_leads_to_the_right_one(client: httpx.Client) -> None:
    answer = client.get("/c/wrong/4/l/latest.json")
    assert answer.status_code == 301
    assert answer.headers["location"].endswith("/c/fees/4/l/latest.json")
    assert client.get("/c/4.json").headers["location"].endswith("/c/fees/4.json")


@pytest.mark.parametrize("query", ["page=x", "page=-1", "order=sideways"])
def test_a_parameter_that_makes_no_sense_is_refused(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/latest.json?{query}")
    assert answer.status_code == 400
    assert answer.json()["error_type"] == "invalid_parameters"


def test_posters_are_the_author_the_frequent_and_the_last(client: httpx.Client) -> None:
    answer = client.get("/c/parcels/3.json").json()
    long = next(topic for topic in answer["topic_list"]["topics"] if topic["id"] == 11)
    names = {user["id"]: user["username"] for user in answer["users"]}
    assert [(names[poster["user_id"]], poster["description"]) for poster in long["posters"]] == [
        ("Bert_B", "Original Poster"),
        ("cleo", "Frequent Poster"),
        ("ann", "Most Recent Poster"),
    ]
    assert long["last_poster_username"] == "ann"


def test_the_site_tells_its_categories(client: httpx.Client) -> None:
    categories: list[dict[str, Any]] = client.get("/site.json").json()["categories"]
    assert [(category["id"], category["slug"], category["topic_count"]) for category in categories] == [
        (3, "parcels", 3),
        (4, "fees", 4),
    ]
    detailed = client.get("/categories.json").json()["category_list"]["categories"]
    assert detailed[0]["post_count"] == 48


def test_robots_txt_is_the_one_of_an_untouched_discourse(client: httpx.Client) -> None:
    text = client.get("/robots.txt").text
    assert "User-agent: *\nDisallow: /admin/\n" in text
    assert "\nDisallow: /search\n" in text


def test_search_finds_words_in_posts(client: httpx.Client) -> None:
    answer = client.get("/search.json?q=last+word").json()
    assert [(hit["topic_id"], hit["post_number"]) for hit in answer["posts"]] == [(12, 5)]
    assert client.get("/search.json?q=post&page=11").status_code == 400

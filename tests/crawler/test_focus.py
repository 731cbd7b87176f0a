"""By default only what matches is taken, and what that links to; what was passed over stays known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from demo.faults import answer
from demo.model import Forum, Paragraph
from tests.crawler.conftest import Bench, Benches, about, linked_forum

# 1 matches and links to 2, which links to 3, which links to 4; 5 stands alone.
TITLES = {1: "Promoted again", 2: "Old story", 3: "Older story", 4: "Oldest story", 5: "Something else"}
CHAIN = {1: (2,), 2: (3,), 3: (4,)}
PROMOTED = about("Promoted")


def held(crawled: Bench) -> list[int]:
    return [int(row[0]) for row in crawled.rows("select native_id from threads order by 1")]


def test_only_threads_that_match_and_what_they_link_to_are_taken(bench: Benches) -> None:
    crawled = bench(linked_forum(TITLES, CHAIN))
    assert crawled.crawl(everything=False, interest=PROMOTED).exit_code == 0
    assert held(crawled) == [1, 2]
    assert crawled.rows("select native_id, held_because from threads order by 1") == [
        ("1", "Promoted"),
        ("2", "link in 1/1"),
    ]


def test_what_was_listed_and_passed_over_is_told(bench: Benches) -> None:
    crawled = bench(linked_forum(TITLES, CHAIN))
    crawled.crawl(everything=False, interest=PROMOTED)
    rows = crawled.rows("select native_id, title, decision, reason from listed_threads order by 1")
    assert rows[0] == ("1", TITLES[1], "taken", "Promoted")
    assert rows[4] == ("5", TITLES[5], "passed", "no match")


def test_depth_says_how_many_links_far(bench: Benches) -> None:
    crawled = bench(linked_forum(TITLES, CHAIN))
    crawled.crawl(everything=False, interest=PROMOTED, depth=0)
    assert held(crawled) == [1]
    crawled.crawl(everything=False, interest=PROMOTED, depth=1)
    assert held(crawled) == [1, 2]
    crawled.crawl(everything=False, interest=PROMOTED, depth=3)
    assert held(crawled) == [1, 2, 3, 4]


def test_crawling_again_does_not_reach_further(bench: Benches) -> None:
    crawled = bench(linked_forum(TITLES, CHAIN))
    for recheck in (False, True, True):
        crawled.crawl(everything=False, interest=PROMOTED, recheck=recheck)
        assert held(crawled) == [1, 2]


def test_links_in_a_circle_end(bench: Benches) -> None:
    crawled = bench(linked_forum(TITLES, {1: (2,), 2: (1, 3), 3: (2, 1)}))
    assert crawled.crawl(everything=False, interest=PROMOTED, depth=9).exit_code == 0
    assert held(crawled) == [1, 2, 3]


def test_a_linked_thread_that_failed_is_asked_for_by_the_next_run(bench: Benches) -> None:
    crawled = bench(linked_forum(TITLES, CHAIN))
    crawled.forum.faults.append(answer("/t/2.json", 500, times=None))
    assert crawled.crawl(everything=False, interest=PROMOTED).exit_code == 3
    crawled.forum.faults.clear()
    assert crawled.crawl(everything=False, interest=PROMOTED).exit_code == 0
    assert held(crawled) == [1, 2]
    assert crawled.asked_for("/t/") == ["/t/2.json"]


def test_a_link_to_what_is_gone_is_asked_once_and_marked(bench: Benches) -> None:
    crawled = bench(linked_forum({1: TITLES[1]}, {1: (99,)}))
    assert crawled.crawl(everything=False, interest=PROMOTED).exit_code == 0
    assert crawled.asked_for("/t/") == ["/t/1.json", "/t/99.json"]
    assert crawled.rows("select target_native_id, state from links") == [("99", "gone")]
    crawled.crawl(everything=False, interest=PROMOTED)
    assert crawled.asked_for("/t/") == []


def test_tags_and_excerpts_count_as_well_as_titles(bench: Benches) -> None:
    forum = linked_forum({1: "One", 2: "Two", 3: "Three"})
    first, second, third = forum.threads
    pinned = replace(
        third, pinned=True, posts=(replace(third.posts[0], body=(Paragraph("p", "On Promoted offers."),)),)
    )
    crawled = bench(replace(forum, threads=(first, replace(second, tags=("Promoted",)), pinned)))
    crawled.crawl(everything=False, interest=PROMOTED)
    assert held(crawled) == [2, 3]


def with_text(forum: Forum, thread_id: int, text: str) -> Forum:
    threads = []
    for thread in forum.threads:
        body = (Paragraph("p", text), *thread.posts[0].body)
        changed = replace(thread, posts=(replace(thread.posts[0], body=body),))
        threads.append(changed if thread.id == thread_id else thread)
    return replace(forum, threads=tuple(threads))


def test_deep_reads_every_thread_and_follows_those_whose_text_matches(bench: Benches) -> None:
    forum = linked_forum({1: "One", 2: "Two", 3: "Three"}, {1: (50,), 2: (60,)})
    crawled = bench(with_text(forum, 1, "Promoted, without being asked."))
    for _ in range(2):
        assert crawled.crawl(everything=False, interest=PROMOTED, deep=True).exit_code == 0
        assert held(crawled) == [1, 2, 3]
        assert crawled.rows("select native_id from absent_threads") == [("50",)]
        assert crawled.rows("select decision, reason from listed_threads where native_id = '1'") == [
            ("taken", "text: Promoted")
        ]


def test_everything_takes_everything(bench: Benches) -> None:
    crawled = bench(linked_forum(TITLES, CHAIN))
    crawled.crawl(everything=True, interest=PROMOTED)
    assert held(crawled) == [1, 2, 3, 4, 5]


def test_since_passes_over_what_has_been_quiet(bench: Benches) -> None:
    forum = linked_forum({1: "One", 2: "Two"})
    first = forum.threads[0]
    late = replace(first, posts=(replace(first.posts[0], at=first.posts[0].at + timedelta(days=60)),))
    crawled = bench(replace(forum, threads=(late, forum.threads[1])))
    crawled.crawl(since="2024-04-15T00:00:00Z")
    assert held(crawled) == [1]
    assert crawled.rows("select reason from listed_threads where decision = 'passed'") == [
        ("no activity since 2024-04-15",)
    ]


def test_a_named_thread_is_taken_with_what_it_links_to_and_no_list_is_read(bench: Benches) -> None:
    crawled = bench(linked_forum(TITLES, CHAIN))
    assert crawled.crawl(everything=False, threads=("2",), interest=PROMOTED).exit_code == 0
    assert held(crawled) == [2, 3]
    assert crawled.asked_for("latest") == []

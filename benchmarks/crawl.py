"""How few requests, how close to the limits, and how long a crawl takes: `python -m benchmarks.crawl [TOPICS]`.

A synthetic forum with Discourse's default limits (50 requests in 10 s, 200 in 60 s) is crawled whole, and then again
unchanged. Printed beside each figure is the least that is possible: one request a topic, the list pages, one request
for each further 300 posts of a topic; and the seconds that so many requests take at the server's own limit. About a
minute and a half for 301 topics.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from demo import DemoForum, Limits
from tests.crawling import crawl, opened
from tests.forums import small_forum

PAGE, CHUNK, BATCH = 30, 20, 300


def main(topics: int) -> None:
    # One topic in twenty has 60 posts, one in a hundred 437.
    sizes = {i: 437 if i % 100 == 0 else 60 if i % 20 == 0 else 6 for i in range(1, topics + 1)}
    lists = -(-topics // PAGE)
    least = topics + lists + sum(-(-(size - CHUNK) // BATCH) for size in sizes.values() if size > CHUNK)
    folder = Path(tempfile.mkdtemp())
    with DemoForum(small_forum(sizes), limits=Limits()) as forum:
        for name, fewest in (("whole forum", least), ("again, unchanged", lists)):
            before, began = len(forum.requests), time.monotonic()
            crawl(forum.url, folder, rate=None, everything=True)
            seconds, sent = time.monotonic() - began, forum.requests[before:]
            limited = sum(request.status == 429 for request in sent)
            floor = max(0.0, (len(sent) / 200 - 1) * 60 + 40) if len(sent) > 50 else 0.0
            print(
                f"{name}: {len(sent)} requests (least {fewest}), {limited} x 429, {seconds:.1f} s (at the limit {floor:.0f} s)"
            )
    held = opened(folder).conn.execute("select count(*), (select count(*) from posts) from threads").fetchone()
    print(f"held: {held[0]} of {topics} topics, {held[1]} of {sum(sizes.values())} posts")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 301)

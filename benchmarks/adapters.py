"""How fast each kind of page is read, on one core, against selectolax merely parsing the same bytes.

    python benchmarks/adapters.py [--seconds 2]

The pages are synthetic and made here. Each round reads every page once with the adapter and once with the parser alone,
in turn, so that both meet the same machine; the ratio is the figure that travels between machines.
"""

from __future__ import annotations

import argparse
import html
import json
import random
import time
from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser

from crawler.observations import ThreadPage
from crawler.sites import Site, reader

OSFE = Site("osfe-us", "discourse_html", "https://sellercentral.amazon.com/forums")
NSFE = Site("nsfe-us", "amazon_nsfe", "https://sellercentral.amazon.com/seller-forums")
WORDS = (
    "they switched this on for every listing and nobody was told how to opt out of it before the labels came".split()
)
MOMENT = "2019-05-01T10:00:00Z"
POSTS, PAGES = 20, 50


def prose(random_: random.Random) -> str:
    paragraphs = (" ".join(random_.choices(WORDS, k=random_.randint(20, 90))) for _ in range(random_.randint(1, 4)))
    return "".join(f"<p>{text}.</p>" for text in paragraphs)


def document(title: str, inner: str) -> bytes:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{inner}</body></html>".encode()


def layout_a(random_: random.Random) -> bytes:
    posts = "".join(
        f'<div itemscope class="topic-body crawler-post"><span class="creator"><a itemprop="url" href="/u/ada">'
        f'<span itemprop="name">ada</span></a></span><time itemprop="datePublished" datetime="{MOMENT}">May 1</time>'
        f'<span itemprop="position">#{n}</span><div class="post" itemprop="articleBody">{prose(random_)}</div>'
        f'<span class="post-likes">2 Likes</span></div>'
        for n in range(1, POSTS + 1)
    )
    return document("T", f'<h1><a href="/forums/t/t/7">T</a></h1>{posts}')


def layout_b(random_: random.Random) -> bytes:
    posts = "".join(
        f'<div id="post_{n}" itemprop="comment" class="topic-body crawler-post"><span class="creator">'
        f'<a itemprop="url" href="/u/ada"><span itemprop="name">ada</span></a></span>'
        f'<time itemprop="datePublished" datetime="{MOMENT}">May 1</time><span itemprop="position">{n}</span>'
        f'<div class="post" itemprop="text">{prose(random_)}</div></div>'
        for n in range(1, POSTS + 1)
    )
    return document("T", f'<h1><a href="/forums/t/t/7">T</a></h1>{posts}')


def topic(random_: random.Random) -> dict[str, object]:
    posts = [
        {"id": n, "post_number": n, "username": "ada", "created_at": MOMENT, "cooked": prose(random_), "post_type": 1}
        for n in range(1, POSTS + 1)
    ]
    return {"id": 7, "title": "T", "post_stream": {"posts": posts, "stream": list(range(1, POSTS + 1))}}


def shell(random_: random.Random) -> bytes:
    data = json.dumps({"topic_7": json.dumps(topic(random_))})
    return document("T", f'<div id="data-preloaded" data-preloaded="{html.escape(data)}"></div>')


def data(random_: random.Random) -> bytes:
    return json.dumps(topic(random_)).encode()


def nsfe(random_: random.Random) -> bytes:
    posts = "".join(
        f'<article id="post-{n:032x}"><span>Seller_aB3dE5gH7jK9m</span><time datetime="{MOMENT}">1 May</time>'
        f'<div data-testid="post-content">{prose(random_)}</div><span data-testid="upvote-metric">1</span></article>'
        for n in range(POSTS)
    )
    return document("T", f'<h1>T</h1>{posts}<span data-testid="reply-metric">{POSTS - 1} replies</span>')


KINDS: dict[str, tuple[Site, str, Callable[[random.Random], bytes]]] = {
    "discourse_html, layout A": (OSFE, f"{OSFE.base_url}/t/t/7", layout_a),
    "discourse_html, layout B": (OSFE, f"{OSFE.base_url}/t/t/7", layout_b),
    "discourse_html, shell": (OSFE, f"{OSFE.base_url}/t/t/7", shell),
    "discourse (data)": (OSFE, f"{OSFE.base_url}/t/7.json", data),
    "amazon_nsfe": (NSFE, f"{NSFE.base_url}/discussions/t/{0:032x}", nsfe),
}


def measure(site: Site, url: str, pages: list[bytes], seconds: float) -> tuple[float, float, int]:
    """Seconds for the adapter, seconds for the parser alone, rounds."""
    ours = parser = 0.0
    rounds = 0
    while ours + parser < seconds:
        rounds += 1
        for page in pages:
            start = time.perf_counter()
            seen = reader(site, url, page).read(site, url, 200, page)
            middle = time.perf_counter()
            LexborHTMLParser(page)
            parser += time.perf_counter() - middle
            ours += middle - start
            if not isinstance(seen, ThreadPage) or len(seen.posts) != POSTS:
                raise SystemExit(f"{url}: not read as a thread of {POSTS} posts")
    return ours, parser, rounds


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--seconds", type=float, default=2.0, help="for each kind of page")
    seconds = arguments.parse_args().seconds
    print(f"{'page':28}{'MB/s':>8}{'posts/s':>10}{'parser alone MB/s':>20}{'times the parser':>18}")
    for name, (site, url, make) in KINDS.items():
        random_ = random.Random(7)
        pages = [make(random_) for _ in range(PAGES)]
        size = sum(map(len, pages))
        ours, parser, rounds = measure(site, url, pages, seconds)
        posts = rounds * PAGES * POSTS / ours
        print(
            f"{name:28}{rounds * size / ours / 1e6:8.1f}{posts:10,.0f}{rounds * size / parser / 1e6:20.1f}"
            f"{ours / parser:18.2f}"
        )


if __name__ == "__main__":
    main()

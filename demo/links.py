"""Links between topics: those that a post sets, and those that other topics set to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from selectolax.lexbor import LexborHTMLParser

from demo.answers import Json
from demo.cook import internal_topic
from demo.model import Forum, Thread
from demo.state import PostState


def links_of(cooked: str, thread: Thread, forum: Forum) -> list[tuple[str, str | None]]:
    """``(url, title)`` of each link, once, as Discourse counts them: no mentions, anchors or uploads."""
    found: dict[str, str | None] = {}
    tree = LexborHTMLParser(cooked)
    for aside in tree.css("aside.quote[data-topic]"):
        target = forum.thread(int(aside.attributes["data-topic"] or 0))
        if target and target is not thread:
            found.setdefault(topic_url(target, int(aside.attributes["data-post"] or 1), forum), target.title)
    for node in tree.css("aside.quote .title, a.mention, a.lightbox, a.anchor"):
        node.decompose()
    for anchor in tree.css("a[href]"):
        href = anchor.attributes["href"] or ""
        url = forum.address + href if href.startswith("/") else href
        topic = internal_topic(url, forum)
        target = forum.thread(topic[0]) if topic else None
        title = target.title if target else None
        if anchor.parent is not None and anchor.parent.tag == "h3":
            title = anchor.text().strip()
        found[url] = found.get(url) or title
    return list(found.items())


def topic_url(thread: Thread, number: int, forum: Forum) -> str:
    """The address in print of a post; that of the first one is the topic's own."""
    url = f"{forum.address}/t/{thread.slug}/{thread.id}"
    return url if number == 1 else f"{url}/{number}"


def reflections(
    there: Sequence[Thread],
    states: Mapping[int, Sequence[PostState]],
    cooked: Mapping[int, str],
    forum: Forum,
) -> dict[int, list[Json]]:
    """Post id -> the links that other topics set to it, which Discourse shows on the post itself."""
    found: dict[int, list[Json]] = {}
    numbers = {(thread.id, state.post.number): state.post.id for thread in there for state in states[thread.id]}
    for thread in there:
        for state in states[thread.id]:
            for url, _ in links_of(cooked[state.post.id], thread, forum):
                topic = internal_topic(url, forum)
                post_id = numbers.get((topic[0], topic[1] or 1)) if topic else None
                if post_id is None or topic is None or topic[0] == thread.id:
                    continue
                entry = {
                    "url": topic_url(thread, state.post.number, forum),
                    "internal": True,
                    "reflection": True,
                    "title": thread.title,
                    "clicks": 0,
                }
                if entry not in found.setdefault(post_id, []):
                    found[post_id].append(entry)
    return found

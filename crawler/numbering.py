"""Which number a post has of which a list shows the id alone.

A page of data lists the ids of all posts of a thread and shows some of them with their numbers. Pages of HTML show
numbers and no ids. The two are put together only where nothing else is possible: both ids and numbers ascend, so
between two posts whose numbers lie as far apart as their places in the list, every post has the next number. Where a
post was removed in between, or the forum puts posts out of order (staff first), nothing follows, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from crawler.observations import SeenPost


def numbers_of(stream: Sequence[str], shown: Iterable[SeenPost], last_number: int | None) -> dict[str, int]:
    """The numbers of ids in `stream` that follow without doubt from the posts `shown` with it, without those shown.

    `last_number` is the number of the last post, None if the page does not say.
    """
    if not all(native_id.isdecimal() for native_id in stream):
        return {}
    ids = [int(native_id) for native_id in stream]
    places = {native_id: place for place, native_id in enumerate(stream)}
    marks = {places[post.native_id]: post.number for post in shown if post.native_id in places}
    known = set(marks)
    if last_number and stream:
        marks.setdefault(len(stream) - 1, last_number)
    ordered = [(-1, 0), *sorted(marks.items())]
    numbers = [number for _, number in ordered]
    if not (_ascends(ids) and _ascends(numbers)):
        return {}
    found: dict[str, int] = {}
    for (before, low), (after, high) in pairwise(ordered):
        if after - before == high - low:
            between = (place for place in range(before + 1, after + 1) if place not in known)
            found |= {stream[place]: low + place - before for place in between}
    return found


def _ascends(values: Sequence[int]) -> bool:
    return all(one < other for one, other in pairwise(values))

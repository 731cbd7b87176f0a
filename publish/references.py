"""What a thread links to and what links to it, with what became of each: alive, gone, recovered, looked up in vain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from publish import addresses

Row = dict[str, Any]
Ask = Callable[[str, Sequence[Any]], Awaitable[list[Row]]]

# A thread of thousands of links shows so many.
MOST = 400
OUT = f"""
select l.kind, l.title as words, l.url, l.state, l.target_site_id, l.target_native_id, l.target_number, p.number,
    t.title, t.permalink, t.state as target_state, t.gone_at,
    (select count(*) from posts where thread_id = t.id) as entries, c.captured_at, c.route, s.title as forum
from links l join posts p on p.id = l.post_id left join threads t on t.id = l.target_thread_id
    left join captures c on c.id = t.capture_id left join sites s on s.id = l.target_site_id
where l.thread_id = ? and l.kind != 'mention' and l.target_thread_id is not l.thread_id
order by l.target_native_id is null, l.post_id, l.id limit {MOST}
"""
IN = f"""
select t.id, t.title, t.permalink, t.state, t.created_at, s.title as forum, count(*) as links, min(l.permalink) as first,
    group_concat(distinct l.target_number) as numbers
from (select * from links where target_thread_id = ? and thread_id != target_thread_id order by id limit {MOST}) l
    join threads t on t.id = l.thread_id join sites s on s.id = t.site_id
group by t.id order by t.id desc
"""
LOOKUPS = "select * from lookups where site_id = ? and native_id = ? order by looked_at desc"
LOOKED_UP = """
select * from lookups where (site_id, native_id) in (
    select target_site_id, target_native_id from links where thread_id = ? and target_thread_id is null)
order by looked_at desc
"""


async def outgoing(ask: Ask, thread_id: int) -> list[Row]:
    """The threads and pages that the posts point to, each once, with the posts that do and what was looked up."""
    targets: dict[tuple[str, ...], Row] = {}
    for link in await ask(OUT, [thread_id]):
        thread = link["target_native_id"] is not None
        key: tuple[str, ...] = (link["target_site_id"], link["target_native_id"]) if thread else ("", link["url"])
        place = addresses.reference(*key) if thread else None
        target = targets.setdefault(key, link | {"thread": thread, "numbers": [], "place": place})
        if link["number"] not in target["numbers"]:
            target["numbers"].append(link["number"])
        target["words"] = target["words"] or link["words"]
    looked_up: dict[tuple[str, ...], list[Row]] = {}
    for row in await ask(LOOKED_UP, [thread_id]):
        looked_up.setdefault((row["site_id"], row["native_id"]), []).append(row)
    for key, target in targets.items():
        target["lookups"] = looked_up.get(key, [])
        target["label"] = target["title"] or target["words"] or _short(target["url"])
        target["state"] = target["target_state"] or target["state"]
        target["posts"] = [(number, _place(number)) for number in target["numbers"]]
    return sorted(targets.values(), key=lambda target: not target["thread"])


async def incoming(ask: Ask, thread_id: int) -> list[Row]:
    """The threads that link to this one, the newest first."""
    return await ask(IN, [thread_id])


def _place(number: int) -> str:
    page = addresses.page_of(number)
    return f"#p{number}" if page == 1 else f"?page={page}#p{number}"


def _short(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{parts.path}"[:90]

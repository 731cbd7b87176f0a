"""The page of a search: its form, what narrows it and by how much, and its feed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from publish import feeds, labels, query, search, wording
from publish.site import Row, Site

PROGRAMS = "select id, name, posts from programs where posts > 0 order by name"
THEMES = "select id, name, posts from themes where posts > 0 order by name"
SITES = "select id, title as name, posts from sites order by title"
YEARS = "select distinct substr(month, 1, 4) as id from site_months where posts > 0 order by 1 desc"
NAMES = {
    "program": ("Program", "any program"), "theme": ("Theme", "any theme"), "site": ("Forum", "any forum"),
    "year": ("Year", "any year"), "voice": ("Voice", "any voice"), "how": ("Program is", "named, described or meant"),
    "state": ("State", "alive or vanished"),
}  # fmt: skip
# Parameters that the page knows.
KNOWN = ("q", *labels.KINDS, "sort", "page")


async def read(site: Site, question: search.Question, arguments: Mapping[str, str]) -> Row:
    """What the page shows; `arguments` are the parameters of the address, as they came."""
    found = await search.find(site.database, question)
    await _ways_out(site, found["meant"])
    lists = await choices(site)
    filters: list[Row] = []
    unknown: list[Row] = []
    for kind, (label, everything) in NAMES.items():
        asked = getattr(question, kind)
        entries = []
        for value, name in lists[kind]:
            posts = found["labels"].get(labels.key(kind, value), 0)
            # A label is the same in capitals.
            chosen = labels.token(kind, value) == labels.token(kind, asked)
            if posts or not question.asked or chosen:
                entries.append({"value": value, "name": name, "posts": posts, "chosen": chosen})
        if question.asked:
            entries.sort(key=lambda entry: -entry["posts"] if kind != "year" else 0)
        if asked and not any(entry["chosen"] for entry in entries):
            without = link(site, question, **{kind: ""})
            unknown.append(
                {"label": label, "name": asked, "said": await _unknown(site, kind, asked), "without": without}
            )
            entries.append({"value": asked, "name": asked, "posts": 0, "chosen": True})
        filters.append({"kind": kind, "label": label, "all": everything, "entries": entries})
    chosen_entries = [
        {"label": each["label"], "name": entry["name"], "without": link(site, question, **{each["kind"]: ""})}
        for each in filters for entry in each["entries"] if entry["chosen"]
    ]  # fmt: skip
    parameters = urlencode(question.parameters)
    pages = min(-(-found["count"] // search.PAGE), search.MOST_PAGES)
    return found | {
        "question": question, "filters": filters, "chosen": chosen_entries, "ranked": search.RANKED, "pages": pages,
        "unknown": unknown, "ignored": _ignored(question, arguments), "kinds": list(NAMES),
        "wordless": bool(question.q) and query.fts_query(question.q) == query.NOTHING,
        "unwanted": query.has_word(question.q),
        "link": lambda **changes: link(site, question, **changes),
        "csv": f"/-/export/search.csv?{parameters}", "json": f"/-/export/search.json?{parameters}",
        "feed": f"/search.atom?{urlencode(question.of_feed)}" if question.asked else "", "feed_entries": feeds.ENTRIES,
        "examples": await site.rows("select name from programs where posts > 0 order by recent_posts desc, posts desc limit 4"),
    }  # fmt: skip


async def _ways_out(site: Site, meant: list[Row]) -> None:
    """Say of each program that is meant how one gets out of it: that is what most who type its name want to know."""
    programs = [entry["id"] for entry in meant if entry["kind"] == "program"]
    rows = await site.rows(
        f"select id, exit_method, exit_checked_on from programs where id in ({', '.join('?' * len(programs))})",
        programs,
    )
    known = {row["id"]: row for row in rows}
    for entry in meant:
        row = known.get(entry["id"], {}) if entry["kind"] == "program" else {}
        entry |= {"exit": row.get("exit_method"), "checked": row.get("exit_checked_on")}


async def _unknown(site: Site, kind: str, value: str) -> str:
    """Why nothing can be found with a filter that is set to this."""
    table = {"program": "programs", "theme": "themes"}.get(kind)
    known = table and await site.row(f"select name from {table} where id = ?", [value.lower()])
    if known:
        return (
            f"No post here is about “{known['name']}”."
            if kind == "program"
            else f"No post here says “{known['name']}”."
        )
    if kind == "year":
        return f"Nothing is held of the year {value}." if re.fullmatch("[0-9]{4}", value) else f"“{value}” is no year."
    kinds = {
        "program": "program",
        "theme": "theme",
        "site": "forum",
        "voice": "voice",
        "how": "kind of mention",
        "state": "state",
    }
    return f"There is no {kinds[kind]} “{value}” here."


def _ignored(question: search.Question, arguments: Mapping[str, str]) -> list[str]:
    """Parameters of the address that say nothing here, as `name=value`."""
    found = [f"{name}={value}" for name, value in arguments.items() if name not in KNOWN and not name.startswith("_")]
    if arguments.get("sort", "best") not in ("", *search.SORTS):
        found.append(f"sort={arguments['sort']}")
    if arguments.get("page") and not search.PAGE_NUMBER.fullmatch(arguments["page"]):
        found.append(f"page={arguments['page']}")
    return [each[:60] for each in found[:5]]


async def choices(site: Site) -> dict[str, list[tuple[str, str]]]:
    """What each filter can be set to: (value, name)."""
    lists: dict[str, list[tuple[str, str]]] = {
        kind: [(row["id"], row["name"]) for row in await site.rows(sql)]
        for kind, sql in (("program", PROGRAMS), ("theme", THEMES), ("site", SITES))
    }  # fmt: skip
    years = [(row["id"], row["id"]) for row in await site.rows(YEARS)]
    return lists | {
        "year": years, "voice": list(wording.VOICES.items()), "how": list(wording.HOW.items()),
        "state": list(wording.STATES.items()),
    }  # fmt: skip


def link(site: Site, question: search.Question, /, **changes: Any) -> str:
    """The address of this search with something changed; the first page, unless a page is asked for."""
    asked = {key: value for key, value in (question.parameters | changes).items() if value not in ("", None)}
    return site.here("/search") + (f"?{urlencode(asked)}" if asked else "")

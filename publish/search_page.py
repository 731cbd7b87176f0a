"""The page of a search: its form, what narrows it and by how much, and its feed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from publish import labels, search, wording
from publish.site import Row, Site

PROGRAMS = "select id, name, posts from programs where posts > 0 order by name"
THEMES = "select id, name, posts from themes where posts > 0 order by name"
SITES = "select id, title as name, posts from sites order by title"
YEARS = "select distinct substr(month, 1, 4) as id from site_months where posts > 0 order by 1 desc"
NAMES = {
    "program": ("Program", "any program"), "theme": ("Theme", "any theme"), "site": ("Forum", "any forum"),
    "year": ("Year", "any year"), "voice": ("Voice", "any voice"), "how": ("Program is", "named or meant"),
    "state": ("State", "alive or vanished"),
}  # fmt: skip


async def read(site: Site, question: search.Question) -> Row:
    """What the page shows."""
    found = await search.find(site.database, question)
    lists = await choices(site)
    filters: list[Row] = []
    for kind, (label, everything) in NAMES.items():
        entries = []
        for value, name in lists[kind]:
            posts = found["labels"].get(labels.key(kind, value), 0)
            if posts or not question.asked or value == getattr(question, kind):
                entries.append(
                    {"value": value, "name": name, "posts": posts, "chosen": value == getattr(question, kind)}
                )
        if question.asked:
            entries.sort(key=lambda entry: -entry["posts"] if kind != "year" else 0)
        filters.append({"kind": kind, "label": label, "all": everything, "entries": entries})
    chosen = [
        {"label": each["label"], "name": entry["name"], "without": link(site, question, **{each["kind"]: ""})}
        for each in filters for entry in each["entries"] if entry["chosen"]
    ]  # fmt: skip
    asked = urlencode(question.parameters)
    return found | {
        "question": question, "filters": filters, "chosen": chosen, "ranked": search.RANKED,
        "link": lambda **changes: link(site, question, **changes),
        "csv": f"/-/export/search.csv?{asked}", "json": f"/-/export/search.json?{asked}",
        "feed": f"/search.atom?{asked}" if question.asked else "",
        "examples": await site.rows("select name from programs where posts > 0 order by recent_posts desc, posts desc limit 4"),
    }  # fmt: skip


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

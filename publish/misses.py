"""Addresses that lead nowhere: what was meant, what is known of it, and where to go on."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote

from publish import addresses, references, tables
from publish.site import Row, Site

PAGES = ("search", "programs", "themes", "forums", "matrix", "coverage", "method", "corrections", "feed.atom")
THREAD = re.compile(r"/thread/(?P<site>[^/]+)/(?P<thread>[^/]+)(?:/(?P<rest>.*))?")
CITED = re.compile(r"cite/(?P<post>[^/]+?)(?:\.txt|\.bib)?")
SUBJECT = re.compile(r"/(?P<kind>program|theme|forum)/(?P<id>[^/]+)")
TABLES = {"program": "programs", "theme": "themes", "forum": "sites"}
HELD = """
select t.native_id, t.title, t.site_id, s.title as forum from threads t join sites s on s.id = t.site_id
where t.site_id = ? and t.native_id = ?
"""
# Links to a thread that is not held, at most.
LINKING = """
select l.url, l.permalink, l.title as words, t.title, t.state, t.created_at, p.number, s.title as forum
from links l join threads t on t.id = l.thread_id join posts p on p.id = l.post_id join sites s on s.id = t.site_id
where l.target_site_id = ? and l.target_native_id = ? and l.target_thread_id is null order by l.id limit 50
"""


async def read(site: Site, path: str, message: str) -> Row:
    """What the page says: `said`, `near` (pages that may be meant: label and address), and of a thread what is known."""
    found: Row = {"said": message, "near": [], "thread": None, "words": _words(path), "numbers": False}
    if match := THREAD.fullmatch(path):
        forum, native_id = addresses.read_part(match["site"]), addresses.read_part(match["thread"])
        held = await site.row(HELD, [forum, native_id])
        return found | (_in_thread(held, match["rest"] or "") if held else await _thread(site, forum, native_id))
    if match := SUBJECT.fullmatch(path):
        return found | await _subject(site, match["kind"], addresses.read_part(match["id"]))
    first, _, rest = unquote(path).strip("/").partition("/")
    if first == site.database.name and rest:
        return found | await _data(site, *rest.partition("/")[::2])
    known = [*PAGES, "thread", "program", "theme", "forum"]
    names = tables.near(first, known)
    pages = {"thread": "forums", "program": "programs", "theme": "themes", "forum": "forums"}
    near = [(f"/{page}", page) for page in dict.fromkeys(pages.get(name, name) for name in names)]
    if first.lower() in await _tables(site):
        near.insert(0, (site.table(first.lower())[len(site.base) :], f"the table {first.lower()}"))
    return found | {"said": f"Nothing is at {path[:200]}.", "near": near}


def _in_thread(thread: Row, rest: str) -> Row:
    """What is missing below the address of a thread that is held."""
    cited = CITED.fullmatch(rest)
    what = f"has no post {addresses.read_part(cited['post'])[:80]}" if cited else f"has no page “{unquote(rest)[:80]}”"
    said = f"Thread {thread['native_id']} of {thread['forum']} {what}."
    return {
        "said": said,
        "near": [(addresses.thread(thread["site_id"], thread["native_id"]), thread["title"])],
        "words": "",
        "numbers": False,
    }


async def _thread(site: Site, forum: str, native_id: str) -> Row:
    known = await site.row("select id, title from sites where id = ?", [forum])
    linking = await site.rows(LINKING, [forum, native_id])
    lookups = await site.rows(references.LOOKUPS, [forum, native_id])
    said = f"The archive holds no thread {native_id[:80]} of {known['title'] if known else forum[:80]}."
    forums = [] if known else await site.rows("select id, title from sites order by title")
    near = [(f"/forum/{quote(row['id'])}", row["title"]) for row in forums]
    thread = {
        "known": known, "linking": linking, "lookups": lookups,
        "url": next((row["url"] for row in (*lookups, *linking)), None),
    }  # fmt: skip
    return {"said": said, "near": near, "thread": thread, "words": ""}


async def _subject(site: Site, kind: str, key: str) -> Row:
    name = "title" if kind == "forum" else "name"
    rows = await site.rows(f"select id, {name} as name from {TABLES[kind]}")
    by_key: dict[str, Row] = {}
    for row in rows:
        # An id is typed without its marketplace, or as the name is.
        for written in (row["id"], row["id"].rpartition(".")[2], row["name"]):
            by_key.setdefault(written.lower(), row)
    if kind == "program":
        by_id = {row["id"]: row for row in rows}
        for alias in await site.rows("select program_id, alias from aliases"):
            by_key.setdefault(alias["alias"].lower(), by_id[alias["program_id"]])
    near = [by_key[each] for each in tables.near(re.sub(r"[\s+-]+", "_", key), by_key) + tables.near(key, by_key)]
    unique = {row["id"]: row["name"] for row in near}
    return {
        "said": f"There is no {kind} “{key[:80]}” here.", "words": _words(key),
        "near": [(f"/{kind}/{quote(each)}", name) for each, name in unique.items()] + [(f"/{kind}s", f"all {kind}s")],
    }  # fmt: skip


async def _data(site: Site, name: str, row: str) -> Row:
    known = await _tables(site)
    questions = await site.datasette.get_canned_queries(site.database.name, None)
    if name in known and row:
        title = known[name]
        address = site.table(name)[len(site.base) :]
        return {
            "said": f"There is no row {row[:80]} in “{title}”.",
            "near": [(address, title)],
            "words": "",
            "numbers": True,
        }
    near = [
        (site.table(each)[len(site.base) :], known.get(each) or questions[each].get("title") or each)
        for each in tables.near(name, [*known, *questions])
    ]
    every = (site.db_path[len(site.base) :], "all tables and questions")
    return {
        "said": f"There is no table and no ready-made question “{name[:80]}”.",
        "near": [*near, every],
        "words": "",
    }


async def _tables(site: Site) -> dict[str, str]:
    """The titles of the tables that are shown."""
    described: dict[str, Any] = site.datasette.metadata("tables", database=site.database.name, fallback=False) or {}
    hidden = set(await site.database.hidden_table_names())
    return {
        name: described.get(name, {}).get("title") or name
        for name in await site.database.table_names() if name not in hidden
    }  # fmt: skip


def _words(path: str) -> str:
    """The words of an address, to search for."""
    return " ".join(re.findall(r"[^\W\d_]{3,}", re.sub(r"~..", " ", unquote(path))))[:200]

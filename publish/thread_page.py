"""A thread as one would read it: posts in their order, what was missed between them, evidence, and proof."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from datasette.database import Database
from markupsafe import Markup

from publish import addresses, notes, references, shortcodes

THREAD = """
select t.*, s.title as site, s.kind as site_kind, c.captured_at, c.route, c.digest,
    (select max(number) from (select number from posts where thread_id = t.id
        union all select number from missing_posts where thread_id = t.id)) as last_number,
    (select count(*) from posts where thread_id = t.id) as entries,
    (select count(*) from posts where thread_id = t.id and kind != 'post') as small_actions,
    (select group_concat(distinct k.route) from posts p join captures k on k.id = p.capture_id where p.thread_id = t.id)
        as routes,
    v.posts_missing, v.posts_unexplained, v.tombstones, v.hidden_posts, n.title as moved_title, n.permalink as moved_permalink
from threads t join sites s on s.id = t.site_id join coverage v on v.thread_id = t.id
    left join threads n on n.site_id = t.site_id and n.native_id = t.moved_to left join captures c on c.id = t.capture_id
where t.site_id = ? and t.native_id = ?
"""
POSTS = """
select p.*, a.name as author, c.captured_at, c.route, c.via, c.digest, c.id as capture
from posts p left join authors a on a.id = p.author_id left join captures c on c.id = p.capture_id
where p.thread_id = :thread and p.number between :first and :last order by p.number, p.id
"""
MISSING = """
select * from missing_posts where thread_id = :thread and (number is null or number between :first and :last)
order by number, native_id limit 1000
"""
OF_POSTS = "(select id from posts where thread_id = :thread and number between :first and :last)"
PROGRAMS = f"""
select g.post_id, a.position, a.kind as paragraph, 'program' as sort, g.program_id as id, n.name, g.how, g.evidence,
    g.evidence_in, g.evidence_how, g.rule, g.also, g.score, null as because, g.voice, g.run_id, s.permalink as source, s.number as source_number
from program_tags g join programs n on n.id = g.program_id join paragraphs a on a.id = g.paragraph_id
    left join posts s on s.id = g.source_post_id
where g.revision_id is null and g.post_id in {OF_POSTS} order by g.id
"""
THEMES = f"""
select g.post_id, a.position, a.kind as paragraph, 'theme' as sort, g.theme_id as id, n.name, 'said' as how, g.evidence,
    'paragraph' as evidence_in, 'said' as evidence_how, g.rule, g.also, g.score, g.because, g.voice, g.run_id, null as source, null as source_number
from theme_tags g join themes n on n.id = g.theme_id join paragraphs a on a.id = g.paragraph_id
where g.revision_id is null and g.post_id in {OF_POSTS} order by g.id
"""
REVISIONS = f"""
select r.*, c.captured_at, c.route, c.id as capture, c.digest from revisions r left join captures c on c.id = r.capture_id
where r.post_id in {OF_POSTS} order by r.post_id, r.superseded_at desc, r.id desc
"""
SUMMARY = """
select c.program_id as id, n.name, c.posts from program_threads c join programs n on n.id = c.program_id
where c.thread_id = ? order by c.posts desc, n.name
"""
VOICED = """
select t.id, t.name, t.kind, count(distinct m.post_id) as posts from mentions m join themes t on t.id = m.theme_id
where m.thread_id = ? group by 1 order by 4 desc, 2
"""


async def read(database: Database, site_id: str, native_id: str, page: int, base: str = "") -> dict[str, Any] | None:
    """What the page shows, None if no such thread is held.

    `page` counts from 1 (see `addresses.PAGE_OF_POSTS`); `base` goes before links to other threads of the archive.
    """
    threads = (await database.execute(THREAD, [site_id, native_id])).rows
    if not threads:
        return None
    thread = dict(threads[0])
    pages = addresses.page_of(thread["last_number"] or 1)
    page = min(max(page, 1), pages)
    first = (page - 1) * addresses.PAGE_OF_POSTS + 1
    where = {"thread": thread["id"], "first": first if page > 1 else 0, "last": page * addresses.PAGE_OF_POSTS}

    async def rows(sql: str, values: Any = where) -> list[dict[str, Any]]:
        return [dict(row) for row in (await database.execute(sql, values)).rows]

    def markup(html: str) -> Markup:
        # Links of forum markup are absolute: those without a host are ours.
        return Markup(html.replace('href="/thread/', f'href="{base}/thread/'))

    posts = await rows(POSTS)
    missing = await rows(MISSING)
    tags = _by_post(await rows(PROGRAMS) + await rows(THEMES))
    revisions = _by_post(await rows(REVISIONS))
    names = {row["id"]: row["name"] for row in await rows("select id, name from programs", [])}
    for post in posts:
        shown, unplaced = notes.placed(markup(post["html"]), post["number"], tags[post["id"]], base)
        post["html"], post["unplaced"] = shown, unplaced
        post["earlier"] = [
            dict(row, html=markup(row["html"]), changes=Markup(shortcodes.shown(row["changes"])))
            for row in revisions[post["id"]]
        ]
    return {
        "thread": thread,
        "title": notes.title(thread["title"], thread["title_marks"], names, base),
        "forum_tags": _tags(thread["tags"]),
        "items": list(_with_gaps(posts, missing, first, min(where["last"], thread["last_number"] or 0))),
        "unplaced": [row for row in missing if row["number"] is None],
        "titles": await rows("select * from titles where thread_id = ? order by observed_at", [thread["id"]]),
        "programs": await rows(SUMMARY, [thread["id"]]),
        "themes": await rows(VOICED, [thread["id"]]),
        "outgoing": await references.outgoing(rows, thread["id"]),
        "incoming": await references.incoming(rows, thread["id"]),
        "lookups": await rows(references.LOOKUPS, [site_id, native_id]),
        "page": page,
        "pages": [(n, addresses.thread(site_id, native_id, page=n)) for n in range(1, pages + 1)],
        "path": addresses.thread(site_id, native_id),
    }


def _with_gaps(
    posts: list[dict[str, Any]], missing: list[dict[str, Any]], first: int, last: int
) -> Iterable[tuple[str, dict[str, Any]]]:
    """("post", post) and, where numbers from `first` to `last` are skipped, ("gap", numbers and reasons)."""
    reasons = {row["number"]: row for row in missing if row["number"] is not None}
    expected = first
    for post in posts:
        if post["number"] > expected:
            yield "gap", _gap(reasons, expected, post["number"] - 1)
        expected = max(expected, post["number"] + 1)
        yield "post", post
    if expected <= last:
        yield "gap", _gap(reasons, expected, last)


def _gap(reasons: dict[int, dict[str, Any]], first: int, last: int) -> dict[str, Any]:
    known = [reasons[number] for number in range(first, last + 1) if number in reasons]
    return {
        "first": first, "last": last, "reasons": sorted({row["reason"] for row in known}),
        "missed_at": max((row["last_missed_at"] for row in known), default=None),
        "unknown": last - first + 1 - len(known),
    }  # fmt: skip


def _by_post(rows: Iterable[dict[str, Any]]) -> defaultdict[int, list[dict[str, Any]]]:
    groups: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["post_id"]].append(row)
    return groups


def _tags(text: str) -> list[str]:
    try:
        tags = json.loads(text)
    except ValueError:
        return []
    return [str(tag) for tag in tags] if isinstance(tags, list) else []

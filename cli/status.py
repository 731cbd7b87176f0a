"""`optout status`: how the archive stands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click

from archive.database import Paths, holder, open_archive
from archive.errors import InputError
from archive.version import VERSION
from cli.options import db_option
from crawler.report import LOST
from publish.build import is_stale
from taxonomy import load

SITE_SQL = f"""
select sites.id, kind, base_url, title,
    (select count(*) from threads where site_id = sites.id) as threads,
    (select count(*) from threads where site_id = sites.id and state in ('gone', 'recovered')) as threads_gone,
    (select coalesce(sum(posts_listed), 0) from threads where site_id = sites.id) as posts_listed,
    (select coalesce(sum(posts_held), 0) from threads where site_id = sites.id) as posts_held,
    (select count(*) from posts join threads on threads.id = thread_id where site_id = sites.id
        and posts.state = 'deleted') as tombstones,
    (select count(*) from posts join threads on threads.id = thread_id where site_id = sites.id
        and posts.state = 'hidden') as posts_hidden,
    (select count(*) from revisions join posts on posts.id = post_id join threads on threads.id = thread_id
        where site_id = sites.id) as revisions,
    (select coalesce(sum(posts_missing), 0) from coverage where site_id = sites.id) as posts_missing,
    (select coalesce(sum(posts_unexplained), 0) from coverage where site_id = sites.id) as posts_unexplained,
    ({LOST.format(site="sites.id")}) as threads_absent,
    (select count(*) from threads where site_id = sites.id and state = 'saved') as threads_saved,
    (select count(*) from listed_threads where site_id = sites.id) as threads_looked_at,
    (select count(*) from listed_threads where site_id = sites.id and decision = 'passed') as threads_passed_over,
    (select count(*) from threads where site_id = sites.id and state = 'recovered') as threads_recovered,
    (select count(*) from lookups where site_id = sites.id) as lookups,
    (select count(*) from lookups where site_id = sites.id and state in ('none', 'refused', 'excluded')) as lookups_in_vain,
    (select count(*) from lookups where site_id = sites.id and state = 'passed') as lookups_passed_over,
    (select count(*) from media join posts on posts.id = post_id join threads on threads.id = thread_id
        where site_id = sites.id and media.state = 'held') as media_held,
    (select count(*) from media join posts on posts.id = post_id join threads on threads.id = thread_id
        where site_id = sites.id and media.state != 'held') as media_not_held,
    (select min(due_at) from threads where site_id = sites.id and state = 'live') as next_due_at,
    (select count(*) from captures where site_id = sites.id) as captures
from sites order by sites.id
"""
RUN_SQL = """
select id, verb, site_id, state, started_at, ended_at, exit_code, requests, rate_limited, retries, failures,
    new_threads, new_posts, edited_posts, vanished_posts, gone_threads
from runs order by id desc limit ?
"""
LOOKUPS_SQL = """
select site_id, native_id, url, archive, reason, state, detail, captures_listed, captures_fetched, new_posts, looked_at
from lookups order by state, site_id, id
"""
MISSING_SQL = """
select reasons, count(*) as threads, sum(posts_missing) as posts, sum(posts_unexplained) as unexplained
from coverage where site_id = ? and posts_missing > 0 group by 1 order by unexplained desc, posts desc, 1
"""
NOT_HELD_SQL = """
select coalesce(reason, 'not asked for yet') as reason, count(*) as number from media
join posts on posts.id = post_id join threads on threads.id = thread_id
where site_id = ? and media.state != 'held' group by 1 order by 2 desc, 1
"""
MEDIA_SQL = """
select site_id, threads.url as thread, number, media.url, media.state, coalesce(reason, 'not asked for yet') as reason
from media join posts on posts.id = post_id join threads on threads.id = thread_id
where media.state != 'held' order by site_id, threads.id, number, media.url
"""
MOST_REASONS = 5
UNTAGGED_SQL = """
select count(*) from posts left join tagged_posts on post_id = posts.id
where kind = 'post' and text != '' and (tagged_posts.digest is null or tagged_posts.digest != posts.digest)
"""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For monitoring: everything as one JSON object.")
@click.option("--passed", is_flag=True, help="List the threads that were looked at and passed over.")
@click.option(
    "--lookups", is_flag=True, help="List the threads that were looked for in web archives, and what came of it."
)
@click.option("--media", is_flag=True, help="List the pictures and attachments that are not held, and why.")
@click.option("--runs", "run_count", default=3, show_default=True, metavar="N", help="How many runs to show.")
@db_option
def status(paths: Paths, as_json: bool, passed: bool, lookups: bool, media: bool, run_count: int) -> None:
    """Say what the archive holds, what is missing, what was passed over, how the last runs ended, what is due.

    \b
    Examples:
      optout status
      optout status --json --db forum.db
      optout status --passed
    """
    if not paths.database.exists():
        raise InputError(f"there is no archive at {paths.database}. Make one with: optout crawl SITE")
    db = open_archive(paths.database)
    try:
        state: dict[str, Any] = {
            "program": VERSION,
            "taxonomy": load().version,
            "database": str(paths.database),
            "database_bytes": paths.database.stat().st_size,
            "warc_bytes": sum(file.stat().st_size for file in paths.warcs.glob("*.warc.gz")),
            "written_by": holder(paths),
            "sites": [
                dict(row)
                | {
                    "missing_because": [dict(why) for why in db.conn.execute(MISSING_SQL, (row["id"],))],
                    "media_not_held_because": [dict(why) for why in db.conn.execute(NOT_HELD_SQL, (row["id"],))],
                }
                for row in db.conn.execute(SITE_SQL).fetchall()
            ],
            "posts_to_tag": db.conn.execute(UNTAGGED_SQL).fetchone()[0],
            "published": paths.published.exists(),
            "published_is_stale": is_stale(paths),
            "runs": [dict(row) for row in db.conn.execute(RUN_SQL, (run_count,))],
        }
        if passed:
            state["passed_over"] = [
                dict(row)
                for row in db.conn.execute(
                    "select site_id, native_id, title, reason, taxonomy_version from listed_threads"
                    " where decision = 'passed' order by site_id, cast(native_id as integer)"
                )
            ]
        if lookups:
            state["lookups"] = [dict(row) for row in db.conn.execute(LOOKUPS_SQL)]
        if media:
            state["media_not_held"] = [dict(row) for row in db.conn.execute(MEDIA_SQL)]
    finally:
        db.close()
    click.echo(json.dumps(state, indent=1) if as_json else "\n".join(_lines(state)))


def _lines(state: dict[str, Any]) -> list[str]:
    megabytes = f"{state['database_bytes'] / 1e6:.1f} MB, WARC files {state['warc_bytes'] / 1e6:.1f} MB"
    lines = [f"{state['database']} ({megabytes})"]
    if state["written_by"]:
        lines.append(f"being written by {state['written_by']}")
    for site in state["sites"]:
        lines += [
            "",
            f"{site['id']}: {site['title'] or site['base_url']} ({site['kind']}, {site['base_url']})",
            f"  threads: {site['threads']} held, {site['threads_gone']} of them gone from the source,"
            f" {site['threads_recovered']} of these recovered;"
            + (f" {site['threads_saved']} known from saved copies alone;" if site["threads_saved"] else "")
            + f" {site['threads_absent']} were gone before they could be saved",
            f"  web archives: {site['lookups']} look-ups,"
            f" {site['lookups_in_vain']} of them in vain, {site['lookups_passed_over']} passed over after a look"
            " (optout status --lookups)",
            f"  pictures and attachments: {site['media_held']} held, {site['media_not_held']} not held"
            + (" (optout status --media)" if site["media_not_held"] else ""),
            *_first(f"    {why['number']} {why['reason']}" for why in site["media_not_held_because"]),
            f"  posts: {site['posts_held']} of {site['posts_listed']} listed; {site['tombstones']} tombstones,"
            f" {site['posts_hidden']} hidden, {site['revisions']} earlier versions kept",
            f"  missing: {site['posts_missing']} posts, {site['posts_unexplained']} of them unexplained",
            *_first(
                f"    {why['posts']} posts in {why['threads']} threads: {why['reasons']}"
                for why in site["missing_because"]
            ),
            f"  lists: {site['threads_looked_at']} threads looked at, {site['threads_passed_over']} passed over"
            " (optout status --passed)",
            f"  captures: {site['captures']}; next thread due for a re-check: {site['next_due_at'] or 'none'}",
        ]
    lines += ["", f"posts to tag: {state['posts_to_tag']} (taxonomy {state['taxonomy']})"]
    copy = "none" if not state["published"] else "out of date" if state["published_is_stale"] else "up to date"
    lines += [f"published copy: {copy}", ""]
    for run in state["runs"]:
        lines.append(
            f"run {run['id']}: {run['verb']} {run['site_id'] or ''} {run['state']}, began {run['started_at']},"
            f" exit code {run['exit_code'] if run['exit_code'] is not None else '-'}, {run['requests']} requests,"
            f" {run['new_threads']} new threads, {run['new_posts']} new posts, {run['edited_posts']} edited,"
            f" {run['vanished_posts']} vanished, {run['failures']} failures"
        )
    for thread in state.get("passed_over", []):
        lines.append(f"passed over: {thread['site_id']} {thread['native_id']}: {thread['title']} ({thread['reason']})")
    for look in state.get("lookups", []):
        lines.append(
            f"{look['state']}: {look['url']} ({look['reason']}) in {look['archive']}, {look['looked_at']}: {look['detail']}"
        )
    for medium in state.get("media_not_held", []):
        lines.append(
            f"{medium['state']}: {medium['url']} (post {medium['number']} of {medium['thread']}): {medium['reason']}"
        )
    return lines


def _first(lines: Iterable[str]) -> list[str]:
    """The first reasons, and how many more there are."""
    found = list(lines)
    rest = len(found) - MOST_REASONS
    return found if rest <= 0 else [*found[:MOST_REASONS], f"    ... and {rest} more reasons"]

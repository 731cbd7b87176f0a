"""`optout candidates`: names that may be programs, for a person to accept or reject."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import click

from analysis.candidates import Candidate, find_candidates, store
from archive import clock, runs
from archive.database import Paths, open_archive, write_lock
from archive.errors import InputError
from cli.options import by_option, db_option, lock_option
from taxonomy import load
from taxonomy.edit import add_program, add_stop_name, stop_names
from taxonomy.names import names
from taxonomy.normalise import fold
from taxonomy.spelling import spellings

MODES = (
    "auto_enrol", "default_on", "mandatory", "silence_is_consent", "contract_by_use", "opt_in_confused", "opt_in", "ended"
)  # fmt: skip
UNKNOWN = "it is none of the candidates last found"
folder_option = click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Another taxonomy than data/taxonomy."
)


@click.group(invoke_without_command=True)
@click.option(
    "--since",
    metavar="DAY",
    help="Look at posts from this day on (by default the archive's last year, or its later half).",
)
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="How many to show.")
@folder_option
@db_option
@lock_option
@click.pass_context
def candidates(
    context: click.Context, paths: Paths, since: str | None, top: int, folder: Path | None, wait: float
) -> None:
    """Show names that may be programs which the taxonomy does not know: new in what sellers write, ranked, with examples.

    They are kept in the table `program_candidates`. Accept or reject them by name; what is accepted becomes a program in
    data/taxonomy/programs.yml (unverified), what is rejected goes to stop_names.yml beside it.

    \b
    Examples:
      optout candidates
      optout candidates --since 2026-01-01 --top 50
      optout candidates accept "Delivery Shield" --as amz.delivery_shield
      optout candidates reject "Brass Monkey"
    """
    if context.invoked_subcommand is not None:
        return
    if since is not None:
        try:
            since = date.fromisoformat(since).isoformat()
        except ValueError:
            raise InputError(f"{since!r} is no day; write it as 2026-01-31") from None
    with write_lock(paths, "candidates", wait=wait, tell=lambda text: click.echo(text, err=True)):
        found = note_candidates(paths, since=since, top=top, folder=folder)
    if not found:
        click.echo("no name stands out")
    for one in found:
        click.echo(
            f"{one.name}  ({one.posts} posts, {one.threads} threads, {one.authors} authors; {one.earlier_posts} posts"
            f" before; with opt-out words in {one.cue_posts}; score {one.score:.0f}; {(one.first_at or '?')[:10]} to"
            f" {(one.last_at or '?')[:10]})"
        )
        if len(one.forms) > 1:
            click.echo(f"    also written: {', '.join(form for form in one.forms if form != one.name)}")
        for example in one.examples:
            click.echo(f"    {example['site']}/{example['thread']}: … {example['words']} …")


def note_candidates(
    paths: Paths, *, since: str | None = None, top: int = 20, folder: Path | None = None
) -> list[Candidate]:
    """Find candidates and keep them in `program_candidates`. The caller holds the lock."""
    taxonomy, refused = load(folder), stop_names(folder)
    db = open_archive(paths.database)
    try:
        if db.conn.execute("select 1 from tagged_posts").fetchone() is None:
            raise InputError("candidates are looked for in tagged posts, and none is tagged. First: optout tag")
        found = find_candidates(db.conn, taxonomy, refused, since=since, top=top)
        with db.atomic():
            settings = json.dumps({"since": since, "top": top})
            run_id = runs.start(db.conn, "candidates", settings=settings, taxonomy_version=taxonomy.version)
            store(db.conn, found, run_id)
            runs.end(db.conn, run_id, "finished", 0, f"{len(found)} candidates")
    finally:
        db.close()
    return found


@candidates.command()
@click.argument("name")
@click.option(
    "--as", "program_id", required=True, metavar="ID", help="Id of the new program: amz.name_in_small_letters."
)
@click.option("--alias", "aliases", multiple=True, metavar="NAME", help="Another name of it. Can be given again.")
@click.option(
    "--mode", type=click.Choice(MODES), default="auto_enrol", show_default=True, help="How sellers came to be in it."
)
@click.option("--description", metavar="TEXT", help="What it does, in a sentence.")
@click.option("--url", metavar="URL", help="Where it is spoken of (the first example's thread by default).")
@by_option
@folder_option
@db_option
@lock_option
def accept(
    paths: Paths,
    name: str,
    program_id: str,
    aliases: tuple[str, ...],
    mode: str,
    description: str | None,
    url: str | None,
    by: str,
    folder: Path | None,
    wait: float,
) -> None:
    """Enter NAME as a program, unverified, in data/taxonomy/programs.yml. The next `optout tag` looks for it.

    \b
    Example:
      optout candidates accept "Delivery Shield" --as amz.delivery_shield --alias "Shield program"
    """
    for alias in (name, *aliases):
        if known_as := _program_named(alias, folder):
            raise InputError(
                f"{alias!r} is a name of {known_as}. If both are called so, enter it by hand in programs.yml, for each with"
                " the words that tell it apart (`ambiguous`, `needs`)."
            )
    with write_lock(paths, "candidates", wait=wait, tell=lambda text: click.echo(text, err=True)):
        db = open_archive(paths.database)
        try:
            row = _candidate(db.conn, name)
            name = row["name"] if row is not None else name
            if url is None and row is not None:
                for example in json.loads(row["examples"]):
                    place = db.conn.execute(
                        "select url from threads where site_id = ? and native_id = ?",
                        (example["site"], example["thread"]),
                    ).fetchone()
                    url = place[0] if place and place[0].startswith(("http://", "https://")) else url
                    if url:
                        break
            if url is None:
                known = "nothing says where it was met" if row is not None else UNKNOWN
                raise InputError(
                    f"{name!r}: {known}. See: optout candidates; or name a page that uses it with: --url URL"
                )
            first = (row["first_at"] or "?")[:10] if row is not None else "?"
            add_program(
                program_id, name, dict.fromkeys((name, *aliases)), url=url, mode=mode,
                description=description or f"A program of which sellers speak as {name}.",
                note=f"Accepted on {_today()} by {by} from what sellers write (first on {first}); its mode and dates"
                " are not verified.",
                folder=folder,
            )  # fmt: skip
            if row is not None:
                _decide(db.conn, name, "accept", program_id, by)
        finally:
            db.close()
    place = "Complete it there; then: optout tag" if folder is None else f"Complete it in {folder}"
    click.echo(f"{program_id} is in programs.yml, unverified. {place}")


@candidates.command()
@click.argument("name")
@click.option("--why", metavar="TEXT", help="What it is instead.")
@click.option("--force", is_flag=True, help="Also a name that is none of the candidates last found.")
@by_option
@folder_option
@db_option
@lock_option
def reject(paths: Paths, name: str, why: str | None, force: bool, by: str, folder: Path | None, wait: float) -> None:
    """Enter NAME in data/taxonomy/stop_names.yml, so that it is not shown again.

    \b
    Examples:
      optout candidates reject "Brass Monkey" --why "a shop"
      optout candidates reject "Brass Lantern" --force
    """
    if known_as := _program_named(name, folder):
        raise InputError(f"{name!r} is a name of {known_as}. Take it out of programs.yml first, by hand.")
    if force and not paths.database.exists():
        add_stop_name(name, by=by, on=_today(), why=why, folder=folder)
    else:
        with write_lock(paths, "candidates", wait=wait, tell=lambda text: click.echo(text, err=True)):
            db = open_archive(paths.database)
            try:
                known = _candidate(db.conn, name)
                if known is None and not force:
                    raise InputError(f"{name!r}: {UNKNOWN}. See: optout candidates; or reject it all the same: --force")
                add_stop_name(name, by=by, on=_today(), why=why, folder=folder)
                _decide(db.conn, name, "reject", None, by)
            finally:
                db.close()
    click.echo(f"{name} will not be shown again")


def _program_named(name: str, folder: Path | None) -> str | None:
    """The id of the program that the taxonomy calls so, by itself or in the right company."""
    taxonomy = load(folder)
    for mention in names(taxonomy).find(name):
        if (mention.start, mention.end) == (0, len(name)):
            return mention.program_id
    form = fold(name).text.strip()
    called = (program.id for program in taxonomy.programs for alias in program.aliases if form in spellings(alias.text))
    return next(called, None)


def _candidate(connection: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    """The candidate of that name, as it is written or in other capitals."""
    row: sqlite3.Row | None = connection.execute(
        "select * from program_candidates where name = ? collate nocase order by name = ? desc", (name, name)
    ).fetchone()
    return row


def _decide(connection: sqlite3.Connection, name: str, decision: str, program_id: str | None, by: str) -> None:
    with connection:
        connection.execute(
            "update program_candidates set decision = ?, program_id = ?, decided_by = ?, decided_at = ?"
            " where name = ? collate nocase",
            (decision, program_id, by, clock.now(), name),
        )


def _today() -> date:
    return datetime.now(UTC).date()

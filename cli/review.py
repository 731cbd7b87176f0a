"""`optout review`: put unsure and contradictory tags before a person, one key a decision."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial

import click

from analysis.review import ACCEPT, REJECT, Question, record, withdraw
from analysis.review_queue import WHYS, queue, waiting
from archive.database import Paths, open_archive, write_lock
from archive.errors import InputError
from cli.options import by_option, db_option, lock_option
from taxonomy import load

KEYS = "y: yes, it carries it   n: no   s: skip   u: undo the last   q: end"
AROUND = 600


@click.command()
@click.option("--theme", "--program", "subject_id", metavar="ID", help="Only this theme or program.")
@click.option("--why", metavar="WORDS", help="Only what is asked for this reason (its first words are enough).")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, metavar="N", help="At most so many."
)
@by_option
@click.option("--list", "only_list", is_flag=True, help="Print what waits as JSON lines, and ask nothing.")
@db_option
@lock_option
def review(
    paths: Paths, subject_id: str | None, why: str | None, limit: int, by: str, only_list: bool, wait: float
) -> None:
    """Go through tags that are unsure or contradict each other, and decide on each with one key.

    What waits is in the table `review_queue`, as of the last `optout tag`: first contradictions, then tags of posts that
    are older than the program, then themes that the model finds possible but too unsure to be tags. Decisions are kept
    for ever, by the forum's ids and the words that were read; every tag run heeds them. The archive is free for others
    between two keys.

    \b
    Examples:
      optout review
      optout review --theme notice_deficient --limit 20 --by anna
      optout review --why "a rule against"
    """
    taxonomy = load()
    names = {theme.id: theme.name for theme in taxonomy.codebook.themes}
    names |= {program.id: program.name for program in taxonomy.programs}
    definitions = {theme.id: theme.definition for theme in taxonomy.codebook.themes}
    if subject_id is not None and subject_id not in names:
        raise InputError(f"{subject_id!r} is no theme and no program. Ids are shown by: optout taxonomy show")
    reason = _reason(why)
    db = open_archive(paths.database)
    try:
        tagged = db.conn.execute("select 1 from tagged_posts").fetchone() is not None
        questions = queue(db.conn, subject_id=subject_id, why=reason, limit=limit)
        if only_list:
            for question in questions:
                click.echo(json.dumps(vars(question), ensure_ascii=False))
            return
        for kind, number in waiting(db.conn) if questions else ():
            click.echo(f"{number:7}  {kind}")

        def write(act: Callable[[], int | None]) -> int | None:
            with write_lock(paths, "review", wait=wait, tell=lambda text: click.echo(text, err=True)), db.atomic():
                return act()

        done: list[tuple[int, int]] = []
        place, keys = 0, _keys()
        while place < len(questions):
            question = questions[place]
            click.echo(f"\n[{place + 1} of {len(questions)}] {names.get(question.subject_id, question.subject_id)}?")
            click.echo(_shown(question, definitions.get(question.subject_id, "")))
            key = _key(keys, undo=bool(done))
            if key == "q":
                break
            if key == "u":
                place, review_id = done.pop()
                write(partial(withdraw, db.conn, review_id))
            elif key in ("y", "n"):
                decision = ACCEPT if key == "y" else REJECT
                made = write(partial(record, db.conn, question, decision, by=by))
                done.append((place, made or 0))
                place += 1
            elif key == "s":
                place += 1
    finally:
        db.close()
    if not questions:
        click.echo("nothing waits for a decision" if tagged else "nothing is tagged yet. First: optout tag")
    elif done:
        click.echo(f"\n{len(done)} decisions kept; they take effect with: optout tag")


def _reason(words: str | None) -> str | None:
    """The reason that begins with these words; InputError if not just one does."""
    if words is None:
        return None
    found = [reason for reason in WHYS if reason.startswith(words)]
    if len(found) != 1:
        raise InputError(f"{words!r} is not the beginning of one reason. They are: {'; '.join(WHYS)}")
    return found[0]


def _keys() -> Iterator[str]:
    """What is typed, key by key: a terminal hands over together what was typed while the last decision was written."""
    while True:
        try:
            typed = click.getchar().lower()
        except (KeyboardInterrupt, EOFError):
            typed = ""
        except OSError as error:
            raise InputError(
                "deciding needs a terminal for its keys. To see what waits: optout review --list"
            ) from error
        yield from ("q" if key in "\x03\x04" else key for key in typed or "q")


def _key(keys: Iterator[str], *, undo: bool) -> str:
    click.echo(KEYS)
    for key in keys:
        if key == "u" and not undo:
            click.echo("there is nothing to undo")
        elif key in "ynsuq":
            return key
    return "q"


def _shown(question: Question, definition: str) -> str:
    words, start, end = question.words, question.start, question.end
    if start is not None and end is not None:
        marked = words[:start] + click.style(words[start:end], bold=True, underline=True) + words[end:]
        marked = marked if len(words) <= 2 * AROUND else (
            ("… " if start > AROUND else "") + words[max(0, start - AROUND) : start]
            + click.style(words[start:end], bold=True, underline=True) + words[end : end + AROUND]
        )  # fmt: skip
    else:
        marked = words[: 2 * AROUND]
    return "\n".join(
        line
        for line in (
            f"  {definition}" if definition else "",
            f"  thread: {question.title} ({question.site_id}/{question.thread_native_id}), by {question.author}",
            f"  because: {question.why}; {question.rule}; score {question.score:.2f}",
            "",
            *(f"    {line}" for line in marked.splitlines()),
        )
        if line or line == ""
    )

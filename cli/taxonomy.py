"""`optout taxonomy`: check, show and compare what is known of programs and themes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from analysis import retag
from archive.database import Paths, open_archive
from archive.errors import InputError
from cli.options import db_option
from taxonomy import Taxonomy, load
from taxonomy.compare import Difference, compare
from taxonomy.edit import stop_names
from taxonomy.load import FOLDER
from taxonomy.model import Program, Theme
from taxonomy.normalise import fold
from taxonomy.spelling import spellings

TIERS = {"P": "platform", "S": "press or blog", "F": "forum"}
# After so many days a way out should be checked again.
OLD = 365
SHOWN = 160


@click.group()
def taxonomy() -> None:
    """Check, show and compare the taxonomy: programs, their names and history, themes and their rules."""


@taxonomy.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
def check(folder: Path | None) -> None:
    """Check the taxonomy's files, and say what in them should be looked at.

    They are read from FOLDER, data/taxonomy by default. A mistake ends with exit code 8 and says file, line, what is wrong and how to mend it.

    \b
    Examples:
      optout taxonomy check
      optout taxonomy check drafts/taxonomy
    """
    found = load(folder)
    aliases = sum(len(program.aliases) for program in found.programs)
    click.echo(
        f"taxonomy {found.version}: {len(found.programs)} programs with {aliases} names, {len(found.watchlist)} watched,"
        f" {len(found.codebook.themes)} themes with {len(found.theme_rules)} rules, {len(found.forums)} forums"
    )
    if ((folder or FOLDER) / "stop_names.yml").exists():
        click.echo(f"{len(stop_names(folder))} names are known to be no programs")
    for line in _to_look_at(found):
        click.echo(line)


@taxonomy.command()
@click.argument("name", required=False, metavar="[ID|NAME]")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Another taxonomy than data/taxonomy.")
def show(name: str | None, folder: Path | None) -> None:
    """Show a program or a theme: history of its modes with sources, ways out, names. Without ID: all, a line each.

    NAME is any name of a program, or a part of its name: what fits several is listed.

    \b
    Examples:
      optout taxonomy show
      optout taxonomy show amz.promise_optimization
      optout taxonomy show PRL
    """
    found = load(folder)
    every: tuple[Program | Theme, ...] = (*found.programs, *found.codebook.themes)
    chosen = every if name is None else _chosen(every, name)
    if name is not None and not chosen:
        raise InputError(f"the taxonomy has no program or theme {name!r}. All of them: optout taxonomy show")
    if name is not None and len(chosen) == 1:
        click.echo("\n".join(_program(chosen[0]) if isinstance(chosen[0], Program) else _theme(chosen[0], found)))
        return
    for one in chosen:
        modes = (
            " > ".join(f"{mode.date or '?'} {mode.mode}" for mode in one.history) if isinstance(one, Program) else ""
        )
        click.echo(f"{one.id:40} {one.name}{': ' if modes else ''}{modes}")


@taxonomy.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B", default="current")
@db_option
def diff(paths: Paths, old: str, new: str) -> None:
    """Say what changed, and how many posts it can touch.

    From A to B: these are folders, `current` (data/taxonomy, the default of B), or versions that tagged the archive.

    \b
    Examples:
      optout taxonomy diff ~/taxonomy-of-last-month
      optout taxonomy diff 1+3b4badc4 current --db forum.db
    """
    db = open_archive(paths.database) if paths.database.exists() else None
    try:
        connection = db.conn if db is not None else None
        before, after = _named(old, connection), _named(new, connection)
        if isinstance(before, Taxonomy) and isinstance(after, Taxonomy):
            differences = compare(before, after)
            for difference in differences:
                click.echo(_told(difference))
            if not differences:
                click.echo("no difference")
        change = retag.change(_signature(before), _signature(after))
        if not (isinstance(before, Taxonomy) and isinstance(after, Taxonomy)):
            for line in _signatures(_signature(before), _signature(after)):
                click.echo(line)
        if connection is not None:
            tagged = connection.execute("select count(*) from tagged_posts").fetchone()[0]
            count = len(set(retag.touched(connection, change)))
            click.echo(f"{count} of {tagged} tagged posts can get other tags by this; posts after them may follow")
    finally:
        if db is not None:
            db.close()


def _to_look_at(found: Taxonomy) -> Iterator[str]:
    today = date.today()
    for program in found.programs:
        if program.status == "unverified":
            yield f"{program.id}: unverified: {program.note or 'no note'}"
        if program.exit is not None:
            age = (today - date.fromisoformat(program.exit.verified_on)).days
            if age > OLD:
                yield f"{program.id}: the way out was last verified on {program.exit.verified_on}, {age} days ago"
        dates = [mode.date for mode in program.history if mode.date]
        if dates != sorted(dates):
            yield f"{program.id}: the history is not in the order of its dates: {', '.join(dates)}"


def _chosen(every: tuple[Program | Theme, ...], name: str) -> tuple[Program | Theme, ...]:
    """The programs and themes of that id; else of that name; else those in whose id or names it stands."""
    names = {one: set(_names(one)) for one in every}
    wanted = fold(name).text.strip()
    return (
        tuple(one for one in names if one.id == name)
        or tuple(one for one, known in names.items() if wanted in known)
        or tuple(one for one, known in names.items() if wanted and any(wanted in text for text in (one.id, *known)))
    )


def _names(one: Program | Theme) -> Iterator[str]:
    yield fold(one.name).text
    for alias in one.aliases if isinstance(one, Program) else ():
        yield from spellings(alias.text)


def _theme(theme: Theme, found: Taxonomy) -> Iterator[str]:
    yield f"{theme.id}: {theme.name}"
    yield f"  {theme.definition}"
    for heading, values in (("counts", theme.include), ("does not count", theme.exclude)):
        for value in values:
            yield f"  {heading}: {value}"
    for rule in found.theme_rules:
        if rule.theme == theme.id:
            yield f"  rule {rule.id} ({rule.score}): for instance {rule.matches[0]!r}"


def _program(program: Program) -> Iterator[str]:
    yield f"{program.id}: {program.name} ({program.marketplace}, {program.status})"
    yield f"  {program.description}"
    if program.note:
        yield f"  {program.note}"
    yield "  history"
    for number, mode in enumerate(program.history):
        line = "└" if number == len(program.history) - 1 else "├"
        where = f" in {', '.join(mode.marketplaces)}" if mode.marketplaces else ""
        yield f"  {line}─ {mode.date or 'date unknown':12} {mode.mode}{where}  [{mode.tier}: {TIERS[mode.tier]}]"
        bar = " " if number == len(program.history) - 1 else "│"
        if mode.note:
            yield f"  {bar}    {mode.note}"
        for source in mode.sources:
            yield f"  {bar}    [{source.tier}] {source.url}"
    if program.exit is not None:
        detail = f": {program.exit.detail}" if program.exit.detail else ""
        yield f"  way out: {program.exit.method}{detail} (verified {program.exit.verified_on})"
    else:
        yield "  way out: none known"
    for heading, ids in (
        ("before it", program.predecessors),
        ("after it", program.successors),
        ("see", program.related),
    ):
        if ids:
            yield f"  {heading}: {', '.join(ids)}"
    yield f"  names: {', '.join(alias.text + (' (in context)' if alias.ambiguous else '') for alias in program.aliases)}"


def _named(name: str, connection: sqlite3.Connection | None) -> Taxonomy | retag.Signature:
    if name == "current":
        return load()
    if Path(name).is_dir():
        return load(Path(name))
    row = (
        connection.execute("select content from taxonomies where version = ?", (name,)).fetchone()
        if connection
        else None
    )
    if row is None:
        raise InputError(f"{name!r} is neither a folder, nor `current`, nor a version that tagged this archive")
    content: retag.Signature = json.loads(row[0])
    return content


def _signature(one: Taxonomy | retag.Signature) -> retag.Signature:
    return retag.signature(one) if isinstance(one, Taxonomy) else one


def _signatures(old: retag.Signature, new: retag.Signature) -> Iterator[str]:
    """What can be said of versions, of which only the effect is kept."""
    for group in ("literals", "patterns"):
        kind = "theme rule " if group == "patterns" else ""
        for key in dict.fromkeys((*old[group], *new[group])):
            before, after = old[group].get(key), new[group].get(key)
            if before != after:
                yield f"{kind}{key}: {'added' if before is None else 'removed' if after is None else 'changed'}"
    if old["rest"] != new["rest"]:
        yield "the codebook, or something else that can change every tag, changed"


def _told(difference: Difference) -> str:
    where = f"{difference.kind} {difference.id}"
    if not difference.field:
        return f"{where}: {'added' if difference.before is None else 'removed'}"
    before, after = (_short(value) for value in (difference.before, difference.after))
    if isinstance(difference.before, tuple) and isinstance(difference.after, tuple):
        gone = [value for value in difference.before if value not in difference.after]
        come = [value for value in difference.after if value not in difference.before]
        if len(gone) == len(come) and all(map(_same_entry, gone, come)):
            return f"{where}: {difference.field}: " + "; ".join(map(_step, gone, come))
        if gone or come:
            return f"{where}: {difference.field}: " + "; ".join(
                [f"- {_short(value)}" for value in gone] + [f"+ {_short(value)}" for value in come]
            )
    return f"{where}: {difference.field}: {before} -> {after}"


def _same_entry(one: Any, other: Any) -> bool:
    """Whether both are entries of a list with the same first field, which tells it from others."""
    return is_dataclass(one) and getattr(one, fields(one)[0].name) == getattr(other, fields(one)[0].name)


def _step(before: Any, after: Any) -> str:
    """What became of one entry of a list: its first field, and the fields that differ."""
    first, *_ = fields(before)
    changed = [field.name for field in fields(before) if getattr(before, field.name) != getattr(after, field.name)]
    told = [f"{name}: {_short(getattr(before, name))} -> {_short(getattr(after, name))}" for name in changed]
    return f"{_short(getattr(before, first.name))}: {', '.join(told)}"


def _short(value: Any) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        # An alias is its text; of anything else every field that says something counts.
        said = {field.name: getattr(value, field.name) for field in fields(value)}
        text = said.get("text") or ", ".join(f"{name} {_short(one)}" for name, one in said.items() if one)
    elif isinstance(value, tuple):
        text = "; ".join(map(_short, value))
    else:
        text = str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"

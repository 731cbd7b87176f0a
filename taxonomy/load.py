"""Reading `data/taxonomy/`, and refusing it where it is wrong."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from taxonomy.datafile import DataFile, Where
from taxonomy.model import (
    Alias,
    Codebook,
    Condition,
    Cues,
    Exit,
    Forum,
    Marketplace,
    Mode,
    Program,
    Source,
    Taxonomy,
    Theme,
    ThemeRule,
    Watched,
)
from taxonomy.normalise import fold

FOLDER = Path(__file__).resolve().parent.parent / "data" / "taxonomy"
FILES = ("programs", "themes", "theme_rules", "cues", "forums")
TIERS = "PSF"


def load(folder: Path | None = None) -> Taxonomy:
    """The taxonomy in `folder` (the project's own by default).

    DataFileError, with file, line, what is wrong and how to mend it, if a file is missing, is no YAML, does not fit its
    schema, refers to something unknown, lists an alias twice, or holds a pattern that does not compile.
    """
    folder = folder or FOLDER
    files = {name: DataFile(folder / f"{name}.yml", FOLDER / f"{name}.schema.json") for name in FILES}
    programs = _programs(files["programs"])
    codebook = _codebook(files["themes"])
    return Taxonomy(
        version=_version(files),
        programs=programs,
        watchlist=tuple(
            Watched(entry["id"], entry["name"], entry.get("why", "")) for entry in files["programs"].data["watchlist"]
        ),
        codebook=codebook,
        theme_rules=_theme_rules(files["theme_rules"], {theme.id for theme in codebook.themes}),
        cues=Cues(*(tuple(files["cues"].data[key]) for key in ("interest", "about", "trade"))),
        forums=_forums(files["forums"]),
        marketplaces=_marketplaces(files["forums"], programs),
    )


def _version(files: dict[str, DataFile]) -> str:
    content = json.dumps({name: file.data for name, file in files.items()}, sort_keys=True)
    return f"{files['programs'].data['version']}+{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def _programs(file: DataFile) -> tuple[Program, ...]:
    entries = file.data["programs"]
    known: dict[str, Where] = {}
    for group in ("programs", "watchlist"):
        for place, entry in enumerate(file.data[group]):
            where: Where = (group, place, "id")
            if entry["id"] in known:
                first = file.line(known[entry["id"]])
                file.fail(where, f"the id {entry['id']} is taken (line {first})", "Give every program its own id.")
            known[entry["id"]] = where
    _check_aliases(file, entries)
    return tuple(_program(file, ("programs", place), entry, set(known)) for place, entry in enumerate(entries))


def _program(file: DataFile, where: Where, entry: dict[str, Any], known: set[str]) -> Program:
    for key in ("predecessors", "successors", "related"):
        for place, other in enumerate(entry.get(key, [])):
            if other not in known:
                file.fail((*where, key, place), f"{key}: no program has the id {other}", "Correct the id, or add it.")
    sources = {
        entry["key"]: Source(entry["key"], entry["url"], entry["tier"], entry.get("note", ""))
        for entry in entry["sources"]
    }
    if "exit" in entry:
        _there_is(file, (*where, "exit", "verified_on"), entry["exit"]["verified_on"])
    return Program(
        id=entry["id"],
        name=entry["name"],
        marketplace=entry["marketplace"],
        status=entry["status"],
        description=entry["description"],
        note=entry.get("note", ""),
        aliases=tuple(_alias(file, (*where, "aliases", place), alias) for place, alias in enumerate(entry["aliases"])),
        false_friends=tuple(entry.get("false_friends", [])),
        history=tuple(
            _mode(file, (*where, "history", place), mode, sources) for place, mode in enumerate(entry["history"])
        ),
        exit=Exit(entry["exit"]["method"], entry["exit"].get("detail", ""), entry["exit"]["verified_on"])
        if "exit" in entry
        else None,
        predecessors=tuple(entry.get("predecessors", [])),
        successors=tuple(entry.get("successors", [])),
        related=tuple(entry.get("related", [])),
        sources=tuple(sources.values()),
    )


def _mode(file: DataFile, where: Where, entry: dict[str, Any], sources: dict[str, Source]) -> Mode:
    for place, key in enumerate(entry["sources"]):
        if key not in sources:
            file.fail(
                (*where, "sources", place),
                f"sources: the program has no source with the key {key}",
                "Add it to its `sources`, or correct the key.",
            )
    cited = tuple(sources[key] for key in entry["sources"])
    if entry["date"] is not None:
        _there_is(file, (*where, "date"), entry["date"])
    return Mode(
        date=entry["date"],
        mode=entry["mode"],
        marketplaces=tuple(entry.get("marketplaces", [])),
        note=entry.get("note", ""),
        sources=cited,
        tier=min((source.tier for source in cited), key=TIERS.index),
    )


def _there_is(file: DataFile, where: Where, written: str) -> None:
    """Whether the calendar has the year, month or day; DataFileError if not."""
    try:
        date.fromisoformat(f"{written}-01-01"[:10])
    except ValueError:
        file.fail(where, f"{written} is not in the calendar", "Write a day, a month or a year that exists.")


def _alias(file: DataFile, where: Where, entry: dict[str, Any]) -> Alias:
    ambiguous = entry.get("ambiguous", False)
    if ambiguous != bool(entry.get("needs")):
        file.fail(
            where,
            f"the alias {entry['text']!r} must have both `ambiguous: true` and `needs`, or neither",
            "Say under `needs` in what company it means the program.",
        )
    return Alias(
        text=entry["text"],
        observed=entry.get("observed", False),
        ambiguous=ambiguous,
        exact_case=entry.get("case") == "exact",
        needs=tuple(map(_condition, entry.get("needs", []))),
        unless=tuple(map(_condition, entry.get("unless", []))),
        not_preceded_by=tuple(entry.get("not_preceded_by", [])),
        not_followed_by=tuple(entry.get("not_followed_by", [])),
        note=entry.get("note", ""),
    )


def _condition(entry: dict[str, Any]) -> Condition:
    return Condition(tuple(entry["in"]), tuple(entry["words"]), entry.get("case") == "exact")


def _check_aliases(file: DataFile, entries: list[dict[str, Any]]) -> None:
    # Two programs may share an alias only where a context tells them apart; one program needs none of them twice, but
    # may have one for these very letters and one for any.
    seen: dict[str, list[tuple[str, str, bool, Where]]] = {}
    for number, entry in enumerate(entries):
        for place, alias in enumerate(entry["aliases"]):
            where: Where = ("programs", number, "aliases", place)
            form = fold(alias["text"])
            letters = form.cased if alias.get("case") == "exact" else ""
            ambiguous = alias.get("ambiguous", False)
            if not form.text.strip():
                file.fail(where, f"the alias {alias['text']!r} has no visible characters", "Write it out, or drop it.")
            for program, other_letters, other_ambiguous, first in seen.setdefault(form.text, []):
                if program == entry["id"]:
                    duplicate = letters == other_letters
                else:
                    overlap = letters == other_letters or not (letters and other_letters)
                    duplicate = overlap and not (ambiguous and other_ambiguous)
                if duplicate:
                    file.fail(
                        where,
                        f"the alias {alias['text']!r} is a duplicate of line {file.line(first)} ({program})",
                        "Keep one; if both programs are called so, mark both `ambiguous` and give each its `needs`.",
                    )
            seen[form.text].append((entry["id"], letters, ambiguous, where))


def _codebook(file: DataFile) -> Codebook:
    themes = []
    seen: dict[str, int] = {}
    for group, stance in (("themes", False), ("stances", True)):
        for place, entry in enumerate(file.data[group]):
            line = file.line((group, place, "id"))
            if entry["id"] in seen:
                file.fail(
                    (group, place, "id"),
                    f"the id {entry['id']} is taken (line {seen[entry['id']]})",
                    "Give every theme its own id.",
                )
            seen[entry["id"]] = line
            themes.append(
                Theme(
                    id=entry["id"],
                    name=entry["name"],
                    definition=entry["definition"],
                    stance=stance,
                    **{key: tuple(entry.get(key, [])) for key in ("include", "exclude", "paraphrases", "evidence")},
                )
            )
    return Codebook(tuple(themes), tuple((rule["id"], rule["text"]) for rule in file.data["rules"]))


def _forums(file: DataFile) -> tuple[Forum, ...]:
    seen: dict[str, Where] = {}
    for place, entry in enumerate(file.data["forums"]):
        for number, site in enumerate(entry.get("day_first", [])):
            if site not in entry["sites"]:
                file.fail(
                    ("forums", place, "day_first", number),
                    f"day_first: {site} is none of the forum's sites",
                    "Write an id that stands in its sites.",
                )
        for number, text in enumerate(entry["names"]):
            where: Where = ("forums", place, "names", number)
            if text.lower() in seen:
                file.fail(
                    where,
                    f"names: {text!r} stands on line {file.line(seen[text.lower()])} too",
                    "Let it belong to one forum.",
                )
            seen[text.lower()] = where
    return tuple(
        Forum(
            tuple(entry["sites"]),
            entry["name"],
            tuple(entry["names"]),
            tuple(entry.get("day_first", ())),
            entry.get("marketplace", ""),
        )
        for entry in file.data["forums"]
    )


def _marketplaces(file: DataFile, programs: tuple[Program, ...]) -> tuple[Marketplace, ...]:
    known = {entry["id"] for entry in file.data["marketplaces"]}
    for place, entry in enumerate(file.data["forums"]):
        if entry.get("marketplace", "") not in known | {""}:
            file.fail(
                ("forums", place, "marketplace"),
                f"marketplace: {entry['marketplace']} is none of marketplaces",
                "Write an id that stands there.",
            )
    return tuple(Marketplace(entry["id"], tuple(entry["names"])) for entry in file.data["marketplaces"])


def _theme_rules(file: DataFile, themes: set[str]) -> tuple[ThemeRule, ...]:
    rules: list[ThemeRule] = []
    seen: dict[str, Where] = {}
    for place, entry in enumerate(file.data["rules"]):
        where: Where = ("rules", place)
        if entry["id"] in seen:
            file.fail(
                (*where, "id"),
                f"the id {entry['id']} is taken (line {file.line(seen[entry['id']])})",
                "Give every rule its own id.",
            )
        seen[entry["id"]] = (*where, "id")
        if entry["theme"] not in themes:
            file.fail(
                (*where, "theme"), f"theme: {entry['theme']} is not in themes.yml", "Correct it, or add it there."
            )
        for number, pattern in enumerate(entry["patterns"]):
            _compiles(file, (*where, "patterns", number), pattern)
        for key in ("not", "needs"):
            if key in entry:
                _compiles(file, (*where, key), entry[key])
        rules.append(
            ThemeRule(
                id=entry["id"],
                theme=entry["theme"],
                patterns=tuple(entry["patterns"]),
                refuse=entry.get("not", ""),
                needs=entry.get("needs", ""),
                score=entry.get("score", 0.9),
                matches=tuple(entry["matches"]),
                misses=tuple(entry["misses"]),
            )
        )
    return tuple(rules)


def _compiles(file: DataFile, where: Where, pattern: str) -> None:
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        file.fail(where, f"the pattern {pattern!r} does not compile: {error}", "Correct the regular expression.")
    if compiled.search(""):
        file.fail(where, f"the pattern {pattern!r} matches the empty text", "Let it ask for at least one word.")

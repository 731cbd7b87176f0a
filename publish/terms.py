"""What the published copy takes from the taxonomy: the one place that knows its shape."""

from __future__ import annotations

import re

from taxonomy.model import Mode, Source, Taxonomy, Theme

WORD = re.compile(r"\w+")


def version(taxonomy: Taxonomy) -> str:
    """Its version, which tells whether a published copy is out of date."""
    return str(taxonomy.version)


PROGRAMS = (
    "id, name, marketplace, mode, status, description, note, aliases, exit_method, exit, exit_checked_on,"
    " history, spoken_of_from, sources"
)
THEMES = "id, name, kind, definition, includes, excludes, examples"


def program_rows(taxonomy: Taxonomy) -> list[tuple[str | None, ...]]:
    """One tuple of `PROGRAMS` for each program."""
    return [
        (
            program.id, program.name, program.marketplace, program.mode, program.status, program.description,
            program.note, "; ".join(alias.text for alias in program.aliases),
            *((way.method, way.detail, way.verified_on) if (way := program.exit) else (None, None, None)),
            "; ".join(_mode(mode) for mode in program.history), program.spoken_of_from, _addresses(program.sources),
        )
        for program in taxonomy.programs
    ]  # fmt: skip


def mode_rows(taxonomy: Taxonomy) -> list[tuple[str | None, ...]]:
    """(program_id, date, mode, marketplaces, note, tier, sources), oldest first in each program."""
    return [
        (program.id, mode.date, mode.mode, ", ".join(mode.marketplaces), mode.note, mode.tier, _addresses(mode.sources))
        for program in taxonomy.programs for mode in program.history
    ]  # fmt: skip


def source_rows(taxonomy: Taxonomy) -> list[tuple[str, str, str, str]]:
    """(program_id, url, tier, note) of what each entry rests on."""
    return [
        (program.id, source.url, source.tier, source.note)
        for program in taxonomy.programs
        for source in program.sources
    ]


def relation_rows(taxonomy: Taxonomy) -> list[tuple[str, str, str]]:
    """(program_id, other_id, kind), kind being `predecessor`, `successor` or `related`; both ids are programs."""
    known = {program.id for program in taxonomy.programs}
    rows = set()
    for program in taxonomy.programs:
        for kind, others in (
            ("predecessor", program.predecessors), ("successor", program.successors), ("related", program.related),
        ):  # fmt: skip
            rows |= {(program.id, other, kind) for other in others if other in known}
    return sorted(rows)


def alias_rows(taxonomy: Taxonomy) -> list[tuple[str, str, bool, bool, str]]:
    """(program_id, alias, ambiguous, observed, note)."""
    return [
        (program.id, alias.text, alias.ambiguous, alias.observed, alias.note)
        for program in taxonomy.programs for alias in program.aliases
    ]  # fmt: skip


def theme_rows(taxonomy: Taxonomy) -> list[tuple[str, ...]]:
    """One tuple of `THEMES` for each theme; kind is `complaint` or `stance`."""
    return [
        (
            theme.id, theme.name, "stance" if theme.stance else "complaint", theme.definition,
            "; ".join(theme.include), "; ".join(theme.exclude), "; ".join(theme.paraphrases),
        )
        for theme in _themes(taxonomy)
    ]  # fmt: skip


def rule_rows(taxonomy: Taxonomy) -> list[tuple[str, str]]:
    """(id, rule) of the codebook."""
    return list(taxonomy.codebook.rules)


def words(taxonomy: Taxonomy) -> set[str]:
    """Every word of its names, folded: no user name that is one of them is masked in running text."""
    texts = [theme.name for theme in _themes(taxonomy)]
    for program in taxonomy.programs:
        texts += [program.name, program.marketplace, *(alias.text for alias in program.aliases)]
    return {word.casefold() for text in texts for word in WORD.findall(text)}


def _themes(taxonomy: Taxonomy) -> tuple[Theme, ...]:
    return taxonomy.codebook.themes


def _mode(mode: Mode) -> str:
    where = f" ({', '.join(mode.marketplaces)})" if mode.marketplaces else ""
    return f"{mode.date or 'date unknown'}: {mode.mode}{where}"


def _addresses(sources: tuple[Source, ...]) -> str:
    return " ".join(source.url for source in sources)

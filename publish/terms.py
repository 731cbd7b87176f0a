"""What the published copy takes from the taxonomy: the one place that knows its shape."""

from __future__ import annotations

import re

from taxonomy.model import Mode, Program, Taxonomy, Theme

WORD = re.compile(r"\w+")


def version(taxonomy: Taxonomy) -> str:
    """Its version, which tells whether a published copy is out of date."""
    return str(taxonomy.version)


def program_rows(taxonomy: Taxonomy) -> list[tuple[str, ...]]:
    """(id, name, marketplace, mode, status, description, aliases, exit, history, sources), all text."""
    return [
        (
            program.id, program.name, program.marketplace, program.mode, program.status, program.description,
            "; ".join(alias.text for alias in program.aliases), _exit(program),
            "; ".join(_mode(mode) for mode in program.history),
            " ".join(source.url for source in program.sources),
        )
        for program in taxonomy.programs
    ]  # fmt: skip


def theme_rows(taxonomy: Taxonomy) -> list[tuple[str, str, str, str]]:
    """(id, name, kind, definition); kind is `complaint` or `stance`."""
    return [
        (theme.id, theme.name, "stance" if theme.stance else "complaint", theme.definition)
        for theme in _themes(taxonomy)
    ]


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


def _exit(program: Program) -> str:
    if program.exit is None:
        return ""
    checked = f" (checked {program.exit.verified_on})" if program.exit.verified_on else ""
    return f"{program.exit.method}: {program.exit.detail}{checked}" if program.exit.detail else program.exit.method

"""taxonomy.md: the programs with their modes, exits and names, and the themes, from data/taxonomy/."""

from __future__ import annotations

from collections.abc import Iterable

from reference.markdown import NOTICE, code, join, plain, table
from taxonomy import Program, Theme, load

INTRO = """# Taxonomy

What is looked for in posts: programs (by their names), and complaint themes. It is data, in `data/taxonomy/`, and
anybody can propose a change: see [CONTRIBUTING.md](../CONTRIBUTING.md). The version that was in force is kept with every
tag; after a change `optout tag` tags again what the change can affect.

A program's **history** says how sellers came into it, and since when. Sources are graded: `P` the platform itself, `S`
press or a blog, `F` a forum post. `buyer_side` and `context` are no seller programs; they are listed because they are
easily taken for one. A name marked *in context* counts only where the words around it show that the program is meant.
"""
TIERS = {"P": "platform", "S": "press", "F": "forum"}


def page() -> str:
    taxonomy = load()
    lines = [NOTICE, "", *INTRO.splitlines(), "", f"Version: {code(taxonomy.version)}.", "", "## Programs", ""]
    lines += table(
        ["id", "name", "marketplace", "mode now", "exit", "documented"],
        [
            (code(program.id), plain(program.name), plain(program.marketplace), code(program.mode),
             code(program.exit.method if program.exit else ""), plain(program.status))
            for program in taxonomy.programs
        ],
    )  # fmt: skip
    for program in taxonomy.programs:
        lines += _program(program)
    if taxonomy.watchlist:
        lines += ["## Watched", "", "Asked for, and nothing found so far; not tagged.", ""]
        lines += table(
            ["id", "name", "why"], [(code(item.id), plain(item.name), plain(item.why)) for item in taxonomy.watchlist]
        )
    lines += ["## Themes", "", "A paragraph of the author's own words carries any number of them.", ""]
    for theme in taxonomy.codebook.themes:
        lines += _theme(theme)
    lines += ["## Rules of coding", ""]
    lines += table(["rule", "text"], [(code(name), plain(text)) for name, text in taxonomy.codebook.rules])
    return join(lines)


def _program(program: Program) -> list[str]:
    lines = [f"### {program.id}", "", f"**{plain(program.name)}.** {plain(program.description)}", ""]
    if program.note:
        lines += [plain(program.note), ""]
    history = [
        (plain(mode.date or "not known"), code(mode.mode), plain(", ".join(mode.marketplaces) or "all"),
         TIERS.get(mode.tier, plain(mode.tier)), plain(mode.note))
        for mode in program.history
    ]  # fmt: skip
    lines += table(["since", "mode", "where", "best source", "note"], history)
    if program.exit:
        checked = f" (checked {plain(program.exit.verified_on)})" if program.exit.verified_on else ""
        lines += [f"Way out: {code(program.exit.method)}. {plain(program.exit.detail)}{checked}", ""]
    else:
        lines += ["Way out: none recorded.", ""]
    names = [code(alias.text) + (" *in context*" if alias.ambiguous else "") for alias in program.aliases]
    lines += ["Names: " + ", ".join(names) + ".", ""]
    if program.false_friends:
        lines += ["Not to be taken for it: " + _codes(program.false_friends) + ".", ""]
    for word, others in (
        ("Before it", program.predecessors), ("After it", program.successors), ("See also", program.related)
    ):  # fmt: skip
        if others:
            lines += [f"{word}: {_codes(others)}.", ""]
    return lines


def _theme(theme: Theme) -> list[str]:
    kind = " A stance, not a complaint." if theme.stance and "stance" not in theme.definition else ""
    lines = [f"### {theme.id}", "", f"**{plain(theme.name)}.** {plain(theme.definition)}{kind}", ""]
    for word, texts in (
        ("Counts", theme.include),
        ("Does not count", theme.exclude),
        ("Sounds like", theme.paraphrases),
    ):
        if texts:
            lines += [f"- {word}: " + "; ".join(plain(text) for text in texts)]
    return [*lines, ""]


def _codes(values: Iterable[str]) -> str:
    return ", ".join(code(value) for value in values)

"""commands.md: every command and option, from click itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

import archive.errors
from archive.errors import ArchiveError
from cli import optout
from reference.markdown import NOTICE, code, join, plain, relative, table

INTRO = """# Commands

Every command of `optout`, as `optout --help` and `optout VERB --help` print it. The command lies in the
environment that `make` creates, as `.venv/bin/optout`, and works from any folder. Errors are one line on stderr; the
exit code tells their class ([troubleshooting.md](troubleshooting.md) says what to do about each).
"""
# click's mark for a paragraph that keeps its lines.
AS_IS = "\b"
EXAMPLES = re.compile(r"Examples?:")


def page() -> str:
    lines = [NOTICE, "", *INTRO.splitlines(), ""]
    found = list(walk(optout, "optout"))
    lines += table(
        ["command", "what it does"],
        [(f"[`{path}`](#{path.replace(' ', '-')})", plain(_first(_text(command)))) for path, command in found],
    )
    for path, command in found:
        lines += _section(path, command)
    lines += ["## Exit codes", ""]
    lines += table(["code", "what it means"], exit_codes())
    return join(lines)


def walk(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group with the words that call it; a group's own commands follow it."""
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from walk(command, f"{path} {name}")


def _text(command: click.Command) -> str:
    """The help text, without what click hides behind a form feed."""
    return inspect.cleandoc(command.help or "").partition("\f")[0]


def _first(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split())


def _section(path: str, command: click.Command) -> list[str]:
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    lines = [f"## {path}", "", code(usage), "", *_help(_text(command))]
    options = [
        parameter for parameter in command.params if isinstance(parameter, click.Option) and not parameter.hidden
    ]
    if options:
        lines += table(
            ["option", "default", "what it does"],
            [(_names(option, context), _default(option), plain(relative(option.help or ""))) for option in options],
        )
    return lines


def _help(text: str) -> Iterator[str]:
    for block in text.strip().split("\n\n"):
        if not block.startswith(AS_IS):
            yield from (plain(relative(block)), "")
            continue
        head, *rest = block.removeprefix(AS_IS).strip("\n").splitlines()
        shell = EXAMPLES.match(head) is not None
        yield from ([plain(head), ""] if shell else [])
        yield from (["```sh"] if shell else ["```text", head])
        yield from (line.removeprefix("  ") for line in rest)
        yield from ("```", "")


def _names(option: click.Option, context: click.Context) -> str:
    value = "" if option.is_flag or option.count else f" {option.make_metavar(context)}"
    names = ", ".join(code(name) for name in [*option.opts, *option.secondary_opts])
    return f"{names[:-1]}{value}`" if value else names


def _default(option: click.Option) -> str:
    """What holds without the option, and the environment variable that can say it instead."""
    parts = []
    if isinstance(option.show_default, str):
        parts.append(plain(option.show_default))
    elif option.required:
        parts.append("required")
    elif option.is_flag:
        parts += [code(option.opts[0] if option.default else option.secondary_opts[0])] if option.secondary_opts else []
    else:
        several = option.default if isinstance(option.default, list | tuple) else [option.default]
        parts += [
            code(relative(str(value))) for value in several if isinstance(value, str | int | float) and value != ""
        ]
    variables = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    parts += [code(f"${name}") for name in variables if not any(f"${name}" in part for part in parts)]
    return ", or ".join(parts)


def exit_codes() -> list[tuple[str, str]]:
    """Every exit code and what it means: from the errors' own docstrings, in order."""
    found = {0: "Done, and everything is accounted for.", 1: "A bug in the program. Please report it."}
    for error in vars(archive.errors).values():
        if isinstance(error, type) and issubclass(error, ArchiveError) and error is not ArchiveError:
            found[error.exit_code] = plain(error.__doc__ or "")
    found[130] = "Interrupted by the user. The same command goes on where it stopped."
    return [(str(number), found[number]) for number in sorted(found)]

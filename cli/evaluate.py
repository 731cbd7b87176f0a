"""`optout evaluate`: measure the tagger against labels that people gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from analysis.evaluate import compare, errors, figures, predictions, unknown_labels
from analysis.judge import judge
from analysis.labelled import TEST, overlooked, read
from archive.errors import InputError
from taxonomy import load


@click.command()
@click.argument("source", required=False, type=click.Path(path_type=Path), metavar="[FILE|FOLDER]")
@click.option(
    "--json", "out", type=click.Path(path_type=Path), metavar="OUT", help="Write figures and predictions there."
)
@click.option(
    "--compare",
    "other",
    type=click.Path(path_type=Path),
    metavar="OTHER.json",
    help="Show what differs from another run, as written with --json.",
)
@click.option(
    "--errors",
    "shown",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Show N examples of every kind of error.",
)
@click.option("--rules", is_flag=True, help="Show how each rule does.")
def evaluate(source: Path | None, out: Path | None, other: Path | None, shown: int, rules: bool) -> None:
    """Measure tags against labels: precision, recall and F1 with 95 % intervals over threads.

    FILE is a labelled thread (.yml, as in data/demo/README.md) or JSON lines, a paragraph a line; FOLDER holds such
    files; without either, the project's own test part is measured. Labels never reach the tagger. What a second person
    says of the same paragraphs (FOLDER/second/*.jsonl, or FILE's name with .second.jsonl) is held against the first's.

    \b
    Examples:
      optout evaluate
      optout evaluate mine.jsonl --json mine.json
      optout evaluate data/labelled/train --errors 3
      optout evaluate --compare before.json
    """
    before = _written(other) if other is not None else None
    taxonomy = load()
    threads = read(source or TEST)
    for field, meant in overlooked(source or TEST).items():
        click.echo(f"the field `{field}` is not read; labels stand in `{meant}`", err=True)
    judged = judge(threads, taxonomy)
    unknown = unknown_labels(judged, taxonomy)
    if unknown:
        click.echo(f"labels that the taxonomy does not have, all counted as missed: {', '.join(unknown)}", err=True)
    result: dict[str, Any] = {"figures": figures(judged, taxonomy), "predictions": predictions(judged)}
    if out is not None:
        try:
            out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")
        except OSError as error:
            raise InputError(f"{out} cannot be written: {error.strerror}") from error
    # What is shown holds ids, forums and labels of any spelling: none of it is rich's markup.
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = 140
    _show(console, result["figures"], rules=rules)
    if shown:
        for bucket, found in errors(judged).items():
            console.print(f"\n{bucket} ({len(found)})", style="bold")
            for example in found[:shown]:
                rule = f" [{example['rule']}]" if "rule" in example else ""
                console.print(f"  {example['id']}{rule}: {example['text']}")
    if before is not None:
        _show_comparison(console, result, before)


def _show(console: Console, found: dict[str, Any], *, rules: bool) -> None:
    console.print(
        f"{found['paragraphs']} paragraphs of {found['threads']} threads, taxonomy {found['taxonomy']},"
        f" tagger {found['tagger']}",
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("", "precision", "recall", "F1", "macro F1", "right", "wrong", "missed"):
        table.add_column(heading, no_wrap=True, justify="left" if not heading else "right")
    rows = [("programs", found["programs"]["all"]), ("  named", found["programs"]["named"])]
    rows += [("  inherited", found["programs"]["inherited"]), ("themes", found["themes"]["all"])]
    for what in ("programs", "themes"):
        rows += [
            (f"{what}, {by} {group}", block)
            for by in ("voice", "forum")
            for group, block in found[what][f"by_{by}"].items()
            if block["correct"] + block["missed"]
        ]
    rows += [(f"  {label}", block) for label, block in found["themes"]["all"]["labels"].items()]
    for name, block in rows:
        macro = _text(block["macro_f1"]) if "macro_f1" in block else ""
        table.add_row(
            name,
            *(_text(block[key]) for key in ("precision", "recall", "f1")),
            macro,
            *(str(block[key]) for key in ("correct", "incorrect", "missed")),
        )
    console.print(table)
    console.print(f"voice right: {_text(found['voice']['accuracy'])} of {found['voice']['paragraphs']}")
    console.print(f"paragraphs without a theme that got one: {_text(found['false_alarms'])}")
    if found["agreement"]["paragraphs"]:
        _show_agreement(console, found["agreement"])
    if rules:
        summary = Table("rule", "coverage", "overlaps", "conflicts", "correct", "incorrect", box=None)
        for rule in found["rules"]:
            summary.add_row(f"{rule['kind']}: {rule['rule']}", *(str(rule[key]) for key in list(rule)[2:]))
        console.print(summary)


def _show_agreement(console: Console, found: dict[str, Any]) -> None:
    console.print(
        f"\n{found['paragraphs']} paragraphs of {found['threads']} threads were labelled by a second reader, who reaches,"
        " measured against the first:",
    )
    second = found["second"]
    table = Table("", "precision", "recall", "F1", "right", "wrong", "missed", box=None, pad_edge=False)
    for name, block in (
        ("programs", second["programs"]), ("  named", second["named"]), ("  inherited", second["inherited"]),
        ("themes", second["themes"]),
    ):  # fmt: skip
        table.add_row(
            name,
            *(_text(block[key]) for key in ("precision", "recall", "f1")),
            *(str(block[key]) for key in ("correct", "incorrect", "missed")),
        )
    console.print(table)
    console.print(f"the same voice: {_text(second['voice'])}")
    console.print(f"paragraphs without a theme to which the second reader gave one: {_text(second['false_alarms'])}")
    agreed = {"voice": found["voice"]} | found["themes"]
    console.print("agreement of the two (Cohen's kappa):")
    for name, value in agreed.items():
        console.print(f"  {name}: {'-' if value is None else f'{value:.2f}'}")


def _written(path: Path) -> Any:
    """What an evaluation wrote to that file, by which it can be compared at all: with itself, before the work begins."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        compare(found, found)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not what an evaluation wrote with --json: {error}") from error
    return found


def _show_comparison(console: Console, result: dict[str, Any], before: Any) -> None:
    found = compare(result, before)
    table = Table("figure", "before", "now", "difference", box=None)
    for row in found["figures"]:
        if row["before"] != row["now"]:
            table.add_row(
                row["figure"], *(_number(row[key]) for key in ("before", "now")), _number(row["difference"], "+")
            )
    console.print(table)
    console.print(
        f"{len(found['changed'])} paragraphs are tagged otherwise; {found['only_here']} are only here,"
        f" {found['only_there']} only there",
    )
    for change in found["changed"]:
        console.print(f"  {change['id']}: {change['before']} -> {change['now']}")


def _number(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.3f}"


def _text(estimate: dict[str, float | None]) -> str:
    if estimate["value"] is None:
        return "-"
    return f"{estimate['value']:.3f} ({estimate['low']:.2f}-{estimate['high']:.2f})"

"""`optout export`: rows of the published copy as a file, and evidence packages."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from archive.database import Paths
from archive.errors import InputError
from cli.options import db_option, quiet_option
from cli.serve import publish_if_stale
from publish.build import is_stale
from publish.evidence import package
from publish.exports import bulk, files, parquet
from publish.exports.selection import Filters, of_table

FORMATS = {
    "csv": "CSV in UTF-8.",
    "json": "One JSON document.",
    "ndjson": "A JSON object a line.",
    "parquet": "Parquet, for pandas, DuckDB, Spark and R.",
}


@click.group()
def export() -> None:
    """Write rows of the published copy to a file, or make an evidence package.

    \b
    Examples:
      optout export csv --program amz.automated_handling_time --since 2024-01-01 -o handling-time.csv
      optout export parquet --table posts -o posts.parquet
      optout export evidence --program amz.automated_handling_time -o handling-time
    """


def _rows(kind: str, what: str) -> click.Command:
    @click.command(
        kind,
        help=f"""{what} All rows that the filters leave, and a data dictionary beside the file (FILE-metadata.json).

        Sellers appear under pseudonyms, as on the site. A file whose name ends in .gz is compressed.

        \b
        Example:
          optout export {kind} --program amz.automated_handling_time -o handling-time.{kind}
        """,
    )
    @click.option(
        "--table", default="", metavar="TABLE", show_default="mentions with --program or --theme, else posts",
        help="Which table: mentions (a row a paragraph and what it is about, with its words and proof), posts, threads, ...;"
        " see docs/data-dictionary.md.",
    )  # fmt: skip
    @click.option("--program", default="", metavar="ID", help="Only rows about this program.")
    @click.option("--theme", default="", metavar="ID", help="Only rows that carry this theme.")
    @click.option("--site", default="", metavar="ID", help="Only rows of this forum.")
    @click.option("--since", default="", metavar="DAY", help="Only from this day on, as 2024-05-01 (UTC).")
    @click.option("--until", default="", metavar="DAY", help="Only up to this day, included.")
    @click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                  help="The file; without it the rows go to standard output.")  # fmt: skip
    @click.option("--bom", is_flag=True, help="Begin with the mark by which Excel knows UTF-8.", hidden=kind != "csv")
    @click.option("--raw", is_flag=True, hidden=kind != "csv",
                  help="Leave cells that a spreadsheet would take for a formula as they are.")  # fmt: skip
    @db_option
    @quiet_option
    def command(
        paths: Paths, table: str, program: str, theme: str, site: str, since: str, until: str,
        output: Path | None, bom: bool, raw: bool, quiet: bool,
    ) -> None:  # fmt: skip
        if kind == "parquet":
            parquet.require()
            if output is None:
                raise InputError("Parquet is no text: name a file with -o")
        table = table or ("mentions" if program or theme else "posts")
        with files.opened(paths) as copy:
            selection = of_table(copy, table, Filters(program, theme, site, since, until))
        if not quiet and is_stale(paths):
            click.echo("the published copy is older than the archive; to export what is new: optout publish", err=True)
        console = Console(stderr=True)
        with Progress(console=console, disable=quiet or output is None or not console.is_terminal) as bar:
            task = bar.add_task(f"export {table}", total=None)
            target = output if output is not None else sys.stdout.buffer
            rows = files.write(
                paths.published, selection, kind, target, bom=bom, raw=raw,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
        if not quiet:
            click.echo(f"exported {rows} rows of {table}" + (f" to {output}" if output else ""), err=True)

    return command


for name, what in FORMATS.items():
    export.add_command(_rows(name, what))


@export.command()
@click.option("--program", default="", metavar="ID", help="Every post about this program.")
@click.option("--thread", default="", metavar="URL", help="Every post of this thread, by any of its addresses.")
@click.option("--query", default="", metavar="WORDS", help="Every post that this search finds.")
@click.option(
    "--public", is_flag=True, help="Masked, as on the site, and without the captured pages, which hold names."
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new folder.")
@db_option
@quiet_option
def evidence(
    paths: Paths, program: str, thread: str, query: str, public: bool, output: Path, quiet: bool
) -> None:  # fmt: skip
    """Make an evidence package: a BagIt bag with posts, tags, their proof, and a page to read.

    Without --public it holds user names and the captured pages themselves, as WARC records: do not publish it.

    \b
    Examples:
      optout export evidence --program amz.automated_handling_time -o handling-time
      optout export evidence --thread https://www.sellersasksellers.com/t/3686 --public -o thread-3686
      optout export evidence --query '"opted in" without' -o search
    """
    if sum(map(bool, (program, thread, query))) != 1:
        raise InputError("say what the evidence is about: one of --program, --thread and --query")
    publish_if_stale(paths, exports=bulk.there(paths), quiet=quiet)
    gathered = package.make(paths, output, program=program, thread=thread, query=query, public=public)
    click.echo(f"{output}: {package.counts(gathered)}")
    click.echo((package.MASKED if public else package.PRIVATE).split(". ")[0] + f": see {output}/data/README.txt")

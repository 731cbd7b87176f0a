"""The command `optout`, which only wires the rooms: each verb is a module here, the work is done elsewhere."""

from __future__ import annotations

import sys

import click

from archive.errors import ArchiveError
from archive.version import VERSION
from cli.candidates import candidates
from cli.crawl import crawl
from cli.demo import demo
from cli.evaluate import evaluate
from cli.export import export
from cli.import_ import import_
from cli.publish import publish
from cli.rebuild import rebuild
from cli.recover import recover
from cli.review import review
from cli.run import run
from cli.serve import serve
from cli.status import status
from cli.tag import tag
from cli.taxonomy import taxonomy

EXIT_CODES = """\b
Exit codes:
  0    done, everything accounted for
  1    a bug in the program
  2    wrong arguments, or a file or archive that does not exist, is broken or holds nothing usable
  3    done, but part of what the forum lists is missing without an explanation
  4    the host does not answer
  5    the host refuses (robots.txt, a login page, a challenge for browsers)
  6    another optout is writing to this archive
  7    the archive is damaged
  8    a file in data/, or one of labels, has a mistake
  130  interrupted; the same command goes on where it stopped
"""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(VERSION, prog_name="optout")
def optout() -> None:
    """Archive what sellers say about programs that they must opt out of.

    \b
    See it work, without a network:       optout demo
    Archive a forum and read it:          optout run sellersasksellers.com
    Only crawl, e.g. every night:         optout crawl sas --quiet
    Bring back a thread that is gone:     optout recover URL
    Take in pages that you saved:         optout import saved-pages/
    How does the archive stand?           optout status
    How good are the tags?                optout evaluate
    """


for command in (
    run,
    crawl,
    recover,
    import_,
    tag,
    publish,
    serve,
    export,
    status,
    rebuild,
    evaluate,
    review,
    candidates,
    taxonomy,
    demo,
):
    optout.add_command(command)


def main() -> None:
    """Run the command line; errors become one line on stderr and an exit code that tells their class."""
    try:
        code = optout.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ArchiveError as error:
        click.echo(f"optout: {error}", err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)

"""The reference pages say all that there is to say, and what the program says now."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from archive import errors
from archive.columns import TABLES
from archive.database import Paths, open_archive
from cli import EXIT_CODES, optout
from publish.build import build
from publish.schema import DATABASE
from publish.serve import METADATA, SETTINGS
from taxonomy import load
from tests.docs.pages import DOCS, text

PUBLISHED = yaml.safe_load(METADATA.read_text(encoding="utf-8"))["databases"][DATABASE]


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), *arguments], capture_output=True, text=True, cwd="/"
    )


def commands(group: click.Group = optout, path: str = "optout") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def section(page: str, heading: str) -> str:
    """The text under a heading, up to the next one of the same rank or above."""
    rank = heading.split(" ")[0]
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{len(rank)}}} |\Z)", text(page), re.MULTILINE | re.DOTALL)
    assert found, f"docs/{page} has no heading {heading!r}"
    return found[1]


def columns(connection: sqlite3.Connection) -> dict[str, list[str]]:
    names = [
        row[0]
        for row in connection.execute("select name from sqlite_master where type in ('table', 'view') order by name")
        if not row[0].startswith(("sqlite_", "_sqlite", "posts_fts"))
    ]
    return {name: [row[1] for row in connection.execute(f'pragma table_info("{name}")')] for name in names}


class TestGenerated:
    def test_the_pages_are_what_the_program_says_now(self) -> None:
        checked = generate("--check")
        assert checked.returncode == 0, checked.stderr

    def test_a_page_that_is_out_of_date_is_named_and_written_again_on_request(self, tmp_path: Path) -> None:
        for page in DOCS.glob("*.md"):
            (tmp_path / page.name).write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
        (tmp_path / "commands.md").write_text("old", encoding="utf-8")
        checked = generate("--check", "--folder", str(tmp_path))
        assert checked.returncode == 1
        assert f"{tmp_path / 'commands.md'} is out of date" in checked.stderr
        assert (tmp_path / "commands.md").read_text(encoding="utf-8") == "old"
        assert generate("--folder", str(tmp_path)).returncode == 0
        assert "# Commands" in (tmp_path / "commands.md").read_text(encoding="utf-8")
        assert generate("--check", "--folder", str(tmp_path)).returncode == 0

    @pytest.mark.parametrize("page", ["commands.md", "data-dictionary.md", "taxonomy.md", "settings.md", "README.md"])
    def test_they_hold_no_path_of_the_machine_that_made_them(self, page: str) -> None:
        assert str(DOCS.parent) not in text(page)
        assert str(Path.home()) not in text(page)


class TestCommands:
    @pytest.mark.parametrize(
        ("path", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
    )
    def test_every_command_has_its_options_and_their_help(self, path: str, command: click.Command) -> None:
        found = " ".join(section("commands.md", f"## {path}").split())
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                for name in (*option.opts, *option.secondary_opts):
                    assert f"`{name}`" in found or f"`{name} " in found, f"{path} {name} is not documented"
                words = re.sub(r"\W+", " ", option.help or "")
                assert words in re.sub(r"\W+", " ", found)

    @pytest.mark.parametrize(
        ("path", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
    )
    def test_every_example_of_a_help_text_is_there_as_a_shell_line(self, path: str, command: click.Command) -> None:
        examples = [line.strip() for line in (command.help or "").splitlines() if line.strip().startswith("optout ")]
        found = section("commands.md", f"## {path}").splitlines()
        assert [line for line in examples if line not in found] == []


def test_every_command_is_in_the_changelog() -> None:
    changelog = (DOCS.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [
        name for name in optout.commands if f"`{name}`" not in changelog and f"`optout {name}`" not in changelog
    ] == []


class TestExitCodes:
    codes = {0, 1, 130} | {
        error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.ArchiveError)
    }

    def test_the_help_text_has_every_code(self) -> None:
        assert {int(number) for number in re.findall(r"^ +(\d+) ", EXIT_CODES, re.MULTILINE)} == self.codes

    def test_the_page_of_commands_has_every_code_and_its_meaning(self) -> None:
        rows = re.findall(r"^\| (\d+) \| (.+?) \|$", section("commands.md", "## Exit codes"), re.MULTILINE)
        assert {int(number) for number, _ in rows} == self.codes
        assert all(len(meaning) > 10 for _, meaning in rows)

    def test_each_code_has_its_part_in_troubleshooting_and_a_word_on_alerting(self) -> None:
        headings = re.findall(r"^## (\d+): ", text("troubleshooting.md"), re.MULTILINE)
        assert [int(number) for number in headings] == sorted(self.codes)
        rows = re.findall(r"^\| ([\d, ]+) \| .+ \|$", section("unattended.md", "## Monitoring"), re.MULTILINE)
        assert {int(number) for row in rows for number in row.split(",")} == self.codes


class TestDataDictionary:
    def test_every_column_of_the_archive_has_a_meaning_and_nothing_else_has(self, tmp_path: Path) -> None:
        connection = open_archive(tmp_path / "a.db", create=True).conn
        assert {name: sorted(found) for name, found in columns(connection).items()} == {
            name: sorted(described) for name, (_, described) in TABLES.items()
        }
        connection.close()

    def test_the_page_has_every_column_of_the_archive_with_its_meaning(self) -> None:
        for table, (meaning, described) in TABLES.items():
            found = re.sub(r"\W+", " ", section("data-dictionary.md", f"### {table}"))
            for words in (meaning, *described, *described.values()):
                assert re.sub(r"\W+", " ", words) in found, f"{table}: {words}"

    def test_the_page_has_every_column_that_is_published(self, tmp_path: Path) -> None:
        paths = Paths(tmp_path / "a.db")
        open_archive(paths.database, create=True).conn.close()
        build(paths, load())
        with sqlite3.connect(paths.published) as connection:
            published = columns(connection)
        connection.close()
        for table, names in published.items():
            found = section("data-dictionary.md", f"### published: {table}")
            rows = re.findall(r"^\| `(\w+)` \| .* \| .* \| (.+) \|$", found, re.MULTILINE)
            assert sorted(name for name, _ in rows) == sorted(names)

    @pytest.mark.parametrize("name", PUBLISHED["queries"])
    def test_the_page_has_every_ready_made_query_with_its_values_and_sql(self, name: str) -> None:
        query = PUBLISHED["queries"][name]
        found = section("data-dictionary.md", f"### query: {name}")
        assert query["title"] in found and query["sql"].strip() in found
        for value in query.get("params", ()):
            assert f"`{value}`" in found


class TestTaxonomy:
    def test_every_program_has_its_modes_its_names_and_its_way_out(self) -> None:
        for program in load().programs:
            found = section("taxonomy.md", f"### {program.id}")
            assert "Way out: " in found
            for mode in program.history:
                assert f"| {mode.date or 'not known'} | `{mode.mode}` |" in found
            for alias in program.aliases:
                assert f"`{alias.text}`" in found

    def test_every_theme_has_its_definition(self) -> None:
        for theme in load().codebook.themes:
            found = section("taxonomy.md", f"### {theme.id}")
            assert re.sub(r"\W+", " ", theme.definition).strip() in re.sub(r"\W+", " ", found)


class TestSettings:
    def test_every_environment_variable_that_click_reads_is_there(self) -> None:
        found = section("settings.md", "## Environment variables")
        for path, command in commands():
            for option in command.params:
                names = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
                for name in names:
                    rows = [line for line in found.splitlines() if line.startswith(f"| `{name}` ")]
                    assert any(f"`{path}`" in row for row in rows), f"{path}: {name}"

    def test_no_module_reads_a_variable_that_the_page_does_not_name(self) -> None:
        found = text("settings.md")
        for room in ("archive", "analysis", "cli", "crawler", "publish", "taxonomy"):
            for path in (DOCS.parent / room).rglob("*.py"):
                source = path.read_text(encoding="utf-8")
                for name in re.findall(r"environ(?:\.get)?[\[(]\s*[\"'](\w+)|getenv\(\s*[\"'](\w+)", source):
                    assert f"`{''.join(name)}`" in found, f"{path} reads {''.join(name)}"

    def test_every_setting_of_datasette_is_there(self) -> None:
        found = section("settings.md", "## Datasette")
        for name, value in SETTINGS.items():
            assert f"| `{name}` | `{value}` |" in found

    @pytest.mark.parametrize(
        ("module", "name", "value"),
        [
            ("crawler/limits.py", "MARGIN", "0.9"),
            ("crawler/frontier.py", "MAX_ATTEMPTS", "5"),
            ("crawler/runs.py", "CONTINUED_WITHIN", "timedelta(hours=24)"),
            ("crawler/sites/discourse.py", "LIMITS", "((50, 10), (200, 60))"),
        ],
    )
    def test_numbers_that_decide_how_a_forum_is_treated_are_found_in_the_code(
        self, module: str, name: str, value: str
    ) -> None:
        assert f"| `{name}` | `{value}` |" in section("settings.md", f"### {module}")

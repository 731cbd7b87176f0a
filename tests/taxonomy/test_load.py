"""The taxonomy's files: what is in them, and what is refused."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.errors import DataFileError
from crawler.catalogue import load_sites
from taxonomy import load
from taxonomy.load import FOLDER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "taxonomy"))


Edit = Callable[[Path, str, str, str], None]


@pytest.fixture
def edit() -> Edit:
    def edit(folder: Path, file: str, old: str, new: str) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def test_the_projects_own_taxonomy_loads() -> None:
    taxonomy = load()
    assert len(taxonomy.programs) == 51
    assert len(taxonomy.watchlist) == 26
    themes = taxonomy.codebook.themes
    assert sum(not theme.stance for theme in themes) == 19
    assert [theme.id for theme in themes if theme.stance] == ["benefit_positive"]
    assert re.fullmatch(r"\d+\+[0-9a-f]{8}", taxonomy.version)


def test_every_theme_and_stance_has_a_rule() -> None:
    taxonomy = load()
    assert {rule.theme for rule in taxonomy.theme_rules} == {theme.id for theme in taxonomy.codebook.themes}


def test_every_site_of_the_old_and_new_amazon_forums_is_known_by_the_forums_name() -> None:
    listed = {name: set(forum.sites) for forum in load().forums for name in forum.names}
    sites = load_sites()
    for name in ("OSFE", "NSFE"):
        assert listed[name] >= {site.id for site in sites if site.id.startswith(f"{name.lower()}-")}


def test_the_day_comes_first_on_every_amazon_forum_but_those_of_the_united_states() -> None:
    day_first = {site for forum in load().forums for site in forum.day_first}
    amazon = {site.id for site in load_sites() if site.id.startswith(("osfe-", "nsfe-"))}
    assert amazon - day_first == {"osfe-us", "nsfe-us"}


def test_every_program_belongs_to_a_marketplace_of_which_words_can_speak() -> None:
    taxonomy = load()
    assert {program.marketplace for program in taxonomy.programs} == {entry.id for entry in taxonomy.marketplaces}


def test_history_is_dated_in_order_and_sourced() -> None:
    for program in load().programs:
        dates = [mode.date for mode in program.history if mode.date]
        assert dates == sorted(dates), program.id
        assert all(mode.sources and mode.tier in "PSF" for mode in program.history)


def test_predecessors_and_successors_agree() -> None:
    taxonomy = load()
    for program in taxonomy.programs:
        for other in program.successors:
            assert program.id in taxonomy.program(other).predecessors
        for other in program.predecessors:
            assert program.id in taxonomy.program(other).successors


def test_comments_leave_the_version_alone_and_words_do_not(folder: Path, edit: Edit) -> None:
    before = load(folder).version
    edit(folder, "cues.yml", "version: 2", "version: 2  # looked at")
    assert load(folder).version == before
    edit(folder, "cues.yml", "  - opt out\n", "  - opt out\n  - opt me out\n")
    assert load(folder).version != before


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("programs.yml", "successors: [ebay.eis]", "successors: [ebay.eiss]", "no program has the id ebay.eiss"),
        ("programs.yml", "{text: NARF, observed: true}", "{text: remote-fulfillment}", "duplicate of line"),
        ("programs.yml", "{text: NARF, observed: true}", "{text: PRL, case: exact}", "duplicate of line"),
        ("programs.yml", "{text: NARF, observed: true}", "{text: rfs}", "duplicate of line"),
        ("programs.yml", "id: amz.pan_eu", "id: amz.fba_export", "is taken"),
        ("programs.yml", "in: [title, thread]", "in: [title, page]", "'page' is not one of"),
        ("programs.yml", "mode: mandatory", "mode: compulsory", "'compulsory' is not one of"),
        ("programs.yml", "sources: [sellersasksellers]", "sources: [nowhere]", "no source with the key nowhere"),
        ("programs.yml", "ambiguous: true", "ambiguous: false", "ambiguous"),
        ("programs.yml", "    name: Promise Optimization\n", "    name: A\n    name: B\n", "stands twice"),
        ("programs.yml", "verified_on: 2026-11-23", "verified_on: last week", "Write the day as"),
        ("programs.yml", "verified_on: 2026-11-23", "verified_on: 2026-02-30", "2026-02-30 is not in the calendar"),
        ("programs.yml", 'date: "2024-03-21"', 'date: "2024-13"', "2024-13 is not in the calendar"),
        ("programs.yml", "version: 1\n", "version: [1\n", "not valid YAML"),
        ("programs.yml", "status: partial", "status: &a partial\n    note2: *a", "anchor"),
        ("theme_rules.yml", "theme: consent_absent", "theme: consent_gone", "not in themes.yml"),
        ("theme_rules.yml", "'\\bnot being asked\\b'", "'\\bnot (being'", "does not compile"),
        ("theme_rules.yml", "'\\bnot being asked\\b'", "'x*'", "matches the empty text"),
        ("forums.yml", "day_first: [osfe-uk, osfe-eu]", "day_first: [osfe-uk, nsfe-eu]", "none of the forum's sites"),
        ("forums.yml", "marketplace: ebay", "marketplace: ebuy", "none of marketplaces"),
        ("cues.yml", "  - opt out\n", "  - no\n", "False is not of type 'string'"),
    ],
)
def test_a_mistake_is_refused_with_file_and_line(
    folder: Path, edit: Edit, file: str, old: str, new: str, says: str
) -> None:
    edit(folder, file, old, new)
    with pytest.raises(DataFileError) as caught:
        load(folder)
    message = str(caught.value)
    assert re.match(rf"{re.escape(str(folder / file))}:\d+: ", message), message
    assert says in message


def test_the_line_is_the_mistakes_own(folder: Path, edit: Edit) -> None:
    edit(folder, "theme_rules.yml", "'\\bnot being asked\\b'", "'(('")
    lines = (folder / "theme_rules.yml").read_text(encoding="utf-8").splitlines()
    line = 1 + next(number for number, text in enumerate(lines) if "'(('" in text)
    with pytest.raises(DataFileError, match=rf"theme_rules\.yml:{line}: "):
        load(folder)


def test_a_missing_or_broken_file_is_an_error_that_names_it(folder: Path) -> None:
    (folder / "cues.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataFileError, match=r"cues\.yml"):
        load(folder)
    (folder / "cues.yml").unlink()
    with pytest.raises(DataFileError, match="missing"):
        load(folder)


def test_nesting_without_end_is_refused(folder: Path) -> None:
    (folder / "cues.yml").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(DataFileError):
        load(folder)

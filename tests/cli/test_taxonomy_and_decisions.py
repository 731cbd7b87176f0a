"""`optout taxonomy`, `optout candidates` and `optout review` as a user meets them. All text is synthetic."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from analysis.review_queue import enqueue
from analysis.tag import tag_archive
from taxonomy import load
from taxonomy.load import FOLDER
from tests.analysis.small_archive import SmallArchive
from tests.cli.conftest import Optout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "taxonomy"))


@pytest.fixture
def archive(tmp_path: Path) -> SmallArchive:
    archive = SmallArchive(tmp_path / "archive.db")
    thread = archive.thread("Promise Optimization (PO) is on by default")
    archive.post(thread, 1, "I never signed up for this.", at="2024-05-01T00:00:00Z")
    for number in range(2, 9):
        archive.post(thread, number, f"I opted out of Delivery Shield, {number} times.", at="2026-05-01T00:00:00Z")
    tag_archive(archive.db, load(), run_id=archive.tag_run)
    # What waits for a person is what a test puts there, whatever the model makes of these words.
    archive.run("delete from theme_candidates")
    archive.run("delete from review_queue")
    return archive


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_check_counts_and_says_what_to_look_at(optout: Optout, folder: Path) -> None:
    ended = optout("taxonomy", "check", folder)
    assert ended.code == 0
    assert f"taxonomy {load().version}: {len(load().programs)} programs" in ended.out
    assert "unverified" in ended.out


def test_check_names_file_and_line_of_a_mistake(optout: Optout, folder: Path) -> None:
    edit(folder / "programs.yml", "status: partial", "status: sure")
    ended = optout("taxonomy", "check", folder)
    assert ended.code == 8
    assert "programs.yml:" in ended.err and "status" in ended.err


def test_check_says_that_a_way_out_was_not_looked_at_for_long(optout: Optout, folder: Path) -> None:
    edit(folder / "programs.yml", "verified_on: 2026-11-23", "verified_on: 2020-01-01")
    assert "last verified on 2020-01-01" in optout("taxonomy", "check", folder).out


def test_show_draws_the_history_with_its_sources(optout: Optout) -> None:
    out = optout("taxonomy", "show", "amz.prepaid_return_label").out
    assert "├─ 2020-06-15" in out and "└─ 2026-02-08" in out
    assert "[P] https://" in out and "verified 20" in out
    assert "amz.prepaid_return_label" in optout("taxonomy", "show").out
    assert "rule" in optout("taxonomy", "show", "consent_absent").out
    assert optout("taxonomy", "show", "amz.none_such").code == 2
    assert (
        optout("taxonomy", "show", "PRL").out == out == optout("taxonomy", "show", "prepaid returns label program").out
    )
    several = optout("taxonomy", "show", "fba").out.splitlines()
    assert len(several) > 3 and all(line.split()[0].count(".") == 1 for line in several)


def test_diff_says_what_changed_and_how_many_posts_it_touches(
    optout: Optout, folder: Path, archive: SmallArchive, tmp_path: Path
) -> None:
    edit(folder / "programs.yml", "{text: Promise Optimization, observed: true}", "{text: Delivery Shield}")
    ended = optout("taxonomy", "diff", folder, "--db", tmp_path / "archive.db")
    assert "program amz.promise_optimization: aliases: - Delivery Shield; + Promise Optimization" in ended.out
    assert "8 of 8 tagged posts" in ended.out
    assert "no difference" in optout("taxonomy", "diff", "current", "current", "--db", tmp_path / "archive.db").out
    ended = optout("taxonomy", "diff", load().version, folder, "--db", tmp_path / "archive.db")
    assert "program amz.promise_optimization: changed" in ended.out
    assert optout("taxonomy", "diff", "1+none", "--db", tmp_path / "archive.db").code == 2


def test_diff_of_an_entry_in_a_list_names_what_differs_in_it(optout: Optout, folder: Path, tmp_path: Path) -> None:
    edit(folder / "programs.yml", '{date: "2024-03-21", mode: auto_enrol', '{date: "2024-03-21", mode: default_on')
    ended = optout("taxonomy", "diff", folder, "--db", tmp_path / "none.db")
    assert "amz.promise_optimization: history: 2024-03-21: mode: default_on -> auto_enrol\n" in ended.out


def test_a_run_that_was_interrupted_or_killed_is_said_to_be_so(
    optout: Optout, archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("analysis.tagger.Tagger.post", interrupted)
        assert optout("tag", "--again", "--db", tmp_path / "archive.db").code == 130
    # The first is this archive's own, which nothing ended.
    found = archive.db.execute("select state, exit_code from runs where verb = 'tag' order by id").fetchall()
    assert [tuple(row) for row in found] == [("interrupted", None), ("interrupted", 130)]


def test_a_candidate_becomes_a_program_and_comments_stay(
    optout: Optout, folder: Path, archive: SmallArchive, tmp_path: Path
) -> None:
    options = ("--folder", folder, "--db", tmp_path / "archive.db")
    ended = optout("candidates", "--since", "2026-01-01", *options)
    assert ended.code == 0 and ended.out.startswith("Delivery Shield  (7 posts")
    before = (folder / "programs.yml").read_text(encoding="utf-8")
    ended = optout("candidates", "accept", "Delivery Shield", "--as", "amz.delivery_shield", "--by", "anna", *options)
    assert ended.code == 0, ended.err
    after = (folder / "programs.yml").read_text(encoding="utf-8")
    gone = [line for line in before.splitlines() if line not in after.splitlines() and not line.startswith("version:")]
    assert gone == []
    program = load(folder).program("amz.delivery_shield")
    assert (program.status, program.marketplace, program.sources[0].tier) == ("unverified", "amazon", "F")
    assert program.sources[0].url == "https://forum.example/t/1"
    row = archive.db.execute("select decision, program_id, decided_by from program_candidates").fetchone()
    assert tuple(row) == ("accept", "amz.delivery_shield", "anna")
    assert optout("candidates", "accept", "Delivery Shield", "--as", "amz.delivery_shield", *options).code == 2
    assert optout("candidates", "--since", "2026-01-01", *options).out == "no name stands out\n"


@pytest.mark.parametrize("program_id", ["delivery_shield", "moon.delivery_shield", "amz.Delivery", "amz.vine"])
def test_an_id_that_cannot_be_is_refused_and_nothing_is_written(
    optout: Optout, folder: Path, archive: SmallArchive, tmp_path: Path, program_id: str
) -> None:
    before = (folder / "programs.yml").read_bytes()
    ended = optout(
        "candidates", "accept", "Delivery Shield", "--as", program_id, "--url", "https://x.example/1", "--folder", folder,
        "--db", tmp_path / "archive.db",
    )  # fmt: skip
    assert ended.code == 2
    assert (folder / "programs.yml").read_bytes() == before


@pytest.mark.parametrize(
    "named",
    [("Prepaid Return Label",), ("PO",), ("Delivery Shield", "--alias", "PRL")],
)
def test_a_name_that_a_program_has_is_refused_and_the_file_is_as_before(
    optout: Optout, folder: Path, archive: SmallArchive, tmp_path: Path, named: tuple[str, ...]
) -> None:
    before = (folder / "programs.yml").read_bytes()
    ended = optout(
        "candidates", "accept", *named, "--as", "amz.named_again", "--url", "https://x.example/1",
        "--folder", folder, "--db", tmp_path / "archive.db",
    )  # fmt: skip
    assert ended.code == 2 and "is a name of amz.p" in ended.err
    assert (folder / "programs.yml").read_bytes() == before


def test_a_rejected_name_goes_to_the_stop_list(
    optout: Optout, folder: Path, archive: SmallArchive, tmp_path: Path
) -> None:
    options = ("--folder", folder, "--db", tmp_path / "archive.db")
    assert optout("candidates", "--since", "2026-01-01", *options).code == 0
    assert (
        optout("candidates", "reject", "Delivery Shield", "--why", 'a "shop": ours', "--by", "anna", *options).code == 0
    )
    assert '- {name: "Delivery Shield", why: "a \\"shop\\": ours", by: "anna", decided_on: "' in (
        folder / "stop_names.yml"
    ).read_text(encoding="utf-8")
    assert optout("candidates", "--since", "2026-01-01", *options).out == "no name stands out\n"
    assert optout("candidates", "reject", "Delivery Shield", *options).code == 2
    assert optout("candidates", "reject", "delivery  SHIELD", "--force", *options).code == 2


def test_a_name_that_is_no_candidate_is_rejected_only_with_force(
    optout: Optout, folder: Path, archive: SmallArchive, tmp_path: Path
) -> None:
    options = ("--folder", folder, "--db", tmp_path / "archive.db")
    optout("candidates", "--since", "2026-01-01", *options)
    before = (folder / "stop_names.yml").read_bytes()
    refused = optout("candidates", "reject", "Delivery Sheild", *options)
    assert refused.code == 2 and "none of the candidates" in refused.err and "--force" in refused.err
    assert (folder / "stop_names.yml").read_bytes() == before
    assert optout("candidates", "reject", "Delivery Sheild", "--force", *options).code == 0
    assert optout("candidates", "reject", "delivery shield", *options).code == 0
    assert "Delivery Sheild" in (folder / "stop_names.yml").read_text(encoding="utf-8")


def test_a_name_can_be_rejected_before_there_is_an_archive(optout: Optout, folder: Path, tmp_path: Path) -> None:
    options = ("--folder", folder, "--db", tmp_path / "none.db")
    assert optout("candidates", "reject", "Brass Lantern", *options).code == 2
    assert optout("candidates", "reject", "Brass Lantern", "--force", *options).code == 0
    assert "Brass Lantern" in (folder / "stop_names.yml").read_text(encoding="utf-8")


def test_a_candidate_can_be_named_in_any_case(
    optout: Optout, folder: Path, archive: SmallArchive, tmp_path: Path
) -> None:
    options = ("--folder", folder, "--db", tmp_path / "archive.db")
    optout("candidates", "--since", "2026-01-01", *options)
    ended = optout("candidates", "accept", "delivery shield", "--as", "amz.delivery_shield", *options)
    assert ended.code == 0, ended.err
    assert load(folder).program("amz.delivery_shield").name == "Delivery Shield"
    ended = optout("candidates", "accept", "Nobody Said It", "--as", "amz.nobody", *options)
    assert ended.code == 2 and "none of the candidates" in ended.err


@pytest.mark.parametrize("name", ["Prepaid Return Labels", "PO"])
def test_the_name_of_a_program_is_not_rejected(optout: Optout, folder: Path, tmp_path: Path, name: str) -> None:
    ended = optout("candidates", "reject", name, "--folder", folder, "--db", tmp_path / "none.db", "--force")
    assert ended.code == 2 and "is a name of amz.p" in ended.err


def test_what_was_never_tagged_is_said_to_be_so(optout: Optout, tmp_path: Path) -> None:
    SmallArchive(tmp_path / "new.db")
    assert "optout tag" in optout("candidates", "--db", tmp_path / "new.db").err
    assert "optout tag" in optout("review", "--db", tmp_path / "new.db").out


def test_a_day_that_is_none_is_refused(optout: Optout, archive: SmallArchive, tmp_path: Path) -> None:
    assert optout("candidates", "--since", "last year", "--db", tmp_path / "archive.db").code == 2


def test_a_day_can_be_written_without_its_hyphens(optout: Optout, archive: SmallArchive, tmp_path: Path) -> None:
    usual, short = (
        optout("candidates", "--since", day, "--db", tmp_path / "archive.db") for day in ("2026-01-01", "20260101")
    )
    assert "Delivery Shield" in usual.out and short.out == usual.out


def test_nobody_decides_without_a_name(optout: Optout, archive: SmallArchive, tmp_path: Path) -> None:
    refused = optout("review", "--by", " ", "--db", tmp_path / "archive.db")
    assert refused.code == 2 and "--by" in refused.err


def queued(archive: SmallArchive) -> None:
    archive.run(
        'insert into theme_candidates (paragraph_id, theme_id, start, "end", score, because, run_id)'
        " select paragraph_id, ?, start, \"end\", 0.4, 'signed', run_id from theme_tags limit 1",
        "notice_deficient",
    )
    with archive.db.conn:
        enqueue(archive.db.conn, load())


def test_a_key_a_decision(
    optout: Optout, archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(archive)
    keys = iter("xy")
    monkeypatch.setattr("click.getchar", lambda: next(keys))
    ended = optout("review", "--by", "anna", "--db", tmp_path / "archive.db")
    assert ended.code == 0, ended.err
    assert "Promise Optimization (PO) is on by default" in ended.out
    assert "candidate; signed; score 0.40" in ended.out and "I never signed up" in ended.out
    row = archive.db.execute('select subject_id, decision, decided_by, start, "end" from reviews').fetchone()
    assert tuple(row) == ("notice_deficient", "accept", "anna", 0, 27)
    assert "nothing waits" in optout("review", "--db", tmp_path / "archive.db").out
    assert optout("tag", "--db", tmp_path / "archive.db").code == 0
    assert ("notice_deficient", "I never signed up") in archive.themes(1)


@pytest.mark.parametrize(("pressed", "kept"), [("q", []), ("s", []), ("n", ["reject"]), ("\x03", [])])
def test_one_can_skip_and_end(
    optout: Optout,
    archive: SmallArchive,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pressed: str,
    kept: list[str],
) -> None:
    queued(archive)
    monkeypatch.setattr("click.getchar", lambda: pressed)
    assert optout("review", "--theme", "notice_deficient", "--db", tmp_path / "archive.db").code == 0
    assert [row[0] for row in archive.db.execute("select decision from reviews")] == kept


def test_the_last_decision_can_be_undone(
    optout: Optout, archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(archive)
    archive.run("update theme_candidates set theme_id = 'unclear_rules'")
    queued(archive)
    keys = iter("nunq")
    monkeypatch.setattr("click.getchar", lambda: next(keys))
    assert optout("review", "--db", tmp_path / "archive.db").code == 0
    assert [row[0] for row in archive.db.execute("select decision from reviews")] == ["reject"]


def test_keys_typed_ahead_count_and_ctrl_c_keeps_what_was_decided(
    optout: Optout, archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(archive)
    archive.run("update theme_candidates set theme_id = 'unclear_rules'")
    queued(archive)
    typed = iter(["uy"])

    def key() -> str:
        try:
            return next(typed)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("click.getchar", key)
    ended = optout("review", "--db", tmp_path / "archive.db")
    assert ended.code == 0 and "there is nothing to undo" in ended.out and "1 decisions kept" in ended.out
    assert [row[0] for row in archive.db.execute("select decision from reviews")] == ["accept"]


def test_without_a_terminal_a_review_says_what_it_needs(
    optout: Optout, archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(archive)

    def no_terminal() -> str:
        raise OSError(6, "No such device or address: '/dev/tty'")

    monkeypatch.setattr("click.getchar", no_terminal)
    ended = optout("review", "--db", tmp_path / "archive.db")
    assert ended.code == 2 and "needs a terminal" in ended.err and "--list" in ended.err


def test_what_waits_is_counted_and_can_be_limited_to_a_reason(
    optout: Optout, archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(archive)
    monkeypatch.setattr("click.getchar", lambda: "q")
    assert "      1  candidate\n" in optout("review", "--db", tmp_path / "archive.db").out
    of_other_reason = optout("review", "--why", "two programs", "--db", tmp_path / "archive.db")
    assert of_other_reason.out == "nothing waits for a decision\n"
    refused = optout("review", "--why", "two", "--db", tmp_path / "archive.db")
    assert refused.code == 2 and "two programs inherited" in refused.err
    assert optout("review", "--theme", "no_such_theme", "--db", tmp_path / "archive.db").code == 2


def test_the_queue_can_be_listed_for_other_tools(optout: Optout, archive: SmallArchive, tmp_path: Path) -> None:
    queued(archive)
    lines = optout("review", "--list", "--db", tmp_path / "archive.db").out.splitlines()
    assert [json.loads(line)["subject_id"] for line in lines] == ["notice_deficient"]

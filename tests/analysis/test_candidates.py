"""Unknown program names found among what sellers write. All text and all names are invented."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from analysis.candidates import find_candidates, g2, store
from analysis.tag import tag_archive
from taxonomy import load
from taxonomy.edit import stop_names
from tests.analysis.small_archive import SmallArchive

TAXONOMY = load()
PLANTED = [
    "Delivery Shield", "Parcel Promise Plus", "Auto Restock Helper", "Smart Bundle Match", "QZR", "Return Guard", "Fast Lane Pricing",
    "Velvet Checkout", "Listing Autopilot", "DPX",
]  # fmt: skip
TEMPLATES = [
    "Nobody asked me about {}.", "I opted out of {} twice.", "How do I get out of {}? It was on by itself.",
    "They put us in {} and my margin is gone.", "Has anyone looked at {} yet?", "Today {} moved my dates again.",
    "Since {} came I have had nine returns.",
]  # fmt: skip
NOISE = [
    "I post parcels at the Post Office in Lower Wobble every day.", "Seller Support sent the same answer.", "The USPS van was late.",
    "My cousin Anna Miller says hello.", "Promise Optimization is on again.", "The Prepaid Return Label cost me dear.",
    "I like rain and the Grand Hotel.", "Our ASIN was merged, and the SKU too.",
]  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> SmallArchive:
    chance = random.Random(7)
    archive = SmallArchive(tmp_path / "archive.db")
    threads = [archive.thread(f"Thread {number}") for number in range(12)]
    number = 0
    for year, planted in ((2022, False), (2023, False), (2024, True)):
        for place in range(120):
            number += 1
            words = chance.choice(NOISE)
            if planted and place < 8 * len(PLANTED):
                name = PLANTED[place % len(PLANTED)]
                template = chance.choice(TEMPLATES)
                words += " " + template.format(name.lower() if " " in name and chance.random() < 0.3 else name)
            archive.post(
                chance.choice(threads), number, words, author=chance.choice(("anna", "ben", "cleo", "dora")),
                at=f"{year}-0{place % 9 + 1}-11T00:00:00Z",
            )  # fmt: skip
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    return archive


def test_planted_names_stand_at_the_top(archive: SmallArchive) -> None:
    found = find_candidates(archive.db.conn, TAXONOMY, stop_names(), since="2024-01-01", top=20)
    names = [one.name for one in found]
    assert set(PLANTED) <= set(names[:12]), names
    one = next(one for one in found if one.name == "Delivery Shield")
    assert one.posts == 8 and one.earlier_posts == 0 and one.threads > 1 and one.authors > 1
    assert (one.first_at or "") >= "2024-01" and 1 <= len(one.examples) <= 3
    assert all("delivery shield" in example["words"].lower() for example in one.examples)


def test_in_a_young_archive_the_later_half_is_held_against_the_earlier(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "young.db")
    thread = archive.thread("What now?")
    for number in range(1, 61):
        words = "They enrolled me in Delivery Shield, and I opted out of it." if number > 40 else NOISE[number % 4]
        archive.post(
            thread, number, words, author=f"a{number % 7}", at=f"2024-0{number // 10 + 1}-1{number % 10}T00:00:00Z"
        )
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    assert "Delivery Shield" in [one.name for one in find_candidates(archive.db.conn, TAXONOMY, stop_names())]


def test_known_names_and_old_ones_are_no_candidates(archive: SmallArchive) -> None:
    found = {one.name.lower() for one in find_candidates(archive.db.conn, TAXONOMY, stop_names(), since="2024-01-01")}
    known = (
        "promise optimization",
        "prepaid return label",
        "seller support",
        "usps",
        "asin",
        "anna miller",
        "post office",
    )
    assert not found & set(known)


def test_a_rejected_name_is_not_shown_again(archive: SmallArchive) -> None:
    found = find_candidates(archive.db.conn, TAXONOMY, [*stop_names(), "Delivery Shield"], since="2024-01-01")
    assert "Delivery Shield" not in {one.name for one in found}


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("starshield", ["starshield"]), ("Starshield", ["Starshield"]), ("everything", []), ("emails", []), ("weather", []),
        ("stops", []),
    ],
)  # fmt: skip
def test_a_word_in_small_letters_after_a_cue_is_a_candidate_if_nobody_used_it_before(
    tmp_path: Path, word: str, shown: list[str]
) -> None:
    archive = SmallArchive(tmp_path / "archive.db")
    thread = archive.thread("What now?")
    for number in range(1, 31):
        words = "Rain again over here, and emails in a heap." if number % 3 else "The weather stops us."
        archive.post(thread, number, words, at="2022-03-01T00:00:00Z")
    for number in range(31, 61):
        words = f"Finally I opted out of {word}, all done." if number % 2 else f"Well, {word} it is again."
        archive.post(thread, number, words, at="2024-03-01T00:00:00Z")
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    found = find_candidates(archive.db.conn, TAXONOMY, [], since="2024-01-01")
    assert [one.name for one in found] == shown
    assert all((one.posts, one.cue_posts) == (30, 15) for one in found)


def test_what_was_always_there_scores_below_zero() -> None:
    assert g2(5, 100, 500, 1000) < 0 < g2(5, 100, 0, 1000) < g2(10, 100, 0, 1000)
    assert g2(0, 100, 0, 1000) == pytest.approx(0)
    assert g2(5, 100, 0, 0) == pytest.approx(0)


def test_decisions_stay_in_the_table(archive: SmallArchive) -> None:
    found = find_candidates(archive.db.conn, TAXONOMY, stop_names(), since="2024-01-01")
    with archive.db.conn:
        store(archive.db.conn, found, archive.tag_run)
    archive.run("update program_candidates set decision = 'reject', decided_by = 'ben' where name = 'QZR'")
    with archive.db.conn:
        store(archive.db.conn, [one for one in found if one.name != "QZR"][:2], archive.tag_run)
    rows = archive.db.execute(
        "select name, decision, examples from program_candidates order by decision is null"
    ).fetchall()
    assert len(rows) == 3 and rows[0][:2] == ("QZR", "reject")
    assert json.loads(rows[0]["examples"])[0].keys() == {"site", "thread", "post", "words"}


def test_an_empty_archive_has_none(tmp_path: Path) -> None:
    assert find_candidates(SmallArchive(tmp_path / "empty.db").db.conn, TAXONOMY, []) == []

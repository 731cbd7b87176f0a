"""The trained model as the tagger uses it: what it says is reproducible, placed and explained. All text is synthetic."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.encoder import LONGEST
from analysis.model import FILES, FOLDER, Model, any_theme, model
from analysis.tag import tag_archive
from analysis.wordpiece import WordPiece
from archive.errors import DataFileError
from taxonomy import load
from taxonomy.normalise import fold
from tests.analysis.small_archive import SmallArchive

COMPLAINT = "The weather is fine. They charged my card a fee for every return label that I never asked for. See you."


def test_a_proposal_points_at_the_sentence_that_speaks_for_it() -> None:
    for found in model().read(COMPLAINT.lower()).proposals(0.0):
        sentence = COMPLAINT[found.start : found.end]
        assert sentence and sentence == sentence.strip() and sentence in COMPLAINT
        assert all(word in COMPLAINT.lower() for word in found.because)


def test_the_words_that_moved_a_score_are_those_of_the_complaint() -> None:
    (found,) = [entry for entry in model().read(COMPLAINT.lower()).proposals(0.0) if entry.theme_id == "cost_shift"]
    assert COMPLAINT[found.start : found.end].startswith("They charged")
    assert {"charged", "card", "fee"} & set(found.because)


def test_reading_twice_gives_the_same() -> None:
    assert model().read(COMPLAINT.lower()).proposals(0.0) == model().read(COMPLAINT.lower()).proposals(0.0)


def test_a_program_is_told_by_a_description_in_the_light_of_the_title() -> None:
    words = fold(
        "Amazon prints a label for every return now and takes it out of my payout; things over $100 were exempt."
    ).text
    best = [
        model().programs[int(model().read(words, title).described().argmax())]
        for title in ("return labels", "who pays for the way back")
    ]
    assert best == ["amz.prepaid_return_label", "amz.prepaid_return_label"]


def test_a_text_longer_than_is_read_at_once_is_read_to_its_end() -> None:
    filler = "the parcel came on tuesday and the weather was fine. " * (LONGEST // 5)
    found = {entry.theme_id: entry for entry in model().read(filler + COMPLAINT.lower()).proposals(0.0)}
    text = (filler + COMPLAINT.lower())[found["cost_shift"].start : found["cost_shift"].end]
    assert text.startswith("they charged my card")


def test_where_no_theme_is_worth_looking_for_the_encoder_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.encoder.Encoder.read", lambda *_: pytest.fail("the encoder was asked"))
    assert model().read("thanks, have a good weekend.").proposals(0.0) == []


@given(st.lists(st.floats(0, 1), min_size=3, max_size=6))
def test_the_chance_of_any_theme_lies_between_what_the_themes_give_and_what_the_encoder_sees(
    chances: list[float],
) -> None:
    together = 1 - np.prod(1 - np.array(chances[:-1]))
    low, high = sorted((together, chances[-1]))
    assert low - 1e-5 <= any_theme(np.array(chances)) <= high + 1e-5


def test_what_a_paragraph_describes_is_told_from_what_it_goes_on_about() -> None:
    words = (
        "Amazon prints a label for every return now and takes it out of my payout.",
        "It did that to me too, twice.",
    )
    one, other = (model().read(fold(text).text).describes for text in words)
    assert one > 2 * other


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=200))
def test_any_text_at_all_can_be_read(text: str) -> None:
    folded = fold(text)
    reading = model().read(folded.text)
    assert 0 <= reading.about <= 1
    assert sum(reading.described()) == pytest.approx(1, abs=1e-3)
    for found in reading.proposals(0.0):
        assert 0 <= found.start <= found.end <= len(folded.text)
        assert 0 <= found.score <= 1


def test_the_model_knows_the_codebook_and_the_programs_of_the_taxonomy() -> None:
    taxonomy = load()
    assert set(model().themes) == {theme.id for theme in taxonomy.codebook.themes}
    assert set(model().programs) <= {program.id for program in taxonomy.programs}
    assert set(model().thresholds) == set(model().themes)


def test_weights_that_are_not_those_of_the_card_are_refused(tmp_path: Path) -> None:
    for name in (*FILES, "model.json"):
        shutil.copy(FOLDER / name, tmp_path / name)
    Model(tmp_path)
    card = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(card | {"digest": "0" * 64}))
    with pytest.raises(DataFileError, match="do not belong together"):
        Model(tmp_path)
    with pytest.raises(DataFileError, match="make model"):
        Model(tmp_path / "nowhere")


def test_what_ships_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 32_000_000


def test_words_are_cut_into_known_pieces_longest_first() -> None:
    cut = WordPiece({"[UNK]": 0, "opt": 1, "##out": 2, "##o": 3, "out": 4, "!": 5})
    assert cut.pieces("optout out! xyz") == ([1, 2, 4, 5, 0], [(0, 6), (0, 6), (7, 10), (10, 11), (12, 15)])
    assert cut.pieces("é" * 60)[0] == [0]


def test_a_tag_of_the_model_carries_its_sentence_and_its_words(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "a.db")
    thread = archive.thread("Promise Optimization")
    texts = ["Guess who pays for the label.", "I closed four cases about it and each agent contradicts the last one."]
    for number, text in enumerate(texts, 1):
        archive.post(thread, number, f"Morning all. {text}")
    tag_archive(archive.db, load(), run_id=archive.tag_run)
    rows = archive.db.execute(
        """select substr(p.text, t.start + 1, t."end" - t.start), t.because, t.score, p.text from
        (select paragraph_id, start, "end", because, score from theme_tags where rule = 'model' union all
         select paragraph_id, start, "end", because, score from theme_candidates) t
        join paragraphs g on g.id = t.paragraph_id join posts p on p.id = g.post_id"""
    ).fetchall()
    assert rows
    for evidence, because, score, text in rows:
        assert evidence in text and 0 < score < 1
        assert all(word in text.lower() for word in because.split(", "))

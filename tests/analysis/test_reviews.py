"""What people decide about tags holds at every run, after edits and after a rebuild. All text is synthetic."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.review import ACCEPT, REJECT, Question, record, text_digest, withdraw
from analysis.review_queue import WHYS, enqueue, queue, waiting
from analysis.tag import tag_archive
from taxonomy import load
from tests.analysis.small_archive import SmallArchive

TAXONOMY = load()
STANCES = [theme.id for theme in TAXONOMY.codebook.themes if theme.stance]
PO = "amz.promise_optimization"
PRL = "amz.prepaid_return_label"
TITLE = "Promise Optimization (PO) is on by default"
WORDS = "I never signed up for this."


@pytest.fixture
def archive(tmp_path: Path) -> SmallArchive:
    return SmallArchive(tmp_path / "archive.db")


def tag(archive: SmallArchive, *, all_posts: bool = False) -> int:
    return tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run, all_posts=all_posts).posts


def decide(
    archive: SmallArchive, thread: int, words: str, subject: str, decision: str, span: tuple[int, int] | None = None
) -> int:
    start, end = span or (None, None)
    question = Question(
        "s", str(thread), f"{thread}-1", TITLE, "anna", words, 0, "program" if "." in subject else "theme", subject, start,
        end, "", 0.5, "",
    )  # fmt: skip
    with archive.db.conn:
        return record(archive.db.conn, question, decision, by="ben")


def test_a_rejected_theme_goes_and_an_accepted_one_comes(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    post = archive.post(thread, 1, WORDS)
    tag(archive)
    assert archive.themes(post) == [("consent_absent", "I never signed up")]
    decide(archive, thread, WORDS, "consent_absent", REJECT)
    decide(archive, thread, WORDS, "notice_deficient", ACCEPT, (2, 7))
    assert tag(archive) == 1
    assert archive.themes(post) == [("notice_deficient", "never")]
    assert archive.db.execute("select rule, score from theme_tags").fetchone()[:] == ("review", 1.0)


def test_an_accepted_tag_keeps_its_evidence(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    archive.post(thread, 1, WORDS)
    tag(archive)
    before = archive.db.execute('select how, start, "end", source_paragraph_id from program_tags').fetchone()[:]
    decide(archive, thread, WORDS, PO, ACCEPT)
    decide(archive, thread, WORDS, "consent_absent", ACCEPT)
    tag(archive)
    row = archive.db.execute('select how, start, "end", source_paragraph_id, rule from program_tags').fetchone()
    assert row[:] == (*before, "review")
    assert archive.themes(1) == [("consent_absent", "I never signed up")]


def test_an_accepted_description_stays_one_and_a_rejected_one_goes(archive: SmallArchive) -> None:
    words = (
        "Stock that sat too long in their warehouse went to some charity by itself, and they call that my gift, because it"
        " starts that way unless you change it."
    )
    thread = archive.thread(TITLE)
    post = archive.post(thread, 1, words)
    tag(archive)
    ((found, how),) = archive.programs(post)
    assert (found, how) == ("amz.fba_donations", "described")
    before = archive.db.execute('select start, "end" from program_tags').fetchone()[:]
    decision = decide(archive, thread, words, found, ACCEPT)
    tag(archive)
    assert archive.programs(post) == [(found, "described")]
    assert (
        archive.db.execute('select start, "end" from program_tags where rule = ?', ["review"]).fetchone()[:] == before
    )
    with archive.db.conn:
        withdraw(archive.db.conn, decision)
    decide(archive, thread, words, found, REJECT)
    tag(archive)
    assert found not in [program for program, _ in archive.programs(post)]


def test_a_decision_on_a_program_reaches_what_inherits_it(archive: SmallArchive) -> None:
    thread = archive.thread("What now?")
    words = "They call it the Prepaid Return Label."
    archive.post(thread, 1, words)
    later = archive.post(thread, 2, "Nobody asked me.")
    tag(archive)
    assert archive.programs(later) == [(PRL, "inherited")]
    decide(archive, thread, words, PRL, REJECT)
    decide(archive, thread, words, PO, ACCEPT, (10, 20))
    assert tag(archive) == 2
    assert archive.programs(later) == [(PO, "inherited")]
    tag(archive, all_posts=True)
    assert archive.programs(later) == [(PO, "inherited")]


def test_the_later_of_two_decisions_holds(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    post = archive.post(thread, 1, WORDS)
    decide(archive, thread, WORDS, "consent_absent", REJECT)
    tag(archive)
    decide(archive, thread, WORDS, "consent_absent", ACCEPT)
    tag(archive)
    assert [theme for theme, _ in archive.themes(post)] == ["consent_absent"]


@pytest.mark.parametrize(
    ("subject", "decision", "span", "themes"),
    [
        ("notice_deficient", REJECT, (2, 7), [("consent_absent", "I never signed up")]),
        (
            "notice_deficient",
            ACCEPT,
            (8, 14),
            [("consent_absent", "I never signed up"), ("notice_deficient", "signed")],
        ),
        ("consent_absent", ACCEPT, (2, 7), [("consent_absent", "I never signed up")]),
    ],
    ids=["the opposite", "other evidence", "another theme"],
)
def test_a_decision_in_the_place_of_a_withdrawn_one_holds(
    archive: SmallArchive, subject: str, decision: str, span: tuple[int, int], themes: list[tuple[str, str]]
) -> None:
    """The withdrawn one's row id is free again, and the next decision gets it."""
    thread = archive.thread(TITLE)
    post = archive.post(thread, 1, WORDS)
    withdrawn = decide(archive, thread, WORDS, "notice_deficient", ACCEPT, (2, 7))
    tag(archive)
    with archive.db.conn:
        withdraw(archive.db.conn, withdrawn)
    assert decide(archive, thread, WORDS, subject, decision, span) == withdrawn
    assert tag(archive) == 1
    assert archive.themes(post) == themes


def test_an_edit_keeps_the_decision_on_the_earlier_version_and_frees_the_new_words(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    post = archive.post(thread, 1, f"<p>{WORDS}</p><p>Tea.</p>")
    decide(archive, thread, WORDS, "consent_absent", REJECT)
    tag(archive)
    archive.edit(post, "I never signed up for any of it.")
    tag(archive)
    assert archive.themes(post) == [("consent_absent", "I never signed up")]
    old = archive.db.execute(
        "select count(*) from theme_tags t join paragraphs g on g.id = t.paragraph_id where g.revision_id is not null"
    ).fetchone()[0]
    assert old == 0


def test_an_edit_elsewhere_in_the_post_leaves_the_decision_in_force(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    post = archive.post(thread, 1, f"<p>{WORDS}</p><p>Tea.</p>")
    decide(archive, thread, WORDS, "consent_absent", REJECT)
    tag(archive)
    archive.edit(post, f"Edit: more tea.</p><p>{WORDS}")
    tag(archive)
    assert archive.themes(post) == []


def test_decisions_outlive_all_row_ids(archive: SmallArchive) -> None:
    """A rebuild deletes and numbers everything again; only the forum's own ids stay."""
    thread = archive.thread(TITLE)
    archive.post(thread, 1, WORDS)
    decide(archive, thread, WORDS, "consent_absent", REJECT)
    tag(archive)
    for table in ("theme_tags", "program_tags", "tagged_posts", "paragraphs", "posts"):
        archive.run(f"delete from {table}")
    archive.run("update threads set id = id + 100")
    again = archive.post(thread + 100, 1, WORDS)
    archive.run("update posts set native_id = ? where id = ?", f"{thread}-1", again)
    tag(archive)
    assert archive.themes(again) == []


def test_a_rebuild_names_no_table_of_decisions() -> None:
    from crawler.rebuild import DERIVED

    assert not {"reviews", "program_candidates", "taxonomies", "runs"} & set(DERIVED)


def propose(archive: SmallArchive, theme: str, score: float) -> None:
    """As if the model found that theme in the first paragraph, too unsurely for a tag."""
    archive.run(
        'insert into theme_candidates (paragraph_id, theme_id, start, "end", score, because, run_id)'
        " select paragraph_id, ?, start, \"end\", ?, 'signed', run_id from theme_tags where paragraph_id = 1",
        theme, score,
    )  # fmt: skip


def carry(archive: SmallArchive, theme: str) -> None:
    """As if the model had tagged the first paragraph with that theme, by the words that carry its first one."""
    archive.run(
        'insert into theme_tags (paragraph_id, theme_id, start, "end", rule, score, run_id)'
        " select paragraph_id, ?, start, \"end\", 'model', 0.7, run_id from theme_tags where paragraph_id = 1 limit 1",
        theme,
    )


def inherit(archive: SmallArchive, program: str, score: float) -> None:
    """As if the last paragraph took that program from its thread beside the one that it took."""
    archive.run(
        "insert into program_tags (paragraph_id, program_id, how, rule, score, run_id) select paragraph_id, ?, 'inherited',"
        " 'inherited from thread', ?, run_id from program_tags where paragraph_id = (select max(id) from paragraphs) limit 1",
        program, score,
    )  # fmt: skip


def asked(archive: SmallArchive) -> list[tuple[str, str]]:
    """Subject and reason of what waits."""
    with archive.db.conn:
        enqueue(archive.db.conn, TAXONOMY)
    return [(question.subject_id, question.why) for question in queue(archive.db.conn)]


def test_the_queue_has_contradictions_first_and_asks_nothing_twice(archive: SmallArchive) -> None:
    archive.post(archive.thread(TITLE), 1, WORDS)
    archive.post(archive.thread("Prepaid Return Label"), 1, "Nobody asked me.")
    tag(archive)
    inherit(archive, PO, 0.6)
    propose(archive, "notice_deficient", 0.45)
    carry(archive, STANCES[0])
    found = asked(archive)
    assert [WHYS.index(why) for _, why in found] == sorted(WHYS.index(why) for _, why in found)
    assert {subject for subject, _ in found} >= {"consent_absent", STANCES[0], "notice_deficient", PO, PRL}
    candidate = next(q for q in queue(archive.db.conn, subject_id="notice_deficient") if q.why == "candidate")
    assert candidate.words[candidate.start : candidate.end] == "I never signed up"
    with archive.db.conn:
        record(archive.db.conn, candidate, ACCEPT, by="ben")
    assert candidate not in queue(archive.db.conn)
    assert "notice_deficient" not in {subject for subject, _ in asked(archive)}
    assert {q.subject_id for q in queue(archive.db.conn, subject_id=PO)} == {PO}
    assert {q.why for q in queue(archive.db.conn, why="two programs inherited")} == {"two programs inherited"}
    assert len(queue(archive.db.conn, limit=1)) == 1
    assert dict(waiting(archive.db.conn))["two programs inherited"] == 2


def test_a_program_that_is_inherited_with_less_confidence_than_one_half_is_asked_about(archive: SmallArchive) -> None:
    post = archive.post(archive.thread("What now?"), 1, "Nobody asked me.")
    tag(archive)
    assert archive.programs(post) == []
    archive.run(
        "insert into program_tags (paragraph_id, program_id, how, rule, score, run_id)"
        " values ((select max(id) from paragraphs), ?, 'inherited', 'inherited from thread', 0.4, ?)",
        PO, archive.tag_run,
    )  # fmt: skip
    assert (PO, "an unsure program") in asked(archive)
    archive.run("update program_tags set score = 0.5")
    assert (PO, "an unsure program") not in asked(archive)


def test_two_themes_by_the_same_words_of_which_the_codebook_allows_one_contradict(archive: SmallArchive) -> None:
    archive.post(archive.thread(TITLE), 1, "There is no way to opt out of this.")
    tag(archive)
    assert archive.themes(1)[0][0] == "mandatory_no_exit"
    assert not any(why.startswith("two themes") for _, why in asked(archive))
    carry(archive, "optout_obscure")
    both = {subject for subject, why in asked(archive) if why.startswith("two themes")}
    assert both == {"mandatory_no_exit", "optout_obscure"}
    archive.run("update theme_tags set start = 0, \"end\" = 2 where theme_id = 'optout_obscure'")
    assert not any(why.startswith("two themes") for _, why in asked(archive))


def test_a_rule_whose_theme_the_model_doubts_is_asked_for(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.model.Reading.chance", lambda *_: 0.1)
    archive.post(archive.thread(TITLE), 1, WORDS)
    tag(archive)
    assert ("consent_absent", "a rule against the model") in asked(archive)
    decide(archive, 1, WORDS, "consent_absent", ACCEPT)
    tag(archive)
    assert "consent_absent" not in {subject for subject, _ in asked(archive)}


def test_a_title_against_what_the_posts_before_name_is_asked_for(archive: SmallArchive) -> None:
    thread = archive.thread("Promise Optimization is on by default")
    archive.post(thread, 1, "Nobody asked me.")
    archive.post(thread, 2, "It is the same with the Prepaid Return Label.")
    doubtful = archive.post(thread, 3, "Nobody asked me.")
    tag(archive)
    assert archive.programs(doubtful) == [(PO, "inherited")]
    why = "the title names one program, the posts just before another"
    assert asked(archive).count((PO, why)) == 1
    (question,) = queue(archive.db.conn, why=why)
    assert question.post_native_id == f"{thread}-3"


def test_an_unsure_name_under_a_title_with_another_program_is_asked_for(archive: SmallArchive) -> None:
    thread = archive.thread("Promise Optimization and the FBA Donations program")
    archive.post(thread, 1, "Nobody asked me.")
    archive.post(thread, 2, "The Prepaid Return Label is another matter.")
    tag(archive)
    why = "an unsure name, in a thread whose title names another program"
    assert (PRL, why) not in asked(archive)
    archive.run("update program_tags set score = 0.85, rule = 'name in thread' where program_id = ?", PRL)
    assert (PRL, why) in asked(archive)


@pytest.mark.parametrize(("written", "early"), [("2014-05-01", True), ("2024-03-01", False), ("2025-05-01", False)])
def test_a_post_older_than_the_program_keeps_its_tag_with_less_confidence(
    archive: SmallArchive, written: str, early: bool
) -> None:
    post = archive.post(archive.thread("Promise Optimization is on"), 1, WORDS, at=f"{written}T00:00:00Z")
    tag(archive)
    assert archive.programs(post) == [(PO, "inherited")]
    score = archive.db.execute("select score from program_tags").fetchone()[0]
    assert (score == 0.5) == early
    assert ((PO, "before the program's first known date") in asked(archive)) == early
    decide(archive, 1, WORDS, PO, ACCEPT)
    tag(archive)
    assert archive.db.execute("select score from program_tags").fetchone()[0] == 1.0
    assert PO not in {subject for subject, _ in asked(archive)}


def test_a_digest_is_of_the_very_words() -> None:
    assert text_digest("a b") == text_digest("a b") != text_digest("a  b")
    assert text_digest("\ud800")

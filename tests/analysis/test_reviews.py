"""What people decide about tags holds at every run, after edits and after a rebuild. All text is synthetic."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.review import ACCEPT, REJECT, Question, queue, record, text_digest
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
) -> None:
    start, end = span or (None, None)
    question = Question(
        "s", str(thread), f"{thread}-1", TITLE, "anna", words, 0, "program" if "." in subject else "theme", subject, start,
        end, "", 0.5, "",
    )  # fmt: skip
    with archive.db.conn:
        record(archive.db.conn, question, decision, by="ben")


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


def test_the_queue_has_contradictions_first_and_asks_nothing_twice(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    archive.post(thread, 1, WORDS)
    both = archive.thread("Promise Optimization and the Prepaid Return Label")
    archive.post(both, 1, "Nobody asked me.")
    tag(archive)
    archive.run(
        'insert into theme_candidates (paragraph_id, theme_id, start, "end", score, because, run_id)'
        " select paragraph_id, 'notice_deficient', start, \"end\", 0.45, 'signed', run_id"
        " from theme_tags where paragraph_id = 1"
    )
    archive.run(
        'insert into theme_tags (paragraph_id, theme_id, start, "end", rule, score, run_id)'
        " select paragraph_id, ?, start, \"end\", 'model', 0.7, run_id from theme_tags where paragraph_id = 1",
        STANCES[0],
    )
    found = queue(archive.db.conn, STANCES)
    whys = [question.why for question in found]
    assert whys == sorted(
        whys, key=["a complaint and a benefit in one paragraph", "two programs inherited", "candidate"].index
    )
    assert {question.subject_id for question in found} >= {"consent_absent", STANCES[0], "notice_deficient", PO, PRL}
    candidate = next(q for q in found if q.why == "candidate" and q.subject_id == "notice_deficient")
    assert candidate.words[candidate.start : candidate.end] == "I never signed up"
    with archive.db.conn:
        record(archive.db.conn, candidate, ACCEPT, by="ben")
    assert candidate not in queue(archive.db.conn, STANCES)
    assert {q.subject_id for q in queue(archive.db.conn, STANCES, subject_id=PO)} == {PO}
    assert len(queue(archive.db.conn, STANCES, limit=1)) == 1


def test_a_digest_is_of_the_very_words() -> None:
    assert text_digest("a b") == text_digest("a b") != text_digest("a  b")
    assert text_digest("\ud800")

"""Tagging an archive. All text is synthetic."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from analysis.encoder import Encoded, Encoder
from analysis.model import Model, model
from analysis.tag import AHEAD, TagCounts, tag_archive
from taxonomy import load
from tests.analysis.small_archive import SmallArchive

TAXONOMY = load()
PO = "amz.promise_optimization"
PRL = "amz.prepaid_return_label"
TITLE = "Promise Optimization (PO) is on by default"
# Promise Optimization, without its name and without a word of trade.
DESCRIBING = (
    "They moved my delivery dates forward by themselves, going by how fast I shipped before, and to get out I had to fill in"
    " a survey with my token."
)


@pytest.fixture
def archive(tmp_path: Path) -> SmallArchive:
    return SmallArchive(tmp_path / "archive.db")


def tag(archive: SmallArchive, *, all_posts: bool = False) -> TagCounts:
    return tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run, all_posts=all_posts)


def test_a_named_program_is_tagged_with_its_words(archive: SmallArchive) -> None:
    thread = archive.thread("What is this?")
    post = archive.post(thread, 1, "Hm 👎.</p><p>So they call it Promise\u00a0Optimisation now.")
    tag(archive)
    row = archive.db.execute(
        """select t.program_id, t.how, t.source_paragraph_id, t.run_id,
        substr(p.text, t.start + 1, t."end" - t.start) as words
        from program_tags t join paragraphs g on g.id = t.paragraph_id join posts p on p.id = g.post_id
        where p.id = ?""",
        (post,),
    ).fetchone()
    assert tuple(row) == (PO, "named", None, archive.tag_run, "Promise\u00a0Optimisation")


def test_a_paragraph_about_it_inherits_the_program_from_the_title(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    post = archive.post(thread, 1, "I cannot find the setting to turn it off anywhere.")
    tag(archive)
    row = archive.db.execute('select how, start, "end", source_paragraph_id, rule from program_tags').fetchone()
    assert tuple(row) == ("inherited", 0, len("Promise Optimization"), None, "inherited from title")
    assert archive.themes(post)[0][0] == "optout_obscure"


def test_chat_inherits_nothing(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    posts = [
        archive.post(thread, n, words)
        for n, words in enumerate(("Good grief!", "Off to walk the dog.", "Same here"), 1)
    ]
    tag(archive)
    assert [archive.programs(post) for post in posts] == [[], [], []]


def test_a_quotation_decides_what_the_answer_is_about(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    archive.post(thread, 1, "The Prepaid Return Label did this too.")
    archive.post(thread, 2, "I like rain.")
    quote = (
        '<aside class="quote" data-username="anna" data-topic="1" data-post="1"><blockquote><p>did this too</p>'
        "</blockquote></aside><p>And nobody asked me about that.</p>"
    )
    post = archive.post(thread, 3, quote)
    tag(archive)
    assert archive.programs(post) == [(PRL, "inherited")]
    row = archive.db.execute(
        "select s.post_id, t.rule from program_tags t join paragraphs s on s.id = t.source_paragraph_id"
    ).fetchone()
    assert tuple(row) == (1, "inherited from quoted post")


def test_a_quotation_from_another_thread_is_not_looked_up_in_this_one(archive: SmallArchive) -> None:
    elsewhere = archive.thread("Elsewhere")
    archive.post(elsewhere, 1, "Rain.")
    thread = archive.thread(TITLE)
    archive.post(thread, 1, "The Prepaid Return Label did this too.")
    archive.post(thread, 2, "PO is worse.")
    quote = '<aside class="quote" data-post="1" data-topic="1"><blockquote><p>Rain.</p></blockquote></aside><p>Nobody asked me.</p>'
    post = archive.post(thread, 3, quote)
    tag(archive)
    assert archive.programs(post) == [(PO, "inherited")]
    row = archive.db.execute("select rule from program_tags order by paragraph_id desc").fetchone()
    assert "quoted" not in row[0]


def test_an_answer_is_about_what_the_answered_post_is_about(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    archive.post(thread, 1, "The Prepaid Return Label did this too.")
    archive.post(thread, 2, "PO is worse.")
    post = archive.post(thread, 3, "And nobody asked me.", reply_to=1)
    tag(archive)
    assert archive.programs(post) == [(PRL, "inherited")]


def test_without_a_program_in_the_title_the_latest_paragraph_that_names_one_decides(archive: SmallArchive) -> None:
    thread = archive.thread("What now?")
    archive.post(thread, 1, "They call it the Prepaid Return Label.")
    post = archive.post(thread, 2, "Nobody asked me.")
    for number in range(3, 200):
        archive.post(thread, number, "Rain again.")
    late = archive.post(thread, 200, "Nobody asked me.")
    tag(archive)
    assert archive.programs(post) == [(PRL, "inherited")]
    assert archive.programs(late) == []


def test_a_quotation_of_a_later_or_missing_post_is_harmless(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    for number, source in enumerate(("99", "1", "-1", "9" * 40, "x"), 1):
        archive.post(
            thread,
            number,
            f'<aside class="quote" data-username="a" data-topic="1" data-post="{source}"><blockquote><p>x</p></blockquote>'
            "</aside><p>Nobody asked me.</p>",
        )
    assert tag(archive).inherited == 5


def test_a_list_of_programs_is_about_none_of_them(archive: SmallArchive) -> None:
    thread = archive.thread("Everything")
    post = archive.post(thread, 1, "Offsite Ads, FBA Donations, NARF, Automate Pricing, and so on.")
    tag(archive)
    assert archive.programs(post) == []


@pytest.mark.parametrize("opening", ["", " Amazon did that."])
def test_no_description_begins_a_topic_where_nobody_speaks_of_trade(archive: SmallArchive, opening: str) -> None:
    thread = archive.thread("What now?")
    post = archive.post(thread, 1, DESCRIBING + opening)
    tag(archive)
    found = archive.db.execute("select distinct how from program_tags").fetchall()
    assert [row[0] for row in found] == (["described"] if opening else [])
    assert bool(archive.themes(post)) == bool(opening)


@pytest.mark.parametrize(("site", "found"), [("sas", []), ("ebay", [("ebay.gsp", "described")])])
def test_a_description_is_read_by_the_marketplace_of_the_forum(
    tmp_path: Path, site: str, found: list[tuple[str, str]]
) -> None:
    archive = SmallArchive(tmp_path / "sellers.db", site=site)
    said = "They switched on a program that offers all my items to buyers in other countries and ships them from a hub."
    post = archive.post(archive.thread("What now?"), 1, said)
    tag(archive)
    assert archive.programs(post) == found


def test_on_a_sellers_forum_a_description_needs_no_word_of_trade(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "sellers.db", site="sas")
    post = archive.post(archive.thread("What now?"), 1, DESCRIBING)
    tag(archive)
    assert [how for _, how in archive.programs(post)] == ["described"]
    assert archive.themes(post)


def test_tags_are_the_same_on_one_core_and_on_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, readers = [], []
    encode = Encoder.read

    def watched(encoder: Encoder, title: Sequence[int], text: Sequence[int]) -> list[Encoded]:
        readers.append(threading.current_thread().name.partition("_")[0])
        return encode(encoder, title, text)

    monkeypatch.setattr(Encoder, "read", watched)
    for cores in (1, 3):
        monkeypatch.setattr("analysis.model.cores", lambda cores=cores: cores)
        fresh = Model()
        monkeypatch.setattr("analysis.tagger.model", lambda fresh=fresh: fresh)
        archive = SmallArchive(tmp_path / f"{cores}.db", site="sas")
        thread = archive.thread("What now?")
        said = ("Morning all.", DESCRIBING, "Nobody asked me.</p><p>And now my customers wait for days.")
        posts = [archive.post(thread, number, said[number % 3]) for number in range(2 * AHEAD)]
        archive.edit(posts[3], "Good evening.")
        tag(archive)
        found.append(archive.tags())
    assert found[0] == found[1]
    assert any("described" in row for row in found[0])
    assert set(readers) == {"MainThread", "encoder"}


@pytest.mark.parametrize(("chance", "tagged", "asked"), [(0.005, False, True), (0.1, True, True), (0.9, True, False)])
def test_what_a_rule_finds_and_the_model_doubts_waits_for_a_person(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch, chance: float, tagged: bool, asked: bool
) -> None:
    monkeypatch.setattr("analysis.model.Reading.chance", lambda *_: chance)
    monkeypatch.setattr("analysis.model.Reading.proposals", lambda *_: [])
    post = archive.post(archive.thread(TITLE), 1, "I never signed up for Promise Optimization.")
    tag(archive)
    assert bool(archive.themes(post)) == tagged
    candidates = archive.db.execute("select theme_id, score from theme_candidates").fetchall()
    assert [tuple(row) for row in candidates] == ([("consent_absent", chance)] if asked else [])


def test_plain_words_that_could_be_said_of_anything_are_read_where_a_program_is_in_sight(tmp_path: Path) -> None:
    words = "I was never notified about this change."
    assert not model().read(words.lower()).worth_reading
    archive = SmallArchive(tmp_path / "sellers.db", site="sas")
    about, other = (archive.post(archive.thread(title), 1, words) for title in (TITLE, "Rain"))
    tag(archive)
    assert archive.programs(about) == [(PO, "inherited")]
    assert [theme for theme, _ in archive.themes(about)] == ["notice_deficient"]
    assert archive.themes(other) == []


def test_themes_are_for_the_authors_own_voice(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    words = "I never signed up for this."
    quoted = archive.post(thread, 1, f"<blockquote><p>{words}</p></blockquote>")
    staff = archive.post(thread, 2, words, author="jo", role="staff")
    seller = archive.post(thread, 3, words)
    tag(archive)
    assert archive.themes(quoted) == []
    assert archive.themes(staff) == []
    assert archive.themes(seller) == [("consent_absent", "I never signed up")]


def test_what_a_platform_wrote_is_known_in_a_seller_s_post_without_a_mark(archive: SmallArchive) -> None:
    html = (
        "<p>Found this in my inbox:</p><p>To help buyers plan, delivery promises on your account are set by us and may be"
        " shorter than the ones you configured.</p><p>Your late shipments during this period are not counted. Sellers who"
        " prefer their own promises must reply within seven days.</p><p>Seven days, and it lay in the spam folder for"
        " five of them. I was never asked.</p>"
    )
    post = archive.post(archive.thread(TITLE), 1, html)
    tag(archive)
    rows = archive.db.execute("select voice, voice_rule, voice_evidence from paragraphs order by position").fetchall()
    assert [row["voice"] for row in rows] == ["seller", "announcement", "announcement", "seller"]
    pasted = rows[1:3]
    assert all(row["voice_rule"] == "model" and row["voice_evidence"] in html for row in pasted)
    assert "consent_absent" in dict(archive.themes(post))


def test_a_theme_needs_a_sellers_program(archive: SmallArchive) -> None:
    thread = archive.thread("Unrelated")
    alone = archive.post(thread, 1, "I never signed up for this.")
    buyers = archive.post(archive.thread("Mail"), 1, "The buyer opted out of my messages. Nobody asked me.")
    tag(archive)
    assert archive.themes(alone) == []
    assert archive.themes(buyers) == []


def test_the_words_of_an_address_are_nobodys(archive: SmallArchive) -> None:
    thread = archive.thread("Links")
    post = archive.post(
        thread, 1, "I keep many notes, as one does: https://x.example/promise-optimization/opt-out-survey end."
    )
    tag(archive)
    assert archive.programs(post) == []


def test_actions_are_passed_over_and_empty_posts_have_no_paragraphs(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    archive.post(thread, 1, "", kind="post")
    archive.post(thread, 2, "PO closed", kind="action")
    assert tag(archive) == TagCounts(threads=1, posts=1, threads_in_all=1)
    assert tag(archive).posts == 0


def test_revisions_are_tagged_beside_the_current_version(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    post = archive.post(thread, 1, "Nobody asked me about PO.")
    tag(archive)
    archive.edit(post, "Never mind, wrong thread.")
    counts = tag(archive)
    assert (counts.posts, counts.revisions) == (1, 1)
    assert archive.programs(post) == []
    old = archive.db.execute(
        "select t.program_id, g.revision_id from program_tags t join paragraphs g on g.id = t.paragraph_id"
    ).fetchall()
    assert [tuple(row) for row in old] == [(PO, 1)]


def test_an_earlier_version_is_read_with_its_links_as_the_present_one(archive: SmallArchive) -> None:
    links = {
        "https://forum.example/t/8": "Prepaid Return Label: I never signed up",
        "https://forum.example/t/9": "PO post of 2019",
    }
    items = "".join(f'<li><a href="{url}">{title}</a></li>' for url, title in links.items())
    post = archive.post(archive.thread(TITLE), 1, f"<ul>{items}</ul>")
    for url, title in links.items():
        archive.run(
            "insert into links (post_id, url, kind, title, target_site_id, target_native_id, state)"
            " values (?, ?, 'link', ?, 's', ?, 'unknown')",
            post, url, title, url[-1],
        )  # fmt: skip
    archive.edit(post, f"</p><ul>{items}</ul><p>Edit: solved.")
    tag(archive)
    for sql in (
        "select g.revision_id, g.kind, null, null from paragraphs g",
        "select g.revision_id, t.theme_id, t.start, t.rule from theme_tags t join paragraphs g on g.id = t.paragraph_id",
        "select g.revision_id, r.kind, r.start, r.target_native_id from thread_references r"
        " join paragraphs g on g.id = r.paragraph_id",
    ):
        rows = [tuple(row) for row in archive.db.execute(sql)]
        earlier, present = ([row[1:] for row in rows if (row[0] is None) == now] for now in (False, True))
        assert earlier == [row for row in present if row[0] != "text"]
    assert len(earlier) == 2


def test_a_link_that_came_with_an_edit_is_none_of_the_earlier_version(archive: SmallArchive) -> None:
    post = archive.post(archive.thread(TITLE), 1, "The old thread said so.")
    archive.edit(post, 'The <a href="https://forum.example/t/9">old thread</a> said so.')
    archive.run(
        "insert into links (post_id, url, kind, title, target_site_id, target_native_id, state)"
        " values (?, 'https://forum.example/t/9', 'link', 'old thread', 's', '9', 'unknown')",
        post,
    )
    tag(archive)
    rows = archive.db.execute(
        "select g.revision_id from thread_references r join paragraphs g on g.id = r.paragraph_id"
    ).fetchall()
    assert [row[0] for row in rows] == [None]


def test_an_unchanged_archive_is_not_tagged_again_and_no_text_is_read(
    archive: SmallArchive,
) -> None:
    archive.post(archive.thread(TITLE), 1, "Nobody asked me.")
    assert tag(archive).posts == 1
    read: list[str] = []
    archive.db.conn.set_trace_callback(read.append)
    assert tag(archive) == TagCounts()
    archive.db.conn.set_trace_callback(None)
    assert read
    assert not any("p.text" in sql or "html" in sql for sql in read)


def test_a_new_post_leaves_the_earlier_ones_alone(archive: SmallArchive) -> None:
    thread = archive.thread(TITLE)
    archive.post(thread, 1, "Nobody asked me.")
    archive.post(archive.thread("Other"), 1, "Nobody asked me.")
    tag(archive)
    archive.post(thread, 2, "Nor me.")
    counts = tag(archive)
    assert (counts.threads, counts.posts) == (1, 1)


def test_a_change_reaches_the_posts_after_it(archive: SmallArchive) -> None:
    thread = archive.thread("What now?")
    first = archive.post(thread, 1, "They call it the Prepaid Return Label.")
    second = archive.post(thread, 2, "Nobody asked me.")
    tag(archive)
    archive.edit(first, "They call it Promise Optimization.")
    assert tag(archive).posts == 2
    assert archive.programs(second) == [(PO, "inherited")]


def test_what_earlier_posts_say_is_part_of_the_context(archive: SmallArchive) -> None:
    thread = archive.thread("What now?")
    archive.post(thread, 1, "They call it the Prepaid Return Label.")
    archive.post(thread, 2, "Nobody asked me.")
    digests = []
    for digest in ("one", "two"):
        archive.run("update posts set digest = ? where number = 1", digest)
        tag(archive)
        digests.append(archive.db.execute("select context_digest from tagged_posts where post_id = 2").fetchone()[0])
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    "change",
    [
        "update threads set title = 'Offsite Ads'",
        "update authors set role = 'staff'",
        "update posts set reply_to_number = 1 where number = 2",
    ],
)
def test_a_changed_context_is_a_change(archive: SmallArchive, change: str) -> None:
    thread = archive.thread(TITLE)
    archive.post(thread, 1, "Nobody asked me.")
    archive.post(thread, 2, "Nobody asked me either.")
    tag(archive)
    archive.run(change)
    assert tag(archive).posts >= 1


def test_step_by_step_gives_what_all_at_once_gives(tmp_path: Path) -> None:
    sentences = [
        "Nobody asked me.",
        "PO is on again.",
        "The Prepaid Return Label cost me dear.",
        "I like rain.",
        "AHT and PO!",
        "There is no toggle.",
        "My card was charged for stores I never opened.",
        "Refund at First Scan, then.",
        "SAFE-T claim denied.",
        "How do I opt out?",
        "OTDR went down to 80%.",
        "<blockquote><p>Refund at First Scan</p></blockquote><p>Nobody asked me.</p>",
    ]
    for seed in range(6):
        chance = random.Random(seed)
        steps, whole = SmallArchive(tmp_path / f"steps{seed}.db"), SmallArchive(tmp_path / f"whole{seed}.db")
        threads = [TITLE, "What now?", "Automated Handling Time and the label"]
        for archive in (steps, whole):
            for title in threads:
                archive.thread(title)
        for number in range(1, 31):
            thread, words = chance.randrange(1, 4), chance.choice(sentences)
            author, reply = chance.choice(("anna", "ben", "News_Amazon")), chance.choice((None, number // 2))
            edited = chance.choice(sentences[:5]) if chance.random() < 0.2 else None
            for archive in (steps, whole):
                archive.post(thread, number, words, author=author, reply_to=reply)
                if edited:
                    archive.edit(chance_post(archive, number), edited)
            if chance.random() < 0.4:
                tag(steps)
        tag(steps)
        tag(whole)
        assert steps.tags() == whole.tags()
        assert len(whole.tags()) > 60
        tag(whole, all_posts=True)
        assert steps.tags() == whole.tags()


def chance_post(archive: SmallArchive, number: int) -> int:
    """An earlier post, the same one in every archive."""
    row = archive.db.execute("select min(id) from posts where number >= ?", (max(1, number - 5),)).fetchone()
    return int(row[0])


def test_an_interrupted_run_keeps_whole_threads(archive: SmallArchive) -> None:
    for number in range(3):
        archive.post(archive.thread(TITLE), 1, f"Nobody asked me, {number}.")

    def stop(counts: TagCounts) -> None:
        if counts.threads == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run, progress=stop)
    assert archive.db.execute("select count(*) from tagged_posts").fetchone()[0] == 2
    assert tag(archive).threads == 1


def test_progress_says_how_far_of_how_much(archive: SmallArchive) -> None:
    for _ in range(2):
        archive.post(archive.thread(TITLE), 1, "Nobody asked me.")
    seen: list[tuple[int, int]] = []
    tag_archive(
        archive.db,
        TAXONOMY,
        run_id=archive.tag_run,
        progress=lambda counts: seen.append((counts.threads, counts.threads_in_all)),
    )
    assert seen == [(1, 2), (2, 2)]


def test_every_tag_row_says_rule_score_and_run(archive: SmallArchive) -> None:
    archive.post(archive.thread(TITLE), 1, "Nobody asked me about PO.")
    tag(archive)
    for table in ("program_tags", "theme_tags"):
        for row in archive.db.execute(f'select rule, score, run_id, start, "end" from {table}'):
            assert row["rule"] and 0 < row["score"] <= 1 and row["run_id"] == archive.tag_run
            assert row["start"] < row["end"]


def test_a_tag_says_what_else_finds_it(archive: SmallArchive) -> None:
    text = "Nobody asked me about Promise Optimization, I never signed up for PO."
    archive.post(archive.thread(TITLE), 1, text)
    tag(archive)
    (program,) = archive.db.execute("select rule, also from program_tags").fetchall()
    assert tuple(program) == ("name", "name in title")
    also = dict(map(tuple, archive.db.execute("select theme_id, also from theme_tags")))
    assert "consent.never_agreed" in also["consent_absent"].split(", ")


def test_a_paragraph_keeps_what_its_voice_rests_on_and_whom_it_quotes(archive: SmallArchive) -> None:
    quotation = (
        '<aside class="quote" data-username="ben" data-post="1" data-topic="7"><blockquote>No.</blockquote></aside>'
    )
    archive.post(
        archive.thread(TITLE), 1, f"{quotation}<p>We hear you.</p><p>[mod edit: a name]</p>", author="News_Amazon"
    )
    tag(archive)
    rows = archive.db.execute("select voice, voice_rule, voice_evidence, source from paragraphs order by position")
    assert [tuple(row) for row in rows] == [
        ("quotation", "kind quote", "quote", '{"username": "ben", "topic": "7", "post": "1"}'),
        ("staff", "handle", "News_Amazon", None),
        ("staff", "moderator's note", "[mod edit", None),
    ]

"""Measuring the tagger: what is read, what is counted, and that labels stay out of it. All text is synthetic."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analysis.evaluate import compare, errors, figures, predictions, rule_summary
from analysis.judge import judge
from analysis.labelled import place, read
from analysis.metrics import counts, kappa, scores, share
from archive.errors import DataFileError, InputError
from cli.evaluate import evaluate
from taxonomy import load

PROGRAM = "amz.promise_optimization"
LINES: list[dict[str, object]] = [
    {"id": "a", "position": "op", "text": "They switched on Promise Optimization for my account.", "programs": [PROGRAM]},
    {"id": "b", "position": "reply 2", "text": "Nobody even asked me whether I wanted it.", "themes": ["consent_absent"],
     "inherited_programs": [PROGRAM]},
    {"id": "c", "position": "reply 2", "text": "We were put in without asking us.", "themes": ["consent_absent"],
     "inherited_programs": [PROGRAM]},
    {"id": "d", "position": "reply 10", "text": "Good morning from the coast."},
    {"id": "e", "position": "reply p2.1", "text": "Same page, other day."},
]  # fmt: skip


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    return write(tmp_path / "lines.jsonl", LINES)


def write(path: Path, entries: list[dict[str, object]]) -> Path:
    common = {"thread": "t", "title": "Who turned this on?", "forum": "sas", "voice": ["staff"], "unknown": {"x": 1}}
    path.write_text(
        "".join(json.dumps(common | entry, ensure_ascii=False) + "\n" for entry in entries), encoding="utf-8"
    )
    return path


def test_lines_in_any_order_make_the_same_thread(tmp_path: Path) -> None:
    shuffled = [dict(entry) for entry in LINES]
    random.Random(3).shuffle(shuffled)
    # Of one position, file order is the order.
    shuffled.sort(key=lambda entry: entry["id"] == "c")
    first, second = (
        read(write(tmp_path / f"{name}.jsonl", entries)) for name, entries in (("one", LINES), ("two", shuffled))
    )
    assert first == second
    assert [[paragraph.id for paragraph in post.paragraphs] for post in first[0].posts] == [
        ["a"],
        ["b", "c"],
        ["d"],
        ["e"],
    ]


@pytest.mark.parametrize(
    "order",
    [
        ["op", "nav", "reply 1", "reply 2", "reply 10", "reply p2.1", "reply p2.11", "reply p6.4"],
        ["article", "reply 3"],
        ["op", "op 2", "op.3", "op (4)", "op5", "op p2", "nav", "nav 2", "reply 1"],
        ["article 1", "article 2", "comment 1", "article reply 2"],
        ["post", "post 2", "post 3"],
        [
            "reply 3",
            "reply 3.2",
            "reply 3.10",
            "reply 12",
            "reply 11 (page 2)",
            "reply p2.12 (edit 3)",
            "page 2 reply 13",
        ],
        ["reply 7", "reply " + "9" * 5000, "reply p" + "9" * 5000],
    ],
)
def test_positions_sort_as_a_reader_meets_them(order: list[str]) -> None:
    assert sorted(random.Random(1).sample(order, len(order)), key=place) == order


@pytest.mark.parametrize("opening", ["op", "article", "opening post"])
def test_a_reply_inherits_from_every_numbered_part_of_the_opening_post(tmp_path: Path, opening: str) -> None:
    entries: list[dict[str, object]] = [
        {"id": "c", "position": "reply 1", "text": "Nobody even asked me whether I wanted it."},
        {"id": "b", "position": f"{opening} 2", "text": "They switched on Promise Optimization for my account."},
        {"id": "a", "position": f"{opening} 1", "text": "Good morning from the coast."},
    ]
    threads = read(write(tmp_path / "parts.jsonl", entries))
    assert [[paragraph.id for paragraph in post.paragraphs] for post in threads[0].posts] == [["a", "b"], ["c"]]
    assert predictions(judge(threads, load()))[2]["inherited_programs"] == [PROGRAM]


def test_what_an_article_says_of_others_is_no_complaint_of_its_own(tmp_path: Path) -> None:
    said = "Sellers were switched into Promise Optimization and nobody asked them."
    entries: list[dict[str, object]] = [
        {"id": "a", "title": "News", "position": "article", "text": said},
        {
            "id": "b",
            "title": "News",
            "position": "article reply 1",
            "text": "They switched me into it and nobody asked me.",
        },
    ]
    found = predictions(judge(read(write(tmp_path / "news.jsonl", entries)), load()))
    assert [(entry["voice"], entry["programs"], bool(entry["themes"])) for entry in found] == [
        ("press", [PROGRAM], False),
        ("seller", [], True),
    ]


def test_lines_without_a_thread_are_told_apart_by_their_titles(tmp_path: Path) -> None:
    path = tmp_path / "loose.jsonl"
    entries = [
        {"id": "a", "title": "Promise Optimization", "text": "x y z"},
        {"id": "b", "title": "Cats and dogs", "text": "Nobody asked me.", "thread": None},
        {"id": "c", "text": "Nobody asked me."},
        {"id": "d", "title": "Promise Optimization", "text": "Nobody asked me.", "thread": " "},
        {"id": "e", "text": "Neither."},
        {"id": "f", "thread": "t", "text": "One."},
        {"id": "g", "thread": "t", "title": "Late", "forum": "sas", "text": "Two."},
    ]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    threads = read(path)
    assert [(thread.title, [paragraph.id for paragraph in thread.paragraphs]) for thread in threads] == [
        ("Promise Optimization", ["a", "d"]),
        ("Cats and dogs", ["b"]),
        ("", ["c"]),
        ("", ["e"]),
        ("Late", ["f", "g"]),
    ]
    assert len({thread.id for thread in threads}) == 5
    assert [thread.forum for thread in threads] == ["other"] * 4 + ["sas"]


def test_a_voice_and_unknown_fields_of_a_line_are_ignored(lines: Path) -> None:
    assert {paragraph.labels.voice for paragraph in read(lines)[0].paragraphs} == {None}


def test_labels_never_reach_the_tagger(tmp_path: Path, lines: Path) -> None:
    bare = [{key: entry[key] for key in ("id", "position", "text")} for entry in LINES]
    taxonomy = load()
    assert predictions(judge(read(lines), taxonomy)) == predictions(
        judge(read(write(tmp_path / "b.jsonl", bare)), taxonomy)
    )


def test_every_line_gets_a_prediction_under_its_own_id(lines: Path) -> None:
    found = {entry["id"]: entry for entry in predictions(judge(read(lines), load()))}
    assert sorted(found) == ["a", "b", "c", "d", "e"]
    assert found["a"]["programs"] == [PROGRAM]
    assert found["b"]["inherited_programs"] == [PROGRAM]
    assert found["b"]["themes"] == ["consent_absent"]
    assert found["d"]["themes"] == []


def test_lines_of_the_page_s_navigation_are_told_from_posts(tmp_path: Path) -> None:
    entries: list[dict[str, object]] = [
        {"id": "a", "position": "op", "text": "Nobody asked me."},
        {"id": "n", "position": "nav", "text": "Promise Optimization, again\nRain"},
    ]
    found = {entry["id"]: entry for entry in predictions(judge(read(write(tmp_path / "n.jsonl", entries)), load()))}
    assert found["n"]["voice"] == "navigation"
    assert (found["n"]["programs"], found["n"]["themes"]) == ([PROGRAM], [])


def test_odd_lines_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    entries: list[dict[str, object]] = [
        {"id": 7, "text": "Nobody asked me.", "thread": "t", "position": "reply 3", "themes": None},
        {"id": "x", "text": "half \ud83d of a smile", "thread": "t", "position": 2},
        {"text": "neither id nor thread"},
        {"id": "y", "text": "", "thread": "t", "title": None, "forum": None, "position": None, "programs": []},
    ]
    lines = "\r\n".join(json.dumps(entry) for entry in entries)
    path.write_bytes(b"\xef\xbb\xbf" + lines.encode() + b"\r\n\r\n")
    taxonomy = load()
    judged = judge(read(path), taxonomy)
    assert [entry["id"] for entry in predictions(judged)] == ["y", "x", 7, "3"]
    assert json.dumps({"figures": figures(judged, taxonomy), "predictions": predictions(judged)}).encode("utf-8")


def test_a_line_of_several_paragraphs_is_judged_as_one(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.jsonl",
        [{"id": "x", "position": "op", "text": "Promise Optimization again.\n\nNobody even asked me."}],
    )
    (found,) = predictions(judge(read(path), load()))
    # What one of its paragraphs states, the line does not inherit, though another does.
    assert (found["programs"], found["inherited_programs"]) == ([PROGRAM], [])
    assert "consent_absent" in found["themes"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ("[1]", "no object"),
        ("{}", "`text` is missing"),
        ('{"text": "x", "themes": "y"}', "`themes` is no list"),
        ('{"text": "x", "programs": [["y"]]}', "`programs` is no list of ids"),
        ('{"text": "x", "themes": [null]}', "`themes` is no list of ids"),
        ('{"text": "x", "themes": [true]}', "`themes` is no list of ids"),
        ('{"text": "x", "title": {"y": 1}}', "`title` is no text"),
        ('{"text": "x", "position": ["op"]}', "`position` is no text"),
    ],
)
def test_a_line_that_does_not_fit_is_named_with_file_and_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(LINES[0]) + "\n" + content + "\n")
    with pytest.raises(DataFileError, match=message) as error:
        read(path)
    assert f"{path}:2" in str(error.value)


def test_a_thread_file_gives_text_roles_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.yml"
    path.write_text(
        "id: 1\ntitle: T\nwriter: w\nsplit: test\nstaff: [Mo]\nposts:\n"
        "- {by: Mo, at: 2024-01-01, body: [{p: Hello.}]}\n"
        "- {by: ann, at: 2024-01-02, body: [{quote: {post: 1, text: Hello.}}, {p: '*No*', themes: [x]}]}\n"
    )
    (thread,) = read(path)
    assert [post.role for post in thread.posts] == ["staff", "member"]
    greeting, quotation, answer = thread.paragraphs
    assert (greeting.labels.voice, quotation.labels.voice, answer.labels.voice) == ("staff", "quotation", "seller")
    assert answer.labels.themes == {"x"}
    assert 'data-post="1"' in quotation.html


@pytest.mark.parametrize(
    ("post", "message"),
    [
        ("{body: [{p: Hello., themes: x}]}", "`themes` is no list of ids"),
        ("{body: [{p: Hello., programs: [x, 3]}]}", "`programs` is no list of ids"),
        ("{body: [{p: Hello., inherited: [[x]]}]}", "`inherited` is no list of ids"),
        ("{body: [{p: Hello., voice: 3}]}", "`voice` is no word"),
        ("{number: one}", "`number` and `reply_to` are whole numbers"),
        ("{reply_to: [1]}", "`number` and `reply_to` are whole numbers"),
    ],
)
def test_a_thread_file_that_does_not_fit_is_named_with_file_and_line(tmp_path: Path, post: str, message: str) -> None:
    path = tmp_path / "t.yml"
    path.write_text(f"title: T\nposts:\n- {post}\n")
    with pytest.raises(DataFileError, match=message) as error:
        read(path)
    assert f"{path}:3" in str(error.value)


def coded_again(path: Path, *entries: dict[str, object]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")


def test_a_second_reader_s_labels_stand_in_files_of_their_own(tmp_path: Path, lines: Path) -> None:
    said: dict[str, object] = {
        "id": "b",
        "inherited_programs": [PROGRAM],
        "themes": ["notice_deficient"],
        "voice": "seller",
    }
    coded_again(tmp_path / "second" / "anna.jsonl", said)
    coded_again(tmp_path / "lines.second.jsonl", {"id": "d", "themes": []})
    in_folder = {paragraph.id: paragraph.second for paragraph in read(tmp_path)[0].paragraphs}
    assert in_folder["b"] is not None and in_folder["b"].themes == {"notice_deficient"}
    assert in_folder["b"].inherited == {PROGRAM} and in_folder["b"].voice == "seller"
    assert in_folder["d"] is not None and in_folder["a"] is None
    beside = {paragraph.id: paragraph.second for paragraph in read(lines)[0].paragraphs}
    assert beside["d"] is not None and beside["b"] is None


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"id": "nobody"}], "no paragraph has the id 'nobody'"),
        ([{"id": "a"}, {"id": "a"}], "'a' was labelled before"),
        ([{"id": "a", "themes": "one"}], "`themes` is no list"),
        ([{"id": "a", "voice": ["seller"]}], "`voice` is no text"),
    ],
)
def test_a_second_label_that_belongs_to_nothing_is_named_with_file_and_line(
    tmp_path: Path, lines: Path, entries: list[dict[str, object]], message: str
) -> None:
    coded_again(tmp_path / "second" / "anna.jsonl", *entries)
    with pytest.raises(DataFileError, match=message) as error:
        read(tmp_path)
    assert f"anna.jsonl:{len(entries)}" in str(error.value)


def test_agreement_says_what_a_second_reader_reaches(tmp_path: Path, lines: Path) -> None:
    theme = "consent_absent"
    coded_again(
        tmp_path / "lines.second.jsonl",
        {"id": "a", "programs": [PROGRAM]},
        {"id": "b", "programs": [PROGRAM], "themes": [theme]},
        {"id": "c", "inherited_programs": [PROGRAM], "themes": [theme, "notice_deficient"]},
        {"id": "d", "themes": ["notice_deficient"]},
    )
    taxonomy = load()
    agreement = figures(judge(read(lines), taxonomy), taxonomy)["agreement"]
    assert (agreement["paragraphs"], agreement["threads"]) == (4, 1)
    assert agreement["themes"][theme] == 1 and agreement["themes"]["notice_deficient"] == 0
    second = agreement["second"]
    assert (second["programs"]["f1"]["value"], second["named"]["f1"]["value"]) == (1, 0.6667)
    assert (second["themes"]["precision"]["value"], second["themes"]["recall"]["value"]) == (0.5, 1)
    assert second["false_alarms"]["value"] == 0.5
    assert agreement["voice"] is None
    shown = CliRunner().invoke(evaluate, [str(lines)], catch_exceptions=False).output
    assert "4 paragraphs of 1 threads were labelled by a second reader" in shown and f"  {theme}: 1.00" in shown


def test_labels_that_nothing_can_find_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "odd.jsonl", [{"id": "a", "text": "Rain.", "themes": ["consent_abscent"]}])
    assert "consent_abscent" in CliRunner().invoke(evaluate, [str(path)], catch_exceptions=False).stderr


def test_what_holds_no_labelled_threads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="no labelled threads"):
        read(tmp_path)


def test_counts_give_the_textbook_figures() -> None:
    table = counts([("t", {"a"}, {"a"}), ("t", {"a", "b"}, {"b", "c"}), ("u", {"a"}, set())], ["a", "b", "c"])
    found = scores(table)
    assert found["precision"].value == round(2 / 3, 4)
    assert found["recall"].value == 0.5
    # a: 1 of 3 found, nothing wrong; b: all right; c never is a label, so it has no part in the mean.
    assert found["macro_f1"].value == 0.75


def test_intervals_hold_the_estimate_and_are_the_same_every_time() -> None:
    pairs = [(number, {"a"}, {"a"} if number % 3 else set()) for number in range(40)]
    found = scores(counts(pairs, ["a"]))["recall"]
    assert found.low is not None and found.value is not None and found.high is not None
    assert found.low < found.value < found.high
    assert scores(counts(pairs, ["a"]))["recall"] == found


def test_one_thread_leaves_no_room_for_chance_between_threads() -> None:
    found = share({"only": [True, False]})
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_agreement_is_what_chance_does_not_explain() -> None:
    # The example of Cohen's paper in small: 4 of 5 agreed, chance .52.
    assert kappa([1, 1, 1, 0, 0], [1, 1, 1, 0, 1]) == pytest.approx((0.8 - 0.56) / 0.44)
    assert kappa([1, 1], [1, 1]) is None
    assert kappa([], []) is None


def test_rules_are_counted_against_the_labels(lines: Path) -> None:
    summary = {rule["rule"]: rule for rule in rule_summary(judge(read(lines), load()))}
    assert summary["consent.never_asked"]["correct"] == 2
    assert summary["consent.never_asked"]["incorrect"] == 0


def test_rules_overlap_where_several_find_the_same(tmp_path: Path) -> None:
    said = LINES[0] | {"text": "Nobody asked me whether I want Promise Optimization, I never signed up for it."}
    summary = {rule["rule"]: rule for rule in rule_summary(judge(read(write(tmp_path / "o.jsonl", [said])), load()))}
    assert summary["model"]["coverage"] == summary["model"]["overlaps"] == 1
    assert summary["consent.never_asked"]["overlaps"] == 1


def test_errors_come_in_buckets_with_the_text(tmp_path: Path) -> None:
    wrong = [LINES[0] | {"programs": ["amz.fba_donations"]}]
    buckets = errors(judge(read(write(tmp_path / "w.jsonl", wrong)), load()))
    assert buckets["program missed, named: amz.fba_donations"][0]["id"] == "a"
    assert buckets[f"program wrong, named: {PROGRAM}"][0]["rule"] == "name"


def test_two_runs_are_compared_figure_by_figure_and_paragraph_by_paragraph(lines: Path) -> None:
    taxonomy = load()
    judged = judge(read(lines), taxonomy)
    ours = {"figures": figures(judged, taxonomy), "predictions": predictions(judged)}
    theirs = json.loads(json.dumps(ours))
    assert all(row["difference"] == 0 for row in compare(ours, theirs)["figures"])
    theirs["figures"]["programs"]["all"]["recall"]["value"] = None
    alarms = theirs["figures"].pop("false_alarms")["value"]
    theirs["figures"]["earlier"] = {"value": 0.5}
    assert [row for row in compare(ours, theirs)["figures"] if row["difference"] != 0] == [
        {"figure": "programs.all.recall", "before": None, "now": 1, "difference": None},
        {"figure": "false_alarms", "before": None, "now": alarms, "difference": None},
        {"figure": "earlier", "before": 0.5, "now": None, "difference": None},
    ]
    theirs["predictions"][0]["programs"] = []
    (changed,) = compare(ours, theirs)["changed"]
    assert changed == {"id": "a", "before": {"programs": []}, "now": {"programs": [PROGRAM]}}
    # An id that stands twice.
    for run in (ours, theirs):
        run["predictions"].append({**ours["predictions"][0]})
    assert compare(ours, theirs)["changed"] == [changed]
    theirs["predictions"].pop()
    assert compare(ours, theirs)["only_here"] == 1


def test_a_field_that_looks_like_labels_and_is_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"text": "Hello.", "theme": ["consent_absent"], "mood": "bad", "themes": []}\n', encoding="utf-8")
    evaluate.main([str(file)], standalone_mode=False)
    assert capsys.readouterr().err == "the field `theme` is not read; labels stand in `themes`\n"


def test_the_command_writes_figures_and_predictions_and_compares(lines: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    result = CliRunner().invoke(evaluate, [str(lines), "--json", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    written = json.loads(out.read_text())
    assert [entry["id"] for entry in written["predictions"]] == ["a", "b", "c", "d", "e"]
    assert set(written["predictions"][0]) == {"id", "programs", "inherited_programs", "themes", "voice"}
    alarms = written["figures"].pop("false_alarms")["value"]
    out.write_text(json.dumps(written))
    again = CliRunner().invoke(
        evaluate, [str(lines), "--compare", str(out), "--errors", "1", "--rules"], catch_exceptions=False
    )
    assert "0 paragraphs are tagged otherwise" in again.output
    assert re.search(rf"false_alarms +- +{alarms:.3f} +-", again.output)
    huge = '{"predictions": [], "figures": {"value": 1' + "0" * 400 + "}}"
    for number, content in enumerate(
        ("[]", "{", None, huge, "[" * 100_000, '{"figures": {}, "predictions": [{"id": []}]}')
    ):
        no = tmp_path / f"no{number}.json"
        if content:
            no.write_text(content)
        refused = CliRunner().invoke(evaluate, [str(lines), "--compare", str(no)])
        # Said before the work begins.
        assert isinstance(refused.exception, InputError) and refused.output == ""


def test_what_is_shown_of_a_file_is_not_taken_for_markup(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.jsonl", [LINES[0] | {"id": "[/b]", "forum": "a[/b]:smile:", "themes": ["[/red]"], "title": "[x]"}]
    )
    shown = CliRunner().invoke(evaluate, [str(path), "--errors", "1", "--rules"], catch_exceptions=False).stdout
    assert all(words in shown for words in ("programs, forum a[/b]:smile:", "theme missed: [/red] (1)", "  [/b]: They"))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
WORD = (
    st.sampled_from(
        ["op 2", "nav", "[/b]", "\ud83d", "\n\n", "Promise Optimization.", "Nobody asked me.", "<a b=x>", PROGRAM]
    )
    | st.text(st.characters())
    | st.integers()
    | st.none()
)
TEXTS, LABELS = ("id", "thread", "title", "forum", "position", "voice"), ("programs", "inherited_programs", "themes")
FITTING = st.fixed_dictionaries(
    {"text": st.lists(WORD, max_size=6).map(lambda words: "".join(map(str, words)))},
    optional=dict.fromkeys(TEXTS, WORD) | dict.fromkeys(LABELS, st.none() | st.lists(WORD, max_size=2)),
)
ODD = st.builds(
    lambda entry, odd: entry | odd,
    FITTING,
    st.dictionaries(st.sampled_from(["text", *TEXTS, *LABELS]), ANYTHING, min_size=1, max_size=1),
)
FILE = st.lists(FITTING, min_size=1, max_size=3) | st.lists(FITTING | ODD, min_size=1, max_size=3)


@example(entries=[{"text": "", "programs": ["{x"], "themes": ["{0}"]}], again=[])
@given(entries=FILE, again=st.just([]) | st.builds(lambda file: [file[0] | {"id": "1"}], FILE))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_objects_give_figures_or_one_line_that_names_line_and_field(
    tmp_path: Path, entries: list[dict[str, object]], again: list[dict[str, object]]
) -> None:
    path, out = tmp_path / "any.jsonl", tmp_path / "any.json"
    coded_again(path, *entries)
    coded_again(tmp_path / "any.second.jsonl", *again)
    out.unlink(missing_ok=True)
    result = CliRunner().invoke(evaluate, [str(path), "--json", str(out), "--errors", "2", "--rules"])
    if result.exception is None:
        assert len(json.loads(out.read_bytes())["predictions"]) == len(entries)
    else:
        assert isinstance(result.exception, DataFileError), result.exception
        assert re.fullmatch(r"\S+\.jsonl:\d+: .*(`\w+` is|the id|was labelled before).*", str(result.exception))

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from publish import charts, figures
from publish.calendar import months, quarter, quarters, sums


def test_the_calendar_is_full() -> None:
    assert months("2023-11", "2024-02") == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert quarters("2023-11", "2024-04") == ("2023 Q4", "2024 Q1", "2024 Q2")
    assert months("2024-02", "2024-01") == []
    assert sums({"2024-01": 2, "2024-03": 3, "2024-04": 1, "2024-07": None}, quarter) == {"2024 Q1": 5, "2024 Q2": 1}


def figure(counts: dict[str, int | None]) -> figures.Figure:
    history = [
        {"date": None, "mode": "opt_in", "program_id": "p"}, {"date": "2020-06-15", "mode": "auto_enrol", "program_id": "p"},
        {"date": "2021", "mode": "mandatory", "program_id": "p"},
    ]  # fmt: skip
    return figures.by_month(
        "x",
        "A <title>",
        [figures.Kind("posts", "posts", counts)],
        until="2026-11-16T00:00:00Z",
        csv="/c.csv",
        history=history,
    )


def test_a_chart_has_every_month_since_2018_a_title_a_description_and_its_numbers() -> None:
    made = figure({"2020-01": 3, "2024-07": 1})
    tree = LexborHTMLParser(str(made.wide))
    svg = tree.css_first("svg[role=img]")
    assert svg.attributes["aria-labelledby"] == "x-m-t x-m-d"
    assert (
        tree.css_first("#x-m-t").text() == "A <title>, by month"
        and "4 in all, most in 2020-01" in tree.css_first("#x-m-d").text()
    )
    assert [node.text() for node in tree.css("text.year")] == [str(year) for year in range(2018, 2027)]
    assert [node.text() for node in tree.css("g.posts rect title")] == ["2020-01: 3 posts", "2024-07: 1 posts"]
    assert made.rows == (
        ("2018-01 to 2019-12", "not known"), ("2020-01", "3"), ("2020-02 to 2024-06", "not known"), ("2024-07", "1"),
        ("2024-08 to 2026-11", "not known"),
    )  # fmt: skip


def test_a_narrow_screen_gets_quarters_and_is_told_so() -> None:
    made = figure({"2020-01": 3, "2020-02": 2})
    tree = LexborHTMLParser(str(made.narrow))
    assert made.periods == ("by month", "by quarter")
    assert tree.css_first("#x-q-t").text() == "A <title>, by quarter" and "Bars by quarter" in made.narrow
    assert [node.text() for node in tree.css("g.posts rect title")] == ["2020 Q1: 5 posts"]


def test_a_month_that_is_not_covered_is_hatched_and_one_without_posts_is_a_zero() -> None:
    made = figure({"2018-01": 1, "2018-02": 0, "2018-03": 0, "2018-04": None, "2018-05": 2})
    assert made.gaps and made.rows[:4] == (
        ("2018-01", "1"), ("2018-02 to 2018-03", "0"), ("2018-04", "not known"), ("2018-05", "2"))  # fmt: skip
    hatched = [node.text() for node in LexborHTMLParser(str(made.wide)).css("g.unknown rect title")]
    assert hatched == ["2018-04: not known", "2018-06 to 2026-11: not known"]
    assert "Hatched: 103 of 107 that the archive does not cover" in made.wide
    # A quarter is covered if one of its months is.
    hatched = [node.text() for node in LexborHTMLParser(str(made.narrow)).css("g.unknown rect title")]
    assert hatched == ["2018 Q3 to 2026 Q4: not known"]


def test_a_chart_of_months_that_are_all_covered_has_no_hatching() -> None:
    made = figure(dict.fromkeys(months("2018-01", "2026-11"), 0))
    assert not made.gaps and "pattern" not in made.wide and made.rows == (("2018-01 to 2026-11", "0"),)


def test_rates_are_of_what_is_held_in_the_same_quarter_and_covered_months() -> None:
    made = figures.rates(
        "r", "Rates", {"2018-01": 1, "2018-02": 1, "2018-03": None, "2018-10": 0},
        {"2018-01": 150, "2018-02": 50, "2018-03": 900, "2018-10": 0},
        until="2018-12-01", csv="/c.csv",
    )  # fmt: skip
    assert made.rows == (
        ("2018 Q1", "2", "200", "10"), ("2018 Q2", "not known", "not known", "not known"),
        ("2018 Q3", "not known", "not known", "not known"), ("2018 Q4", "0", "0", "–"),
    )  # fmt: skip
    tree = LexborHTMLParser(str(made.wide))
    assert [node.text() for node in tree.css("g.rates rect title")] == ["2018 Q1: 10 of 1,000 posts held"]
    assert [node.text() for node in tree.css("g.unknown rect title")] == ["2018 Q2 to 2018 Q3: not known"]


def test_a_small_chart_has_no_ground_where_nothing_is_known() -> None:
    counts: dict[str, int | None] = dict.fromkeys(months("2018-04", "2018-09"), 0)
    drawn = LexborHTMLParser(str(figures.spark(counts | {"2018-10": 2}, "2018-12-01", "X")))
    assert drawn.css_first("path.grid").attributes["d"] == "M30.0 25.5H120.0"
    assert "1 quarters not known" in drawn.css_first("title").text()


def test_the_band_says_its_mode_by_a_number_where_there_is_no_room_for_words() -> None:
    made = figure({"2020-01": 3})
    narrow = [node.text() for node in LexborHTMLParser(str(made.narrow)).css("g.mode > text")]
    assert "2" in narrow and "Mandatory" in narrow
    assert dict(made.band) == {
        "mode-opt_in": "Opt-in", "mode-auto_enrol": "Switched on for sellers", "mode-mandatory": "Mandatory"}  # fmt: skip


def test_a_month_stands_at_its_place_in_the_calendar_whatever_else_there_is() -> None:
    def place(counts: dict[str, int]) -> str | None:
        return LexborHTMLParser(str(figure(counts).wide)).css_first("g.posts rect").attributes["x"]

    assert place({"2020-01": 3}) == place({"2020-01": 1, "2024-07": 9})


def test_changes_of_a_program_are_numbered_as_in_its_history_and_modes_are_a_band() -> None:
    tree = LexborHTMLParser(str(figure({"2020-01": 3}).wide))
    assert [node.text() for node in tree.css("g.event text")] == ["2"]
    assert [node.text() for node in tree.css("g.mode rect title")] == [
        "Opt-in (since when is not known)",
        "Switched on for sellers",
        "Mandatory",
    ]


def test_a_chart_without_any_number_can_be_drawn() -> None:
    assert "<svg" in figure({}).wide and figure({}).rows == (("2018-01 to 2026-11", "not known"),)


@pytest.mark.parametrize("highest", [1, 2, 5, 6, 7, 19, 99, 100, 12345, 5_000_000])
def test_the_axis_has_at_most_five_steps_and_holds_the_highest_bar(highest: int) -> None:
    svg = LexborHTMLParser(
        str(charts.bars(["2024-01"], [charts.Layer("p", "posts", [highest])], name="n", title="t", description="d"))
    )
    scale = [int(node.text().replace(",", "")) for node in svg.css("text.scale")]
    assert scale[0] == 0 and scale[-1] >= highest and len(scale) <= 6


def test_nothing_in_a_chart_needs_a_style_a_script_or_another_host() -> None:
    svg = str(figure({"2020-01": 3}).wide)
    assert "style=" not in svg and "<script" not in svg and "http" not in svg


def test_compared_charts_have_one_axis() -> None:
    made = figures.small_multiples(
        [("a", "/a", {"2020-01": 40}), ("b", "/b", {"2020-01": 1})], name="n", until="2020-12"
    )
    tops = [LexborHTMLParser(str(each["chart"])).css("text.scale")[-1].text() for each in made]
    assert tops[0] == tops[1]

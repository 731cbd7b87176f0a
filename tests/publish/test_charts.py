from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from publish import charts, figures
from publish.calendar import by_quarter, months, quarters


def test_the_calendar_is_full() -> None:
    assert months("2023-11", "2024-02") == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert quarters("2023-11", "2024-04") == ["2023 Q4", "2024 Q1", "2024 Q2"]
    assert months("2024-02", "2024-01") == []
    assert by_quarter({"2024-01": 2, "2024-03": 3, "2024-04": 1}) == {"2024 Q1": 5, "2024 Q2": 1}


def figure(counts: dict[str, int], **changes: object) -> figures.Figure:
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
        tree.css_first("#x-m-t").text() == "A <title>"
        and "4 in all, most in 2020-01" in tree.css_first("#x-m-d").text()
    )
    assert [node.text() for node in tree.css("text.year")] == [str(year) for year in range(2018, 2027)]
    assert [node.text() for node in tree.css("g.posts rect title")] == ["2020-01: 3 posts", "2024-07: 1 posts"]
    assert made.rows == (("2020-01", "3"), ("2024-07", "1"))


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
    assert "<svg" in figure({}).wide and figure({}).rows == ()


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

"""The numbers on pages: rates, changes with their uncertainty, measured quality, what is not known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths, open_archive
from publish import amounts, quality
from publish.build import build, is_stale
from publish.recent import Counts
from taxonomy import Taxonomy
from tests.publish.awkward_archive import PROGRAM, THEME, Archive
from tests.publish.conftest import datasette
from tests.publish.test_pages import ask, page, text

Get = Callable[[str], Any]
HONEST = "Of 100 complaints in a test of invented texts, hard on purpose, the tags found 25 (15–35)"


def counts(recent: list[int], previous: list[int]) -> Counts:
    """So many posts in each of so many threads."""
    made = Counts()
    for by_thread, sizes in ((made.recent, recent), (made.previous, previous)):
        by_thread.update(defaultdict(int, enumerate(sizes)))
    return made


class TestChange:
    def test_rates_are_compared_and_not_counts(self) -> None:
        recent, previous, recent_rate, previous_rate, change, *_ = counts([1] * 20, [1] * 10).row((2000, 1000))
        assert (recent, previous, recent_rate, previous_rate, change) == (20, 10, 10.0, 10.0, 1.0)

    def test_many_posts_of_one_thread_are_no_clear_change_and_as_many_of_different_threads_are(self) -> None:
        one, many = counts([40], [1] * 10).row((1000, 1000)), counts([1] * 40, [1] * 10).row((1000, 1000))
        assert one[4] == many[4] == 4.0
        assert one[5] is not None and many[5] is not None and one[5] < 1 < many[5]

    def test_what_was_not_there_before_has_no_ratio_but_bounds(self) -> None:
        few, many = counts([1] * 3, []).row((1000, 1000)), counts([1] * 30, []).row((1000, 1000))
        assert few[4] is None and many[4] is None
        assert few[5] is not None and many[5] is not None and few[5] < 1 < many[5]
        gone = counts([], [1] * 30).row((1000, 1000))
        assert gone[4] == 0 and gone[6] is not None and gone[6] < 1

    @pytest.mark.parametrize("held", [(0, 10), (10, 0), (0, 0)])
    def test_nothing_is_compared_where_nothing_is_held(self, held: tuple[int, int]) -> None:
        assert counts([1], [1]).row(held)[4:] == (None, None, None)

    def test_in_words_only_a_clear_change_is_one(self) -> None:
        def said(change: float | None, low: float | None, high: float | None) -> str:
            words = amounts.change({"change": change, "change_low": low, "change_high": high})
            return " ".join(LexborHTMLParser(str(words)).text().split())

        assert said(2.0, 1.1, 3.6) == "▲ more ×2 (1.1–3.6)" and said(0.5, 0.012, 0.9) == "▼ less ×0.5 (0.01–0.9)"
        assert said(3.0, 0.4, 20.4) == "no clear change ×3 (0.4–20)" and said(None, None, None) == "–"
        assert said(None, 1.2, 99.0) == "▲ more" and said(0.0, 0.001, 0.8) == "▼ less"


class TestQuality:
    def test_pages_that_count_complaints_say_what_share_of_them_the_tags_find(self, get: Get) -> None:
        for path in ("/", "/matrix", "/themes", "/programs", "/method", f"/program/{PROGRAM}"):
            assert HONEST in text(page(get, path)), path

    def test_a_share_has_its_range_where_there_is_one(self) -> None:
        assert str(amounts.estimate(1.0, None, None)) == "100" and "(50–100)" in amounts.estimate(0.9, 0.5, 1.0)
        assert "not measured" in amounts.estimate(None) and str(amounts.interval(None, 0.5)) == ""

    def test_without_a_measurement_they_say_so(self) -> None:
        assert "has not been measured" in amounts.honest({})

    def test_precision_and_recall_stand_beside_the_count_of_a_theme(self, get: Get) -> None:
        shown = text(page(get, f"/theme/{THEME}"))
        assert (
            "of 100 tags 85 (75–95) are right (in a test that met 40), of 100 such complaints 35 (25–45) are found (of 50)"
            in shown
        )
        assert "Most are missed" in shown
        for path in ("/themes", f"/program/{PROGRAM}", "/forum/sas", "/"):
            row = next(
                row for row in page(get, path).css("tr") if row.css_first(f"a[href='/theme/{THEME}']") and row.css("td")
            )
            cells = [" ".join(cell.text().split()) for cell in row.css("td.n")]
            assert any(cell.startswith("85") for cell in cells) and any(cell.startswith("35") for cell in cells), path

    def test_the_matrix_says_how_far_each_column_can_be_trusted(self, get: Get) -> None:
        rows = [[cell.text(strip=True) for cell in row.css("td")] for row in page(get, "/matrix").css("tbody.trust tr")]
        assert "85" in rows[0] and "35" in rows[1] and "?" in rows[0]

    def test_the_method_has_figures_by_theme_and_by_part_and_says_what_is_unreliable(self, get: Get) -> None:
        html = page(get, "/method")
        shown = text(html)
        for words in ("words of: seller", "forum: sas", "found as meant, named elsewhere", "What is unreliable", "not measured",
                      "Most are missed, so every count of complaints is far too low", "4 were given one (1–9)"):  # fmt: skip
            assert words in shown, words
        row = next(row for row in html.css("table.wrap tr") if row.css_first(f"a[href='/theme/{THEME}']"))
        assert [" ".join(cell.text().split()) for cell in row.css("td")][:4] == ["85 (75–95)", "40", "35 (25–45)", "50"]

    def test_doubts_are_named(self) -> None:
        theme: dict[str, Any] = {"labelled": 12, "tagged": 40, "precision": 0.4, "recall": 0.6}
        assert quality.doubts(theme) == ["more tags are wrong than right", "how many are found rests on 12"]
        assert quality.doubts(theme | {"tagged": 3}) == [
            "how many tags are right rests on 3",
            "how many are found rests on 12",
        ]
        assert quality.doubts(theme | {"labelled": None}) == ["not measured"]
        assert quality.doubts({"labelled": 90, "tagged": 90, "precision": 0.9, "recall": 0.9}) == []


class TestCounts:
    def test_the_first_page_and_coverage_count_posts_alike_and_say_what_a_post_is(self, get: Get) -> None:
        for path in ("/", "/coverage"):
            figures = {
                row.css_first("dt").text(): row.css_first("dd").text() for row in page(get, path).css("dl.figures div")
            }
            assert figures.get("posts", figures.get("posts held")) == "7"
            assert "A post is what a person wrote" in text(page(get, path))
        assert "(7 posts)" in text(page(get, "/")) and "7 posts, of which the forum has since deleted 1" in text(
            page(get, "/forum/sas")
        )

    def test_years_have_a_row_for_what_has_no_date_and_say_what_is_not_covered(self, get: Get) -> None:
        rows = {row.css_first("th").text(): " ".join(row.css_first("td").text().split())
                for row in page(get, "/coverage").css("table.cells tbody tr")}  # fmt: skip
        assert rows["undated"] == "1 post" and rows["2022"] == "not covered" and rows["2020"].startswith("1 post")

    def test_a_program_has_rates_beside_its_counts_and_the_share_that_vanished(self, get: Get) -> None:
        html = page(get, f"/program/{PROGRAM}")
        assert "1 (33 %) stand in threads that vanished at the source" in text(html)
        captions = [" ".join(node.text().split()) for node in html.css("figcaption")]
        assert any(
            caption.startswith("Posts about Promise Optimization, of 1,000 that are held, by quarter")
            for caption in captions
        )
        assert "2024 Q1" in text(html) and "not known" in text(html)

    def test_every_chart_has_a_title_a_description_its_numbers_and_a_csv(self, get: Get) -> None:
        for path in (f"/program/{PROGRAM}", f"/theme/{THEME}", "/forum/sas", "/coverage"):
            figures = page(get, path).css("figure.figure")
            assert figures
            for figure in figures:
                for svg in figure.css("svg.chart"):
                    title, description = (svg.css_first(name).text() for name in ("title", "desc"))
                    assert title and "Bars by" in description and "the archive does not cover" in description
                link = figure.css_first("details a").attributes["href"] or ""
                assert figure.css("details td") and get(link).status_code == 200 and ".csv" in link

    def test_tags_without_counts_are_said_to_be_without(
        self, tmp_path: Path, taxonomy: Taxonomy, metadata: Any
    ) -> None:
        archive = Archive(tmp_path / "archive.db")
        post = archive.post(archive.thread("1", "x"), 1, "Joe", "<p>Promise Optimization is on.</p>")
        archive.program(archive.paragraphs(post)[0], "Promise Optimization")
        archive.close()
        with open_archive(archive.paths.database).conn as connection:
            connection.execute("delete from summary_totals")
        build(archive.paths, taxonomy)
        assert "not counted yet" in text(LexborHTMLParser(ask(datasette(archive.paths, metadata), "/").text))


class TestStaleness:
    @pytest.mark.parametrize("change", [
        "insert into reviews (site_id, thread_native_id, post_native_id, text_digest, start, end, subject_kind, subject_id,"
        " decision, decided_by, decided_at) values ('sas', '3686', '1', 'x', 0, 1, 'theme', 'x', 'accept', 'me', 'now')",
        "update summary_totals set posts = posts + 1",
        "update summary_months set rate = 0 where posts > 0",
        "update theme_quality set recall = 0.9",
        "update tag_quality set estimate = 0.9 where figure = 'recall'",
        "update missing_posts set explained = 0",
    ])  # fmt: skip
    def test_new_decisions_counts_and_measurements_make_a_copy_stale(
        self, archived: Paths, taxonomy: Taxonomy, change: str
    ) -> None:
        build(archived, taxonomy)
        assert not is_stale(archived, taxonomy)
        with open_archive(archived.database).conn as connection:
            connection.execute(change)
        assert is_stale(archived, taxonomy)

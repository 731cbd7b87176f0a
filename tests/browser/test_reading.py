"""What a reader does, in a real browser: search, follow, check, take rows along."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from publish.exports.formats import undefuse
from tests.browser.conftest import Open, Site, Watched

# An address of a thread on the site.
THREAD = re.compile(r"/thread/[^/]+/[^/#?]+")


def search(page: Page, words: str) -> None:
    box = page.locator("main").get_by_role("searchbox").first
    box.fill(words)
    box.press("Enter")
    page.wait_for_url("**/search?**")


def test_search_and_filter(visit: Open, site: Site) -> None:
    page = visit()
    search(page, "return label")
    hits = page.locator(".hits > li")
    expect(hits.first).to_be_visible()
    assert any("label" in mark.lower() for mark in page.locator(".hits mark").all_inner_texts())
    before = hits.count()
    page.locator("details.narrow > summary").click()
    page.select_option("select[name=program]", "amz.prepaid_return_label")
    page.get_by_role("button", name=re.compile("search|filter|apply", re.IGNORECASE)).first.click()
    page.wait_for_url("**program=amz.prepaid_return_label**")
    assert "q=return" in page.url and 0 < hits.count() <= before
    mentioned = {row["permalink"] for row in site.rows(
        "select p.permalink from mentions m join posts p on p.id = m.post_id where m.program_id = 'amz.prepaid_return_label'")}  # fmt: skip
    assert {link.get_attribute("href") for link in page.locator(".hits a.title").all()} <= mentioned


def test_nothing_found_is_said_with_a_way_on(visit: Open) -> None:
    page = visit("/search?q=zyzzyva")
    expect(page.get_by_role("main")).to_contain_text(re.compile("nothing|no post", re.IGNORECASE))
    expect(page.locator("main").get_by_role("searchbox").first).to_have_value("zyzzyva")


def test_from_a_program_to_a_thread_to_its_proof(visit: Open, site: Site) -> None:
    page = visit()
    page.get_by_role("main").get_by_role("link", name="Promise Optimization", exact=True).first.click()
    assert "amz.promise_optimization" in page.url
    page.locator("main a[href*='/thread/']").first.click()
    page.wait_for_url(THREAD)
    post = page.locator("article.post").first
    expect(post).to_be_visible()
    post.get_by_role("link", name=re.compile("captured", re.IGNORECASE)).first.click()
    page.wait_for_url("**/captures/**")
    capture = site.rows("select * from captures where id = ?", page.url.rsplit("/", 1)[1])[0]
    expect(page.locator("body")).to_contain_text(capture["digest"])
    expect(page.locator("body")).to_contain_text(capture["warc_filename"])


def download(page: Page, link: str, folder: Path) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.locator(link).first.click()
    target = folder / download.value.suggested_filename
    download.value.save_as(target)
    text = target.read_bytes().decode("utf-8")
    return [
        {key: undefuse(value) for key, value in row.items()} for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def test_the_csv_of_a_search_is_what_sql_finds(visit: Open, site: Site, tmp_path: Path) -> None:
    page = visit("/search?q=label")
    found = download(page, "main a[href*='/-/export/search.csv']", tmp_path)
    expected = site.rows(
        "select permalink, text from posts where id in (select rowid from posts_fts where posts_fts match 'label')"
    )
    assert {row["permalink"]: row["text"] for row in found} == {row["permalink"]: row["text"] for row in expected}
    assert len(found) == len(expected) > 20


def test_the_csv_of_a_table_is_what_sql_finds(visit: Open, site: Site, tmp_path: Path) -> None:
    page = visit("/archive/mentions?program_id=amz.promise_optimization")
    found = download(page, ".export-links a[href*='.csv'][href*='_labels']", tmp_path)
    expected = site.rows("select * from mentions where program_id = 'amz.promise_optimization' order by id")
    assert {row["program_id_label"] for row in found} == {"Promise Optimization"}
    assert [{key: row[key] for key in expected[0]} for row in found] == [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in expected
    ]


def test_the_keyboard_is_enough(visit: Open) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    press_until(page, "document.activeElement.matches('main input[type=search]')")
    page.keyboard.type("label")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?**")
    press_until(page, "document.activeElement.matches('.hits a.title')")
    page.keyboard.press("Enter")
    page.wait_for_url(THREAD)
    # Where the focus is can be seen.
    press_until(page, "document.activeElement.matches('main a')")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_the_evidence_for_a_tag_is_read_with_keys_alone(visit: Open) -> None:
    page = visit("/thread/demo/1001")
    press_until(page, "document.activeElement.matches('.note button')")
    button = page.locator(":focus")
    why = page.locator(f"[id='{button.get_attribute('popovertarget')}']")
    expect(why).to_be_hidden()
    page.keyboard.press("Enter")
    expect(why).to_be_visible()
    expect(why).to_contain_text(re.compile(r"Rule .+, confidence \d\.\d\d, words of"))
    # The next thing that the key reaches is within it: the way to the program or theme, or to where it is named.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.why') !== null")
    page.keyboard.press("Escape")
    expect(why).to_be_hidden()
    assert page.evaluate("document.activeElement.matches('.note button')")


def test_a_dead_link_leads_to_what_became_of_the_thread(visit: Open, site: Site) -> None:
    linking = site.rows(
        "select l.permalink from links l where l.state != 'live' and l.target_native_id is not null and l.target_thread_id is null"
    )[0]
    page = visit(linking["permalink"])
    page.locator(".body a.fate").first.click()
    place = page.locator("#links li:target")
    expect(place).to_be_in_viewport()
    expect(place).to_contain_text(re.compile("looked up on|not looked up"))


def test_a_thread_prints_with_its_notes_open_and_without_what_one_presses(visit: Open) -> None:
    page = visit("/thread/demo/1001", width=794)
    page.emulate_media(media="print")
    expect(page.locator(".top nav")).to_be_hidden()
    expect(page.locator(".print-only").first).to_be_visible()
    expect(page.locator(".note").first).to_be_visible()
    assert page.evaluate("[...document.querySelectorAll('.body details.quote > div')].every(d => d.offsetHeight > 0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 794


def test_pictures_are_shown_from_the_archive(visit: Open, site: Site, watched: Watched) -> None:
    post = site.rows("select p.permalink from media m join posts p on p.id = m.post_id where m.digest is not null")[0]
    page = visit(post["permalink"])
    picture = page.locator(".body img").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.body img').naturalWidth > 0")
    assert watched.hosts() == {site.address.removeprefix("http://")}
    page.goto(picture.get_attribute("src") or "")
    assert watched.complaints == []


def press_until(page: Page, condition: str) -> None:
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate(condition):
            return
    raise AssertionError(f"120 times Tab do not lead to {condition}")


def test_without_javascript_everything_can_be_read(visit: Open, site: Site, watched: Watched) -> None:
    page = visit("/search?q=label")
    assert page.locator("script").count() == 0
    page.locator(".hits a.title").first.click()
    assert page.locator("article.post").count() > 0 and page.locator("script").count() == 0
    assert watched.complaints == []

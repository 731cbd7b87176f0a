"""Each kind of page of the site: fit for assistive technology, narrow and wide, light and dark, and quiet."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Open, Site, Watched

# WCAG 2.2 AA.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# Another colour scheme changes nothing else.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# Datasette's own page of an answer to SQL: forms whose fields have no labels, and an editor.
DATASETTES_OWN = {"exclude": [["form"], [".advanced-export"]]}
# Files and Datasette's own plumbing are no pages.
NO_PAGE = re.compile(r"/-/(?!exports$)|\.(csv|json|ndjson|parquet|atom|xml|txt|db|css)$")
# Pages that no link of the home page leads to, and states of pages that look different.
BESIDES = (
    "/search?q=label", "/search?q=zyzzyva", "/search?q=label&program=amz.prepaid_return_label", "/search?q=%22&year=abc",
    "/search?q=label&page=99", "/thread/demo/1001", "/thread/demo/1001/cite/1", "/thread/oldquay/20417", "/thread/oldquay/61002",
    "/nowhere", "/-/exports", "/archive", "/archive/posts", "/archive/mentions?program_id=amz.promise_optimization&_facet=how",
    "/archive/posts/1", "/archive/ways_out", "/archive/evidence_for_program?program=amz.promise_optimization",
    "/archive?sql=select+1",
)  # fmt: skip


def kinds(visit: Open) -> list[str]:
    """One address of each kind of page that the home page leads to, and those besides."""
    page = visit("/")
    found: dict[str, str] = {"": "/"}
    for link in page.locator("a[href]").all():
        href = link.get_attribute("href") or ""
        parts = urlsplit(href)
        if not href.startswith("/") or NO_PAGE.search(parts.path) or parts.path.startswith("/archive/"):
            continue
        found.setdefault(parts.path.split("/")[1], parts.path)
    return list(dict.fromkeys([*found.values(), *BESIDES]))


def axe(page: Any, rules: dict[str, Any]) -> list[str]:
    """What axe-core objects to, one line each."""
    own = "sql=" in urlsplit(page.url).query and rules is RULES
    answer = Axe().run(page, context=DATASETTES_OWN if own else None, options=rules).response
    return [
        f"{page.url} {violation['id']} ({violation['impact']}): {violation['help']}: {node['html'][:200]}"
        for violation in answer["violations"]
        for node in violation["nodes"][:3]
    ]


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1440, "light"), (360, "dark")])
def test_axe_finds_nothing_wrong(visit: Open, width: int, scheme: str) -> None:
    page = visit("/", width=width, scheme=scheme)
    objections = []
    for path in kinds(visit):
        page.goto(path)
        objections += axe(page, COLOURS if scheme == "dark" else RULES)
    assert objections == []


def test_tables_side_by_side_are_not_cut_on_a_wide_screen(visit: Open) -> None:
    cut = "[...document.querySelectorAll('.pair .scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    for path in ("/program/amz.automated_handling_time", "/theme/notice_deficient", "/forum/demo"):
        page = visit(path, width=1440)
        assert page.locator(".pair .scroll").count() > 0 and page.evaluate(cut) == 0, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_that_goes_on_has_a_shadow_at_its_edge_that_its_end_covers(visit: Open, scheme: str) -> None:
    page = visit("/archive/ways_out", width=360, scheme=scheme)
    table = page.locator(".scroll")
    assert table.evaluate("e => e.scrollWidth > e.clientWidth")
    edge = table.bounding_box()
    assert edge
    # A picture of nothing but the edge: words are taken away.
    table.evaluate("e => e.querySelector('table').style.visibility = 'hidden'")

    def strip() -> bytes:
        return page.screenshot(
            clip={"x": edge["x"] + edge["width"] - 1, "y": edge["y"] + 20, "width": 1, "height": 200}
        )

    beginning = strip()
    table.evaluate("e => e.scrollTo(e.scrollWidth, 0)")
    assert strip() != beginning


def test_no_page_is_wider_than_a_small_screen(visit: Open) -> None:
    page = visit("/", width=360)
    wide = []
    for path in kinds(visit):
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth") > 360:
            wide.append(path)
    assert wide == []


def test_no_page_asks_another_host_or_complains(visit: Open, site: Site, watched: Watched) -> None:
    page = visit("/")
    paths = kinds(visit)
    for path in paths:
        page.goto(path, wait_until="load")
    assert watched.hosts() == {urlsplit(site.address).netloc}
    # The page that is not there says so, which a browser reports.
    assert [said for said in watched.complaints if "404" not in said] == []
    assert len(paths) > 8


def test_every_page_has_a_title_of_its_own_headings_without_a_gap_and_its_landmarks(visit: Open) -> None:
    page = visit("/")
    titles, wrong = [], []
    for path in kinds(visit):
        page.goto(path)
        titles.append(page.title())
        if "sql=" in path:
            continue
        levels = [
            int(tag[1]) for tag in page.locator("h1, h2, h3, h4, h5, h6").evaluate_all("all => all.map(h => h.tagName)")
        ]
        if levels[:1] != [1] or levels.count(1) != 1 or any(b - a > 1 for a, b in pairwise(levels)):
            wrong.append(f"{path}: headings of levels {levels}")
        for landmark in ("main", "banner", "contentinfo"):
            if page.get_by_role(landmark).count() != 1:
                wrong.append(f"{path}: {page.get_by_role(landmark).count()} {landmark}")
        names = page.locator("nav").evaluate_all("all => all.map(nav => nav.getAttribute('aria-label'))")
        if not all(names) or len(names) != len(set(names)):
            wrong.append(f"{path}: navigations named {names}")
    assert wrong == []
    assert all(titles) and len(set(titles)) >= len(titles) - 3

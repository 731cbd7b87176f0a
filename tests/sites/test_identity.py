"""Every form of an address leads to one identity, and `docs/identity.md` is the list of forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.catalogue import load_sites
from crawler.identity import identify, key
from crawler.sites import ADAPTERS, Reference, Site

SITES = tuple(load_sites())
DOCUMENT = Path(__file__).parents[2] / "docs" / "identity.md"


def table() -> list[list[str]]:
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| http")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(site: Site, reference: Reference) -> list[str]:
    post = f"#{reference.post_number}" if reference.post_number else reference.post_native_id or ""
    return [site.id, key(site, reference.thread) if reference.thread else "nothing", post]


@pytest.mark.parametrize("row", table(), ids=lambda row: row[0])
def test_the_table_of_the_documentation_is_true(row: list[str]) -> None:
    found = identify(row[0], SITES)
    assert found is not None
    assert named(*found) == row[1:]


def test_the_table_has_every_software() -> None:
    kinds = {site.id: site.kind for site in SITES}
    assert {kinds[row[1]] for row in table()} == set(ADAPTERS)


@pytest.mark.parametrize("row", [row for row in table() if row[2] != "nothing"], ids=lambda row: row[0])
def test_the_canonical_address_of_a_thread_names_that_thread(row: list[str]) -> None:
    site, reference = identify(row[0], SITES)  # type: ignore[misc]
    again = identify(ADAPTERS[site.kind].thread_url(site, reference.thread), SITES)
    assert again and named(*again)[:2] == row[1:3]


@pytest.mark.parametrize(
    "url",
    [
        "https://community.ebay.com/t5/Selling/x/td-p/123",
        "https://sellercentral.amazon.com/gp/help/external/G201",
        "https://sellercentral.amazon.com.example/forums/t/x/1",
        "https://sellercentral.amazon.com/forumsx/t/x/1",
        "https://example.com/https://sellersasksellers.com/t/x/1",
        "mailto:somebody@sellersasksellers.com",
        "https://[broken/t/1",
        "",
    ],
)
def test_what_is_no_address_of_a_known_forum_has_no_identity(url: str) -> None:
    assert identify(url, SITES) is None


@given(
    st.one_of(
        st.text(max_size=80),
        st.builds(
            lambda base, rest: base + rest,
            st.sampled_from([site.base_url for site in SITES]),
            st.text(alphabet="/t0123456789-abcdef.?=&#;postIdthreadID[]%+é\x00", max_size=80),
        ),
    )
)
def test_any_text_at_all_has_an_identity_or_none(url: str) -> None:
    found = identify(url, SITES)
    if found:
        reference = found[1]
        for native_id in (reference.thread, reference.post_native_id):
            assert native_id is None or native_id.replace("-", "").isalnum()


def test_of_two_forums_on_one_host_the_one_for_which_the_address_names_most_has_it() -> None:
    whole, folder = Site("a", "discourse", "https://x.example"), Site("b", "discourse", "https://x.example/forums")
    for sites in ((whole, folder), (folder, whole)):
        site, reference = identify("https://x.example/forums/t/words/7", sites)  # type: ignore[misc]
        assert (site.id, reference.thread) == ("b", "7")

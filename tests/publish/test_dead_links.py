"""From a dead link in a post it is one step to what was recovered, or to a plain statement that nothing was."""

from __future__ import annotations

from typing import Any

import pytest
from datasette.app import Datasette
from selectolax.lexbor import LexborHTMLParser

from publish.build import build
from taxonomy import Taxonomy
from tests.publish.awkward_archive import FORUM, Archive
from tests.publish.conftest import datasette
from tests.publish.test_pages import ask, text

# Thread that is linked to -> what the reader finds one step from the link.
NOT_HELD = {
    "4": "nothing was found in web archives, looked up on 2024-06-01",
    "5": "not held, and not looked up in web archives yet",
    "6": "the Wayback Machine does not show it, looked up on 2024-06-01",
    "7": "the Wayback Machine has 2 captures, but nothing of the thread in them, looked up on 2024-06-01",
    "9": "the Wayback Machine has 2 captures, of which 1 was looked at: nothing of the thread there, looked up on 2024-06-01",
    "8": "the Wayback Machine has 2 captures; the one looked at is about no program, on 2024-06-01",
    "a/b": "not held, and not looked up in web archives yet",
}
FOUND = {"4": "none", "6": "excluded", "7": "refused", "8": "passed", "9": "refused"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy, metadata: dict[str, Any]) -> Datasette:
    archive = Archive(tmp_path_factory.mktemp("dead") / "archive.db")
    memento = archive.capture(f"{FORUM}/t/2")
    archive.conn.execute("update captures set route = 'memento' where id = ?", [memento])
    recovered = archive.thread(
        "2",
        "Came back",
        state="recovered",
        gone_at="2024-05-01T00:00:00Z",
        posts_listed=9,
        posts_held=1,
        capture_id=memento,
    )
    archive.post(recovered, 1, "Joe", "<p>Still <a href='/t/4'>here</a>.</p>", capture_id=memento)
    gone = archive.thread("3", "Went", state="gone", gone_at="2024-05-01T00:00:00Z", gone_status=404)
    for number, target in (("31", "3"), ("32", "99")):
        archive.thread(number, "Merged", state="gone", gone_at="2024-05-01T00:00:00Z", gone_status=301, moved_to=target)
    archive.post(gone, 2, "Joe", "<p>Gone.</p>")
    linking = archive.thread("1", "Links")
    links = "".join(f"<p><a href='/t/{target}/2'>thread {target}</a></p>" for target in ("2", "3", *NOT_HELD))
    for number in (1, 150):
        post = archive.post(linking, number, "Joe", links)
        for target, state, held in (
            ("2", "recovered", recovered),
            ("3", "gone", gone),
            *((t, "unknown", None) for t in NOT_HELD),
        ):
            archive.insert(
                "links", post_id=post, url=f"{FORUM}/t/{target}/2", kind="link", title=f"thread {target}", target_site_id="sas",
                target_native_id=target, target_number=2, target_thread_id=held, state=state,
            )  # fmt: skip
    for target, state in (*FOUND.items(), ("3", "none"), ("2", "partly")):
        archive.insert(
            "lookups", run_id=archive.run, archive="wayback", url=f"{FORUM}/t/{target}", site_id="sas", native_id=target,
            reason="link in POST", state=state, detail="", captures_listed=2, captures_fetched=1 if target == "9" else 2,
            new_posts=1 if state == "partly" else 0, looked_at="2024-06-01T00:00:00Z",
        )  # fmt: skip
    archive.close()
    build(archive.paths, taxonomy)
    return datasette(archive.paths, metadata)


def after(html: LexborHTMLParser, link: str) -> Any:
    """The element that stands behind a link of a post."""
    return next(a for a in html.css(".body a") if a.text() == link).next.next


@pytest.mark.parametrize("address", ["/thread/sas/1", "/thread/sas/1?page=2"])
def test_a_dead_link_leads_to_what_is_held_of_it(site: Datasette, address: str) -> None:
    html = LexborHTMLParser(ask(site, address).text)
    for target, words, said in (
        ("2", "[vanished, recovered here]", "What follows was recovered from a web archive"),
        ("3", "[vanished, held here]", "what follows is what had been captured"),
    ):
        marked = after(html, f"thread {target}")
        assert (marked.text(), marked.attributes["href"]) == (words, f"/thread/sas/{target}#p2")
        assert said in text(LexborHTMLParser(ask(site, f"/thread/sas/{target}").text))


@pytest.mark.parametrize("address", ["/thread/sas/1", "/thread/sas/1?page=2"])
@pytest.mark.parametrize("target", NOT_HELD)
def test_a_dead_link_of_which_nothing_is_held_leads_to_a_statement_that_says_so(
    site: Datasette, address: str, target: str
) -> None:
    html = LexborHTMLParser(ask(site, address).text)
    marked = after(html, f"thread {target}")
    assert marked.text() == "[not held]"
    place = html.css_first(f'[id="{(marked.attributes["href"] or "")[1:]}"]')
    assert NOT_HELD[target] in " ".join(place.text().split())
    # The source itself is one step away, too.
    assert place.css_first("a").attributes["href"] == f"{FORUM}/t/{target}/2"


def test_a_vanished_thread_says_what_web_archives_had_of_it(site: Datasette) -> None:
    assert "captured. Nothing was found in web archives, looked up on 2024-06-01" in text(
        LexborHTMLParser(ask(site, "/thread/sas/3").text), ".notice"
    )
    said = text(LexborHTMLParser(ask(site, "/thread/sas/2").text), ".notice")
    assert "1 post was recovered from the Wayback Machine on 2024-06-01, not all" in said
    assert "1 post held of 9 that the forum counted" in text(LexborHTMLParser(ask(site, "/thread/sas/2").text))


def test_a_merged_thread_leads_to_the_one_that_it_is_part_of_since(site: Datasette) -> None:
    html = LexborHTMLParser(ask(site, "/thread/sas/31").text)
    assert html.css_first(".notice a").attributes["href"] == "/thread/sas/3"
    assert "The forum leads from it to Went." in text(html, ".notice")
    assert "leads from it to its thread 99, which is not held" in text(
        LexborHTMLParser(ask(site, "/thread/sas/32").text), ".notice"
    )

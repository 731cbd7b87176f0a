"""What `docs/manners.md` promises is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archive.errors import InputError
from cli import optout
from crawler.catalogue import resolve
from crawler.door import Door
from crawler.limits import RateLimit, with_margin
from crawler.sites import discourse
from demo import DemoForum
from tests.crawling import crawl
from tests.docs.pages import ROOT, text
from tests.forums import small_forum

PAGE = re.sub(r"\s+", " ", text("manners.md"))
CORRECTIONS = (ROOT / "publish" / "templates" / "corrections.html").read_text(encoding="utf-8")
NOT_MASKED = re.compile(r"Not masked: [^.]+\.")


def test_the_page_says_how_a_removal_is_done_as_soon_as_it_can_be() -> None:
    assert ("optout forget" in PAGE) == ("forget" in optout.commands)
    assert ("There is no command for this yet" in PAGE) == ("forget" not in optout.commands)


def test_the_site_promises_no_removal_that_the_program_cannot_make() -> None:
    assert ("There is no command for this yet" in CORRECTIONS) == ("forget" not in optout.commands)
    assert ("removed for good" in CORRECTIONS) <= ("forget" in optout.commands)
    named = re.findall(r"<code>optout (\w+)</code>", CORRECTIONS)
    assert named and set(named) <= set(optout.commands)


def test_the_site_says_as_plainly_as_the_page_what_masking_misses() -> None:
    assert NOT_MASKED.findall(PAGE) == NOT_MASKED.findall(CORRECTIONS) != []
    kinds = (
        "telephone numbers",
        "order and case numbers",
        "tracking numbers",
        "merchant tokens",
        "where they can be recognised",
    )
    assert all(kind in PAGE and kind in CORRECTIONS for kind in kinds)


def test_every_request_says_who_asks_only_reads_and_robots_txt_is_first(tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3, 8: 2})) as forum:
        crawl(forum.url, tmp_path, everything=True)
        asked = list(forum.requests)
    assert asked[0].path == "/robots.txt"
    assert {request.method for request in asked} == {"GET"}
    for request in asked:
        assert request.headers["user-agent"].startswith("optout-archive/")
        assert not {"authorization", "api-key", "user-api-key"} & set(request.headers)


def test_the_identity_is_the_one_on_the_page_and_has_the_contact_if_there_is_one() -> None:
    door = Door(limit=RateLimit(()), version="VERSION")
    assert f"`{door.user_agent}`" in PAGE
    assert "you@example.org" in Door(limit=RateLimit(()), version="VERSION", contact="you@example.org").user_agent


def test_the_limits_of_a_discourse_are_those_on_the_page() -> None:
    (short, long) = discourse.LIMITS
    assert f"{short[0]} requests in {short[1]} seconds and {long[0]} in a minute" in PAGE
    assert long[1] == 60
    assert "Nine tenths of that" in PAGE
    assert [tuple(limit) for limit in with_margin(((10, 1),))] == [(9, 1)]


def test_an_address_with_a_password_is_refused() -> None:
    with pytest.raises(InputError, match="never logs in"):
        resolve("https://ada:secret@forum.example/", [])

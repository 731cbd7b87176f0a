"""Emoji, which forums write by name, as characters on every page. What is stored and published stays as it was."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

import pytest

from archive.database import Paths
from publish import notes, shortcodes
from publish.build import build
from publish.snippets import snippet
from taxonomy import Taxonomy
from tests.publish.awkward_archive import Archive
from tests.publish.conftest import datasette


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Opted in :raised_hand:", "Opted in ✋"),
        (":eyes::thinking:, :+1: and :100:", "👀🤔, 👍 and 💯"),
        (":raised_hand:t2: :point_up:t6: :tada:t3:", "✋🏻 ☝🏿 🎉"),
        ("thanks :slight_smile:", "thanks 🙂"),
        (":our_own: and :Eyes:", ":our_own: and :Eyes:"),
        ("from 12:100:30 to a:x:b, or http://a.example:100:", "from 12:100:30 to a:x:b, or http://a.example:100:"),
        (":raised_hand:t9:", ":raised_hand:t9:"),
    ],
)
def test_a_known_code_is_its_character_and_all_else_stays(stored: str, shown: str) -> None:
    assert shortcodes.shown(stored) == shown


@pytest.mark.parametrize(
    ("marked", "shown"),
    [
        ("why \x02labels\x03 :thinking:", "why <mark>labels</mark> 🤔"),
        ("why :\x02thinking\x03: <b>", "why <mark>🤔</mark> &lt;b&gt;"),
        ("stop :\x02raised\x03_\x02hand\x03: now", "stop <mark>✋</mark> now"),
    ],
)
def test_a_snippet_shows_the_character_marked_where_its_name_was_searched(marked: str, shown: str) -> None:
    assert str(snippet(marked, "member", [])) == shown


def test_a_title_shows_it_beside_the_program_that_is_marked() -> None:
    title = notes.title("Prepaid labels :eyes:", json.dumps([[0, 14, "amz.labels"]]), {}, "")
    assert title.striptags() == "Prepaid labels 👀"


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy) -> Paths:
    archive = Archive(tmp_path_factory.mktemp("emoji") / "archive.db")
    thread = archive.thread("1", "Labels :raised_hand:")
    archive.post(thread, 1, "Joe", '<p>Stop <img class="emoji" title=":eyes:" src="/e.png"></p>')
    archive.close()
    build(archive.paths, taxonomy)
    return archive.paths


@pytest.mark.parametrize(
    "path", ["/", "/thread/sas/1", "/thread/sas/1/cite/1", "/search?q=stop", "/forum/sas", "/feed.atom"]
)
def test_pages_show_characters(talkative: Paths, metadata: dict[str, Any], path: str) -> None:
    site = datasette(talkative, metadata)

    async def answer() -> str:
        await site.invoke_startup()
        return str((await site.client.get(path)).text)

    text = asyncio.run(answer())
    assert "Labels ✋" in text
    assert ":eyes:" not in text and ("👀" in text or path in ("/", "/forum/sas", "/thread/sas/1/cite/1"))


def test_the_published_tables_have_the_codes(talkative: Paths) -> None:
    with sqlite3.connect(talkative.published) as copy:
        assert copy.execute("select title from threads").fetchone() == ("Labels :raised_hand:",)
        assert ":eyes:" in copy.execute("select text from posts").fetchone()[0]
    copy.close()

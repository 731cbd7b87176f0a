"""An archive that an earlier program made opens with today's, and holds what it held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlite_utils import Database

from archive.database import open_archive
from archive.migrations import M001, migrations


def older(path: Path) -> None:
    """An archive of the first schema, with a recovered thread of which posts are missing."""
    db = Database(path)
    migrations.apply(db, stop_before="m002_counts_and_their_quality")
    with db.atomic():
        db.conn.execute("insert into sites values ('quay', 'discourse_html', 'https://quay.example/forums', 'Quay', '2026-01-01T00:00:00Z')")  # fmt: skip
        db["threads"].insert(
            {
                "id": 1, "site_id": "quay", "native_id": "7", "url": "https://quay.example/forums/t/7", "title": "Labels",
                "tags": "[]", "state": "recovered", "posts_listed": 25, "posts_held": 5,
                "first_seen_at": "2026-01-01T00:00:00Z", "last_seen_at": "2026-01-01T00:00:00Z",
            }
        )  # fmt: skip
        db["runs"].insert({"id": 1, "verb": "recover", "settings": "{}", "code_version": "0", "state": "finished", "started_at": "2026-01-01T00:00:00Z"})  # fmt: skip
        db["lookups"].insert(
            {
                "run_id": 1, "archive": "wayback", "url": "https://quay.example/forums/t/7", "site_id": "quay",
                "native_id": "7", "reason": "gone", "state": "partly", "detail": "", "captures_listed": 3,
                "captures_fetched": 3, "new_posts": 5, "looked_at": "2026-01-02T00:00:00Z",
            }
        )  # fmt: skip
    db.close()


def rows(db: Database, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in db.conn.execute(sql)]


def test_the_first_schema_was_released_and_is_moved_forward(tmp_path: Path) -> None:
    assert "hosts text not null" not in M001
    older(tmp_path / "archive.db")
    db = open_archive(tmp_path / "archive.db")
    assert rows(db, "select id, hosts from sites") == [("quay", "[]")]
    assert rows(db, "select title, posts_held, moved_to from threads") == [("Labels", 5, None)]
    db.close()


def test_what_others_kept_of_a_forum_that_can_be_asked_is_no_loss_any_more(tmp_path: Path) -> None:
    older(tmp_path / "archive.db")
    db = Database(tmp_path / "archive.db")
    with db.atomic():
        db.conn.execute("insert into sites values ('sas', 'discourse', 'https://forum.example', null, '2026-01-01T00:00:00Z')")  # fmt: skip
        for thread, gone_at in ((8, None), (9, "2026-01-02T00:00:00Z")):
            db["threads"].insert(
                {
                    "id": thread, "site_id": "sas", "native_id": str(thread), "url": "", "title": "Labels", "tags": "[]",
                    "state": "recovered", "gone_at": gone_at, "first_seen_at": "2026-01-01T00:00:00Z",
                    "last_seen_at": "2026-01-01T00:00:00Z",
                }
            )  # fmt: skip
    db.close()
    db = open_archive(tmp_path / "archive.db")
    assert rows(db, "select id, state from threads") == [(1, "recovered"), (8, "saved"), (9, "recovered")]
    db.close()


def test_what_was_looked_up_before_explains_what_is_missing(tmp_path: Path) -> None:
    older(tmp_path / "archive.db")
    db = open_archive(tmp_path / "archive.db")
    assert rows(db, "select posts_missing, posts_unexplained, reasons from coverage") == [
        (
            20,
            0,
            "counted by the source, but on no page that is held; looked up in wayback on 2026-01-02: not held there",
        )
    ]
    db.close()


def test_paragraphs_of_before_have_no_evidence_of_their_voice_until_they_are_tagged_again(tmp_path: Path) -> None:
    older(tmp_path / "archive.db")
    db = Database(tmp_path / "archive.db")
    with db.atomic():
        db["posts"].insert(
            {
                "id": 1, "thread_id": 1, "native_id": "1", "number": 1, "text": "No.", "html": "<p>No.</p>", "digest": "d",
                "kind": "post", "state": "present", "first_seen_at": "2026-01-01T00:00:00Z", "last_seen_at": "2026-01-01T00:00:00Z",
            }
        )  # fmt: skip
        db.conn.execute("insert into paragraphs values (1, 1, null, 0, 'text', 'seller', 'author', 0, 3)")
    db.close()
    db = open_archive(tmp_path / "archive.db")
    assert rows(db, "select voice, voice_rule, voice_evidence, source from paragraphs") == [
        ("seller", "author", None, None)
    ]
    db.close()

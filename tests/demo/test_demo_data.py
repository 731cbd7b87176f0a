"""Reading written threads, what is wrong with them, and serving saved topics instead."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo import DemoDataError, DemoForum, Forum, forum_from_topic_json, load_forum, read_forum

SMALL = Path(__file__).parent / "small"

THREAD = """
id: 20
title: A thread
category: fees
writer: t1
split: none
posts:
  - by: ann
    at: 2025-01-01T10:00:00Z
    body: [{p: Hello.}]
  - by: cleo
    at: 2025-01-02T10:00:00Z
    body: [{p: Hello too.}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the small forum, to spoil."""
    return Path(shutil.copytree(SMALL, tmp_path / "forum"))


def spoil(folder: Path, old: str, new: str) -> DemoDataError:
    """The error of a thread in which ``old`` was replaced."""
    assert old in THREAD
    (folder / "threads" / "20-a-thread.yml").write_text(THREAD.replace(old, new), encoding="utf-8")
    with pytest.raises(DemoDataError) as caught:
        load_forum(folder)
    return caught.value


def test_labels_stay_on_their_paragraph(written: Forum) -> None:
    thread = written.thread(10)
    assert thread is not None
    paragraph = thread.posts[0].body[0]
    assert (paragraph.programs, paragraph.themes, paragraph.hard) == (
        ("x.boxes",),
        ("cost_shift",),
        "a made-up label",
    )
    assert (thread.writer, thread.split, thread.slug) == ("t1", "train", "every-kind-of-paragraph")


def test_the_voice_depends_on_who_writes_and_what(written: Forum) -> None:
    thread = written.thread(10)
    assert thread is not None
    assert [paragraph.voice for paragraph in thread.posts[0].body[:3]] == ["seller", "quotation", "quotation"]
    assert thread.posts[1].body[1].voice == "staff"


def test_ids_are_the_same_on_every_reading(written: Forum) -> None:
    assert load_forum(SMALL) == written
    ids = [post.id for thread in written.threads for post in thread.posts]
    assert sorted(ids) == list(range(50_001, 50_001 + len(ids)))


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("by: cleo", "by: clio", "posts[1].by", "'clio' is not in users/"),
        ("category: fees", "category: fee", "category", "'fee' is not known"),
        ("split: none", "split: maybe", "split", "'maybe' is not known"),
        ("id: 20", "id: 21", "id", "the file's name does not go with the id 21"),
        ("2025-01-02T10:00:00Z", "2024-01-02T10:00:00Z", "posts[1].at", "order of time"),
        ("2025-01-02T10:00:00Z", "2025-01-02T10:00:00", "posts[1].at", "a time in UTC was expected"),
        ("2025-01-02T10:00:00Z", "'soon'", "posts[1].at", "is no time"),
        ("{p: Hello too.}", "{q: Hello too.}", "posts[1].body[0].q", "this key is not known"),
        ("{p: Hello too.}", "{p: Hello, code: x}", "posts[1].body[0]", "exactly one of"),
        ("{p: Hello too.}", "{p: 7}", "posts[1].body[0].p", "a text was expected"),
        ("{p: Hello too.}", "{p: x, voice: choir}", "posts[1].body[0].voice", "'choir' is not known"),
        ("{p: Hello too.}", "{p: x, themes: cost}", "posts[1].body[0].themes", "a list was expected"),
        ("{p: Hello too.}", "{table: [[a, b], [c]]}", "posts[1].body[0].table", "different lengths"),
        ("{p: Hello too.}", "{quote: {topic: 10, text: x}}", "posts[1].body[0].quote.post", "names the post"),
        ("{p: Hello too.}", "{quote: {topic: 99, post: 1, text: x}}", "posts[1].body.quote", "no thread 99"),
        ("{p: Hello too.}", "{quote: {post: 9, text: x}}", "posts[1].body.quote", "no post 9"),
        ("[{p: Hello too.}]", "[]", "posts[1].body", "it is empty"),
        ("[{p: Hello too.}]", "text", "posts[1].body", "a list was expected"),
        ("body: [{p: Hello too.}]", "likes: 3", "posts[1]", "a post has a body"),
        ("body: [{p: Hello too.}]", "body: [{p: x}]\n    reply_to: 2", "posts[1].reply_to", "no post 2"),
        (
            "body: [{p: Hello too.}]",
            "body: [{p: x}]\n    number: 1",
            "posts[1].at",
            "order of time and number",
        ),
        ("body: [{p: Hello too.}]", "body: [{p: x}]\n    likes: many", "posts[1].likes", "a whole number"),
        (
            "body: [{p: Hello too.}]",
            "body: [{p: x}]\n    hidden: {at: 2024-01-01T00:00:00Z}",
            "posts[1].hidden.at",
            "earlier than the post",
        ),
        (
            "body: [{p: Hello.}]",
            "body: [{p: x}]\n    deleted: {at: 2025-02-01T00:00:00Z}",
            "posts[0]",
            "the first post cannot go alone",
        ),
        (
            "split: none",
            "split: none\ngone: {at: 2025-02-01T00:00:00Z, status: 500}",
            "gone.status",
            "500 is not",
        ),
        ("writer: t1", "", "writer", "it is missing"),
        ("title: A thread", "title: A: thread", "line 3", "not YAML"),
        ("title: A thread", "title: A\ntitle: B", "line 2", "stands twice"),
    ],
)
def test_a_fault_is_told_with_its_place(folder: Path, old: str, new: str, where: str, what: str) -> None:
    error = spoil(folder, old, new)
    assert error.file.name == "20-a-thread.yml"
    assert error.where == where
    assert what in error.what
    assert error.mend


def test_an_edit_cannot_come_before_its_post(folder: Path) -> None:
    edit = "body: [{p: x}]\n    edits: [{at: 2025-01-01T00:00:00Z, body: [{p: y}]}]"
    assert spoil(folder, "body: [{p: Hello too.}]", edit).where == "posts[1].edits[0].at"


def test_the_sound_threads_can_be_read_without_the_others(folder: Path) -> None:
    spoil(folder, "by: cleo", "by: clio")
    forum, errors = read_forum(folder)
    assert len(forum.threads) == 7
    assert [error.where for error in errors] == ["posts[1].by"]


def test_an_id_belongs_to_one_thread(folder: Path) -> None:
    for name in ("20-a-thread.yml", "20-b-thread.yml"):
        (folder / "threads" / name).write_text(THREAD, encoding="utf-8")
    _, errors = read_forum(folder)
    assert [error.what for error in errors] == ["20 is already taken by 20-a-thread.yml"]


def test_two_files_may_tell_the_same_of_somebody_but_nothing_else(folder: Path) -> None:
    more = folder / "users" / "zz-more.yml"
    more.write_text("Staff_Sam: {title: Community Team, role: staff}\n", encoding="utf-8")
    assert read_forum(folder)[1] == []
    more.write_text("Staff_Sam: {title: Somebody else}\n", encoding="utf-8")
    assert [error.where for error in read_forum(folder)[1]] == ["Staff_Sam"]


def test_a_folder_without_a_forum_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DemoDataError, match="it does not exist"):
        load_forum(tmp_path)


@pytest.fixture
def saved(written: Forum, tmp_path: Path) -> list[Path]:
    """The topics of the small forum, saved whole as a crawler might have saved them."""
    files = []
    with DemoForum(written, limits=None, chunk=1000) as served:
        for topic in (10, 11, 12):
            file = tmp_path / f"{topic}.json"
            file.write_bytes(httpx.get(f"{served.url}/t/{topic}.json").content)
            files.append(file)
    return files


def test_saved_topics_are_served_again(saved: list[Path], validate: Any) -> None:
    whole = json.loads(saved[1].read_text(encoding="utf-8"))
    with (
        DemoForum(forum_from_topic_json(saved), limits=None) as served,
        httpx.Client(base_url=served.url) as client,
    ):
        answer = client.get("/t/11.json").json()
        validate("topic.json", answer)
        assert len(whole["post_stream"]["posts"]) == 45
        assert answer["post_stream"]["posts"] == whole["post_stream"]["posts"][:20]
        assert answer["post_stream"]["stream"] == whole["post_stream"]["stream"]
        validate("topic_list.json", client.get("/latest.json").json())
        assert len(client.get("/latest.json").json()["topic_list"]["topics"]) == 3
        categories = client.get("/site.json").json()["categories"]
        assert [(category["id"], category["slug"]) for category in categories] == [
            (3, "category-3"),
            (4, "category-4"),
        ]
        assert client.get("/raw/11/2").text == "Post 2."
        assert client.get("/t/99.json").status_code == 404
        assert client.get("/t/a-long-thread/11").status_code == 200
        assert client.get("/uploads/x.png").status_code == 404


def test_a_file_that_is_no_topic_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"not the answer of /t/<id>\.json"):
        forum_from_topic_json([file])


def test_the_written_demonstration_can_be_read_whole_at_both_its_moments(validate: Any) -> None:
    forum = load_forum()
    assert len(forum.threads) > 0
    with DemoForum(forum, limits=None) as served, httpx.Client(base_url=served.url) as client:
        for moment in (forum.clock, forum.later):
            served.move_clock(moment)
            for thread in forum.threads:
                gone = thread.gone is not None and thread.gone.at <= moment
                if gone or thread.posts[0].at > moment:
                    assert client.get(f"/t/{thread.id}.json").status_code in (403, 404, 410)
                    continue
                stream = client.get(f"/t/{thread.id}/post_ids.json").json()["post_ids"]
                answer = client.get(f"/t/{thread.id}/posts.json", params={"post_ids[]": stream}).json()
                validate("posts.json", answer)
                assert [post["id"] for post in answer["post_stream"]["posts"]] == stream

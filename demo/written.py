"""Written threads as a `Source`: what they answer at any moment."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

from demo.answers import TopicNow
from demo.cook import HIDDEN, WITHDRAWN, cook, download_path, upload_path
from demo.links import reflections
from demo.model import Category, Forum, Thread
from demo.pictures import drawn, size_of
from demo.serializers import topic_now
from demo.state import PostState, post_state


class WrittenForum:
    """A `Source` of written threads. Thread safe; the state of the last moment asked for is kept."""

    def __init__(self, forum: Forum) -> None:
        self.forum = forum
        self.title, self.description, self.address = forum.title, forum.description, forum.address
        self.start = forum.clock
        self._pictures = {
            path: part.file
            for thread in forum.threads
            for post in thread.posts
            for body in (post.body, *(edit.body for edit in post.edits))
            for part in body
            if part.kind == "image"
            for path in (upload_path(part.file), download_path(part.file))
        }
        self._lock = threading.Lock()
        self._kept: tuple[datetime, dict[int, TopicNow]] | None = None

    def categories(self) -> Sequence[Category]:
        """All categories, in the order of ``forum.yml``."""
        return self.forum.categories

    def topics(self, now: datetime) -> Sequence[TopicNow]:
        """All topics that can be read at ``now``."""
        return list(self._at(now).values())

    def topic(self, topic_id: int, now: datetime) -> TopicNow | int | None:
        """A topic, the status that it answers since it is gone, or None."""
        thread = self.forum.thread(topic_id)
        if thread is None or thread.posts[0].at > now:
            return None
        if thread.gone and thread.gone.at <= now:
            return thread.gone.status
        return self._at(now)[topic_id]

    def picture(self, path: str) -> bytes | None:
        """The file of an upload, or a picture drawn in its place where the file does not exist."""
        file = self._pictures.get(path)
        if file is None:
            return None
        on_disk = self.forum.folder / file
        return on_disk.read_bytes() if on_disk.is_file() else drawn(file, *size_of(on_disk))

    def _at(self, now: datetime) -> dict[int, TopicNow]:
        with self._lock:
            if self._kept is None or self._kept[0] != now:
                self._kept = (now, _topics(self.forum, now))
            return self._kept[1]


def _topics(forum: Forum, now: datetime) -> dict[int, TopicNow]:
    there = [
        thread for thread in forum.threads if thread.posts[0].at <= now and not (thread.gone and thread.gone.at <= now)
    ]
    states = {thread.id: [state for post in thread.posts if (state := post_state(post, now))] for thread in there}
    cooked = {state.post.id: _cooked(state, thread, forum) for thread in there for state in states[thread.id]}
    back = reflections(there, states, cooked, forum)
    return {thread.id: topic_now(thread, states[thread.id], cooked, back, forum, now) for thread in there}


def _cooked(state: PostState, thread: Thread, forum: Forum) -> str:
    if state.body is None:
        return f"<p>{WITHDRAWN}</p>"
    return HIDDEN if state.hidden else cook(state.body, state.post, thread, forum)

"""What people decide about tags: accepted ones stand, rejected ones go, at every tag run.

A decision belongs to the words that were read: it is keyed by the forum's own ids of thread and post and by a digest of
the paragraph. So it survives tagging again and `optout rebuild`, holds for the earlier version of a post that was edited
(a row of `revisions`), and for the present one as long as that paragraph is the same in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from sqlite3 import Connection

from analysis.programs import ProgramTag
from analysis.themes import ThemeHit
from archive import clock

ACCEPT, REJECT = "accept", "reject"
PROGRAM, THEME = "program", "theme"
RULE = "review"


@dataclass(frozen=True)
class Decision:
    """Of the program or theme `subject_id`: whether a paragraph carries it, and by which of its words.

    `start`, `end`: the evidence, counted from the start of the paragraph; None for all of it.
    """

    kind: str
    subject_id: str
    accepted: bool
    start: int | None = None
    end: int | None = None


class Decisions:
    """The decisions on one post, by the digest of the paragraph's words."""

    def __init__(self, rows: Mapping[str, Sequence[Decision]]) -> None:
        self._rows = rows

    def kept(self, found: Sequence[ProgramTag], words: str) -> list[ProgramTag]:
        """The tags without the rejected ones, before the paragraph inherits what it does not name."""
        rejected = self.rejected_programs(words)
        return [tag for tag in found if tag.program_id not in rejected]

    def rejected_programs(self, words: str) -> frozenset[str]:
        """What somebody decided that the paragraph is not about."""
        return frozenset(decision.subject_id for decision in self._on(words, PROGRAM) if not decision.accepted)

    def on_programs(self, words: str) -> bool:
        """Whether somebody decided which programs the paragraph is about."""
        return bool(self._on(words, PROGRAM))

    def programs(self, found: Sequence[ProgramTag], words: str, offset: int) -> list[ProgramTag]:
        """The paragraph's tags as people left them. `words` is the paragraph, `offset` where it begins in the post."""
        result = list(found)
        for decision in self._on(words, PROGRAM):
            tag = next((tag for tag in result if tag.program_id == decision.subject_id), None)
            if tag is not None:
                result.remove(tag)
            if decision.accepted:
                start, end = _evidence(decision, words, offset)
                result.append(
                    replace(tag, rule=RULE, score=1.0)
                    if tag is not None
                    else ProgramTag(decision.subject_id, "named", start, end, None, RULE, 1.0)
                )
        return result

    def themes(self, found: Sequence[ThemeHit], words: str, offset: int) -> list[ThemeHit]:
        """The same for themes."""
        result = list(found)
        for decision in self._on(words, THEME):
            hit = next((hit for hit in result if hit.theme_id == decision.subject_id), None)
            if hit is not None:
                result.remove(hit)
            if decision.accepted:
                start, end = (hit.start, hit.end) if hit is not None else _evidence(decision, words, offset)
                result.append(ThemeHit(decision.subject_id, start, end, RULE, 1.0))
        return sorted(result, key=lambda hit: (hit.start, hit.theme_id))

    def _on(self, words: str, kind: str) -> list[Decision]:
        if not self._rows:
            return []
        return [decision for decision in self._rows.get(text_digest(words), ()) if decision.kind == kind]


NONE = Decisions({})


def text_digest(words: str) -> str:
    """The digest of a paragraph's words, by which decisions find it again."""
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def decisions(connection: Connection, post_id: int) -> Decisions:
    """What was decided about a post; of two decisions on one thing the later holds."""
    rows = connection.execute(
        """select v.text_digest, v.subject_kind, v.subject_id, v.decision, v.evidence_start, v.evidence_end
        from posts p join threads t on t.id = p.thread_id join reviews v on v.site_id = t.site_id
            and v.thread_native_id = t.native_id and v.post_native_id = p.native_id
        where p.id = ? order by v.id""",
        (post_id,),
    ).fetchall()
    if not rows:
        return NONE
    latest: dict[str, dict[tuple[str, str], Decision]] = {}
    for digest, kind, subject_id, decision, start, end in rows:
        latest.setdefault(digest, {})[kind, subject_id] = Decision(kind, subject_id, decision == ACCEPT, start, end)
    return Decisions({digest: list(found.values()) for digest, found in latest.items()})


def _evidence(decision: Decision, words: str, offset: int) -> tuple[int, int]:
    if decision.start is None or decision.end is None or not 0 <= decision.start < decision.end <= len(words):
        return offset, offset + len(words)
    return offset + decision.start, offset + decision.end


@dataclass(frozen=True)
class Question:
    """A tag, or a candidate for one, that a person should look at.

    `words` is the paragraph; `start`, `end` (the evidence) are counted from its start, None if it stands elsewhere.
    `why`: one of `review_queue.WHYS`. `offset` is where the paragraph begins in its post.
    """

    site_id: str
    thread_native_id: str
    post_native_id: str
    title: str
    author: str
    words: str
    offset: int
    kind: str
    subject_id: str
    start: int | None
    end: int | None
    rule: str
    score: float
    why: str


def record(connection: Connection, question: Question, decision: str, *, by: str, note: str | None = None) -> int:
    """Enter a decision (`ACCEPT` or `REJECT`); its id. It takes effect at the next tag run."""
    cursor = connection.execute(
        "insert into reviews (site_id, thread_native_id, post_native_id, text_digest, start, \"end\", subject_kind,"
        " subject_id, evidence_start, evidence_end, decision, decided_by, decided_at, note)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            question.site_id, question.thread_native_id, question.post_native_id, text_digest(question.words),
            question.offset, question.offset + len(question.words), question.kind, question.subject_id, question.start,
            question.end, decision, by, clock.now(), note,
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def withdraw(connection: Connection, review_id: int) -> None:
    """Take back a decision of this sitting."""
    connection.execute("delete from reviews where id = ?", (review_id,))

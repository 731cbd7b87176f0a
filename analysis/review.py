"""What people decide about tags: accepted ones stand, rejected ones go, at every tag run.

A decision belongs to the words that were read: it is keyed by the forum's own ids of thread and post and by a digest of
the paragraph. So it survives tagging again and `optout rebuild`, holds for the earlier version of a post that was edited
(a row of `revisions`), and for the present one as long as that paragraph is the same in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
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
        rejected = {decision.subject_id for decision in self._on(words, PROGRAM) if not decision.accepted}
        return [tag for tag in found if tag.program_id not in rejected]

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
    `why`: `candidate`, or what contradicts it. `offset` is where the paragraph begins in its post.
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


_PLACE = """
select t.site_id, t.native_id as thread_native_id, p.native_id as post_native_id, t.title,
    coalesce(a.name, '') as author, coalesce(r.text, p.text) as text, g.start as offset, g."end" as stop,
    q.kind, q.subject_id, q.start, q."end", q.rule, q.score, q.why
from ({queue}) q
join paragraphs g on g.id = q.paragraph_id join posts p on p.id = g.post_id join threads t on t.id = p.thread_id
left join revisions r on r.id = g.revision_id left join authors a on a.id = p.author_id
where g.revision_id is null order by q.place, abs(q.score - 0.5), q.paragraph_id, q.subject_id
"""
# Contradictions first: there a tag is published that may be wrong.
_QUEUE = """
select 1 as place, x.paragraph_id, 'theme' as kind, x.theme_id as subject_id, x.start, x."end", x.rule, x.score,
    'a complaint and a benefit in one paragraph' as why
from theme_tags x where x.rule != 'review' and (
    (x.theme_id in ({stances}) and exists (select 1 from theme_tags y where y.paragraph_id = x.paragraph_id
        and y.theme_id not in ({stances})))
    or (x.theme_id not in ({stances}) and exists (select 1 from theme_tags y where y.paragraph_id = x.paragraph_id
        and y.theme_id in ({stances}))))
union all
select 2, x.paragraph_id, 'program', x.program_id, null, null, x.rule, x.score, 'two programs inherited'
from program_tags x where x.how = 'inherited' and x.rule != 'review' and (select count(*) from program_tags y
    where y.paragraph_id = x.paragraph_id and y.how = 'inherited') > 1
union all
select 3, c.paragraph_id, 'theme', c.theme_id, c.start, c."end", c.because, c.score, 'candidate'
from theme_candidates c where not exists (select 1 from theme_tags y where y.paragraph_id = c.paragraph_id
    and y.theme_id = c.theme_id)
union all
select 4, x.paragraph_id, 'theme', x.theme_id, x.start, x."end", x.rule, x.score, 'a rule against the model'
from theme_tags x join theme_candidates c on c.paragraph_id = x.paragraph_id and c.theme_id = x.theme_id
where x.rule != 'review'
"""


def queue(
    connection: Connection, stances: Iterable[str], *, subject_id: str | None = None, limit: int | None = None
) -> list[Question]:
    """What waits for a decision: contradictions first, then candidates, the least sure first. Nothing twice decided.

    `stances` are the themes that are no complaints; `subject_id` limits it to one theme or program.
    """
    names = ", ".join(f"'{stance}'" for stance in stances) or "''"
    found: list[Question] = []
    asked: set[tuple[str, ...]] = set()
    decided = {
        tuple(row)
        for row in connection.execute(
            "select site_id, thread_native_id, post_native_id, text_digest, subject_kind, subject_id from reviews"
        )
    }
    for row in connection.execute(_PLACE.format(queue=_QUEUE.format(stances=names))):
        if subject_id is not None and row["subject_id"] != subject_id:
            continue
        words = row["text"][row["offset"] : row["stop"]]
        key = (
            row["site_id"], row["thread_native_id"], row["post_native_id"], text_digest(words), row["kind"],
            row["subject_id"],
        )  # fmt: skip
        if key in decided or key in asked:
            continue
        asked.add(key)
        inside = row["start"] is not None
        found.append(
            Question(
                row["site_id"], row["thread_native_id"], row["post_native_id"], row["title"], row["author"], words,
                row["offset"], row["kind"], row["subject_id"], row["start"] - row["offset"] if inside else None,
                row["end"] - row["offset"] if inside else None, row["rule"], row["score"], row["why"],
            )
        )  # fmt: skip
        if limit is not None and len(found) >= limit:
            break
    return found


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

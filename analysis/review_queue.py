"""What is put before a person: tags that contradict each other or are unsure, and candidates for tags.

The table `review_queue` is filled at the end of every tag run; `optout review` goes through it.
"""

from __future__ import annotations

from sqlite3 import Connection, Row

from analysis.review import RULE, Question, text_digest
from taxonomy.model import Taxonomy

# Confidence, at most, in a program tag of a post from before anybody is expected to speak of the program.
EARLY = 0.5
# A name with less than this confidence means other things too.
UNSURE_NAME = 0.9
# So many posts before one that takes its program from the title: what they name may be its topic.
NEAR = 3
# A program that is inherited with less confidence is as likely another.
HALF = 0.5

_WHYS = {
    "a complaint and a benefit in one paragraph": """
        select x.paragraph_id, 'theme' as kind, x.theme_id as subject_id, x.start, x."end", x.rule, x.score
        from theme_tags x left join temp.stances s on s.id = x.theme_id where exists (
            select 1 from theme_tags y left join temp.stances t on t.id = y.theme_id
            where y.paragraph_id = x.paragraph_id and (t.id is null) != (s.id is null))""",
    "two themes by the same words, of which the codebook allows one": """
        select x.paragraph_id, 'theme' as kind, x.theme_id as subject_id, x.start, x."end", x.rule, x.score
        from theme_tags x where exists (
            select 1 from theme_tags y join temp.instead e on e.id = x.theme_id and e.other = y.theme_id
            where y.paragraph_id = x.paragraph_id and y.start < x."end" and x.start < y."end")""",
    "a rule against the model": """
        select x.paragraph_id, 'theme' as kind, x.theme_id as subject_id, x.start, x."end", x.rule, c.score
        from theme_tags x join theme_candidates c on c.paragraph_id = x.paragraph_id and c.theme_id = x.theme_id""",
    "two programs inherited": """
        select x.paragraph_id, 'program' as kind, x.program_id as subject_id, null as start, null as "end", x.rule, x.score
        from program_tags x where x.how = 'inherited' and (select count(*) from program_tags y
            where y.paragraph_id = x.paragraph_id and y.how = 'inherited') > 1""",
    "an unsure program": """
        select x.paragraph_id, 'program' as kind, x.program_id as subject_id, null as start, null as "end", x.rule, x.score
        from program_tags x where x.how != 'named' and x.score < :half""",
    "the title names one program, the posts just before another": """
        select x.paragraph_id, 'program' as kind, x.program_id as subject_id, null as start, null as "end", x.rule, x.score
        from program_tags x join paragraphs g on g.id = x.paragraph_id join posts p on p.id = g.post_id
        where x.rule = 'inherited from title' and (select max(y.program_id != x.program_id) > max(y.program_id = x.program_id)
            from posts o join paragraphs h on h.post_id = o.id and h.revision_id is null
                and h.kind in ('text', 'list', 'heading') join program_tags y on y.paragraph_id = h.id and y.how = 'named'
            where o.thread_id = p.thread_id and o.number between p.number - :near and p.number - 1)""",
    "an unsure name, in a thread whose title names another program": """
        select x.paragraph_id, 'program' as kind, x.program_id as subject_id, x.start, x."end", x.rule, x.score
        from program_tags x join paragraphs g on g.id = x.paragraph_id join posts p on p.id = g.post_id
        where x.how = 'named' and x.score < :unsure and exists (
            select 1 from temp.titled y where y.thread_id = p.thread_id and y.program_id != x.program_id)""",
    "before the program's first known date": """
        select x.paragraph_id, 'program' as kind, x.program_id as subject_id,
            case when x.how != 'inherited' then x.start end as start, case when x.how != 'inherited' then x."end" end as "end", x.rule,
            x.score
        from program_tags x join temp.first_dates f on f.id = x.program_id join paragraphs g on g.id = x.paragraph_id
        join posts p on p.id = g.post_id where p.created_at < f.first""",
    "candidate": """
        select x.paragraph_id, 'theme' as kind, x.theme_id as subject_id, x.start, x."end", x.because as rule, x.score
        from theme_candidates x where not exists (select 1 from theme_tags y where y.paragraph_id = x.paragraph_id
            and y.theme_id = x.theme_id)""",
}
# Why something is asked, in the order of asking: contradictions first, for there a tag is published that may be wrong.
WHYS = tuple(_WHYS)
_FILL = """
insert or ignore into review_queue (paragraph_id, kind, subject_id, start, "end", rule, score, why)
select q.paragraph_id, q.kind, q.subject_id, q.start, q."end", q.rule, q.score, :why
from ({questions}) q join paragraphs g on g.id = q.paragraph_id
where g.revision_id is null and q.rule != :decided order by abs(q.score - 0.5), q.paragraph_id, q.subject_id
"""
_TITLED = """
insert or ignore into temp.titled select p.thread_id, x.program_id from program_tags x
join paragraphs g on g.id = x.paragraph_id join posts p on p.id = g.post_id where x.rule = 'inherited from title'
"""
_DOUBT = """
update program_tags set score = :early where score > :early and rule != :decided and rowid in (
    select x.rowid from program_tags x join temp.first_dates f on f.id = x.program_id
    join paragraphs g on g.id = x.paragraph_id join posts p on p.id = g.post_id where p.created_at < f.first)
"""
_PLACE = """
select q.id, t.site_id, t.native_id as thread_native_id, p.native_id as post_native_id, t.title,
    coalesce(a.name, '') as author, p.text, g.start as offset, g."end" as stop,
    q.kind, q.subject_id, q.start, q."end", q.rule, q.score, q.why
from review_queue q
join paragraphs g on g.id = q.paragraph_id join posts p on p.id = g.post_id join threads t on t.id = p.thread_id
left join authors a on a.id = p.author_id
"""


def enqueue(connection: Connection, taxonomy: Taxonomy) -> None:
    """Fill `review_queue` anew from all tags, and lower the score of program tags that are too early to be sure of.

    The queue holds each tag once, for the first of `WHYS` that fits; what people decided on is not in it.
    """
    execute = connection.execute
    for table in ("stances", "instead", "first_dates", "titled"):
        execute(f"drop table if exists temp.{table}")
    execute("create temp table stances (id text primary key)")
    execute("create temp table instead (id text, other text, primary key (id, other))")
    execute("create temp table first_dates (id text primary key, first text)")
    execute("create temp table titled (thread_id integer, program_id text, primary key (thread_id, program_id))")
    themes = taxonomy.codebook.themes
    connection.executemany("insert into temp.stances values (?)", [(theme.id,) for theme in themes if theme.stance])
    connection.executemany(
        "insert or ignore into temp.instead values (?, ?)",
        [pair for theme in themes for other in theme.instead for pair in ((theme.id, other), (other, theme.id))],
    )
    connection.executemany("insert into temp.first_dates values (?, ?)", first_dates(taxonomy).items())
    values = {"decided": RULE, "near": NEAR, "half": HALF, "unsure": UNSURE_NAME, "early": EARLY}
    execute(_TITLED)
    execute(_DOUBT, values)
    execute("delete from review_queue")
    for why, questions in _WHYS.items():
        execute(_FILL.format(questions=questions), {**values, "why": why})
    connection.executemany("delete from review_queue where id = ?", _decided(connection))


def first_dates(taxonomy: Taxonomy) -> dict[str, str]:
    """The day before which nobody is expected to speak of a program, for each whose history is dated."""
    return {program.id: program.spoken_of_from for program in taxonomy.programs if program.spoken_of_from}


def _decided(connection: Connection) -> list[tuple[int]]:
    """Rows of the queue on which somebody decided."""
    if not connection.execute("select exists (select 1 from reviews)").fetchone()[0]:
        return []
    found = connection.execute(
        f"""{_PLACE} where exists (select 1 from reviews v where v.site_id = t.site_id
            and v.thread_native_id = t.native_id and v.post_native_id = p.native_id)"""
    ).fetchall()
    made = _made(connection) if found else set()
    return [(row["id"],) for row in found if _key(row) in made]


def _made(connection: Connection) -> set[tuple[str, ...]]:
    return {
        tuple(row)
        for row in connection.execute(
            "select site_id, thread_native_id, post_native_id, text_digest, subject_kind, subject_id from reviews"
        )
    }


def _key(row: Row) -> tuple[str, ...]:
    words = row["text"][row["offset"] : row["stop"]]
    return (
        row["site_id"], row["thread_native_id"], row["post_native_id"], text_digest(words), row["kind"], row["subject_id"],
    )  # fmt: skip


def queue(
    connection: Connection, *, subject_id: str | None = None, why: str | None = None, limit: int | None = None
) -> list[Question]:
    """What waited for a decision after the last tag run and still does, in the order of `WHYS`, the least sure first.

    `subject_id` limits it to one theme or program, `why` to one of `WHYS`.
    """
    found: list[Question] = []
    decided = _made(connection)
    asked: set[tuple[str, ...]] = set()
    rows = connection.execute(
        f"{_PLACE} where (:subject is null or q.subject_id = :subject) and (:why is null or q.why = :why) order by q.id",
        {"subject": subject_id, "why": why},
    )
    for row in rows:
        key = _key(row)
        # Of a paragraph that stands twice in a post, one answer is enough.
        if key in decided or key in asked:
            continue
        asked.add(key)
        words = row["text"][row["offset"] : row["stop"]]
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


def waiting(connection: Connection) -> list[tuple[str, int]]:
    """How many questions there are of each kind of `WHYS`, as of the last tag run; those with none left out."""
    counts = dict(connection.execute("select why, count(*) from review_queue group by why").fetchall())
    return [(why, counts[why]) for why in WHYS if why in counts]

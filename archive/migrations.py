"""The schema, moved forward step by step, so that last year's archive opens with today's program.

A migration that has been released is never edited; the next change is a new one. What each column means is in
`archive/columns.py`, which a test holds against the tables made here.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("optout-archive")


@migrations()
def m001_the_spine(db: Database) -> None:
    _run(db, M001)


@migrations()
def m002_counts_and_their_quality(db: Database) -> None:
    _run(db, M002)
    _run(db, M002_ABSENCES)
    _run(db, M002_QUEUE)
    _run(db, M002_SAVED)


@migrations()
def m003_what_a_voice_rests_on(db: Database) -> None:
    _run(db, M003)


@migrations()
def m004_what_else_finds_a_tag(db: Database) -> None:
    _run(db, M004)


def _run(db: Database, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


M001 = """
create table sites (
    id text primary key,
    kind text not null,
    base_url text not null,
    title text,
    added_at text not null,
    unique (kind, base_url)
);
create table runs (
    id integer primary key,
    verb text not null,
    site_id text,
    target text,
    settings text not null,
    code_version text not null,
    taxonomy_version text,
    state text not null,
    started_at text not null,
    ended_at text,
    exit_code integer,
    requests integer not null default 0,
    rate_limited integer not null default 0,
    retries integer not null default 0,
    failures integer not null default 0,
    new_threads integer not null default 0,
    new_posts integer not null default 0,
    edited_posts integer not null default 0,
    vanished_posts integer not null default 0,
    gone_threads integer not null default 0,
    next_due_at text,
    report text
);
create table hosts (
    host text primary key,
    recent text not null,
    share real not null,
    resume_at real not null
);
create table captures (
    id integer primary key,
    run_id integer references runs(id),
    site_id text not null references sites(id),
    url text not null,
    captured_at text not null,
    status integer not null,
    mime text,
    digest text not null,
    size integer not null,
    route text not null,
    via text,
    warc_filename text not null,
    warc_record_offset integer not null,
    warc_record_length integer not null,
    unique (warc_filename, warc_record_offset)
);
create index captures_by_url on captures(url, captured_at);
create table frontier (
    id integer primary key,
    run_id integer not null references runs(id),
    site_id text not null references sites(id),
    kind text not null,
    url text not null,
    priority integer not null,
    reason text not null,
    depth integer not null default 0,
    state text not null default 'queued',
    attempts integer not null default 0,
    not_before real not null default 0,
    status integer,
    error text,
    capture_id integer references captures(id),
    added_at text not null,
    ended_at text,
    unique (run_id, kind, url)
);
create index frontier_next on frontier(run_id, state, priority, id);
create table categories (
    site_id text not null references sites(id),
    native_id text not null,
    parent_native_id text,
    name text not null,
    slug text,
    topics_listed integer,
    capture_id integer references captures(id),
    primary key (site_id, native_id)
);
create table listed_threads (
    site_id text not null references sites(id),
    native_id text not null,
    title text not null,
    excerpt text,
    tags text not null,
    category_native_id text,
    created_at text,
    last_activity_at text,
    posts_count integer,
    fingerprint text not null,
    decision text,
    reason text,
    taxonomy_version text,
    unlisted_at text,
    first_listed_at text not null,
    last_listed_at text not null,
    capture_id integer not null references captures(id),
    primary key (site_id, native_id)
);
create table threads (
    id integer primary key,
    site_id text not null references sites(id),
    native_id text not null,
    url text not null,
    title text not null,
    category text,
    tags text not null,
    created_at text,
    last_activity_at text,
    state text not null,
    gone_at text,
    gone_status integer,
    posts_listed integer,
    posts_counted integer,
    posts_counted_at text,
    posts_implied integer,
    posts_implied_at text,
    stream_at text,
    posts_held integer not null default 0,
    held_because text,
    fingerprint text,
    first_seen_at text not null,
    last_seen_at text not null,
    due_at text,
    capture_id integer references captures(id),
    unique (site_id, native_id)
);
create table titles (
    thread_id integer not null references threads(id),
    observed_at text not null,
    title text not null,
    capture_id integer references captures(id)
);
create index titles_by_thread on titles(thread_id);
create table authors (
    id integer primary key,
    site_id text not null references sites(id),
    name text not null,
    role text not null,
    unique (site_id, name)
);
create table posts (
    id integer primary key,
    thread_id integer not null references threads(id),
    native_id text not null,
    number integer not null,
    author_id integer references authors(id),
    created_at text,
    updated_at text,
    text text not null,
    html text not null,
    digest text not null,
    state text not null,
    listed integer not null default 1,
    kind text not null,
    action text,
    reply_to_number integer,
    likes integer,
    first_seen_at text not null,
    last_seen_at text not null,
    state_since text,
    text_since text,
    text_seen_at text,
    capture_id integer references captures(id),
    unique (thread_id, native_id)
);
create index posts_by_author on posts(author_id);
create index posts_by_thread on posts(thread_id, number, id, kind, digest, reply_to_number, author_id);
create table revisions (
    id integer primary key,
    post_id integer not null references posts(id),
    observed_at text not null,
    superseded_at text not null,
    last_seen_at text,
    text text not null,
    html text not null,
    digest text not null,
    capture_id integer references captures(id)
);
create index revisions_by_post on revisions(post_id);
create table absent_threads (
    site_id text not null references sites(id),
    native_id text not null,
    status integer not null,
    checked_at text not null,
    capture_id integer references captures(id),
    primary key (site_id, native_id)
);
create table missing_posts (
    thread_id integer not null references threads(id),
    native_id text not null,
    number integer,
    asked integer not null,
    reason text not null,
    explained integer not null,
    first_missed_at text not null,
    last_missed_at text not null,
    capture_id integer references captures(id),
    primary key (thread_id, native_id)
);
create table links (
    id integer primary key,
    post_id integer not null references posts(id),
    url text not null,
    kind text not null,
    title text,
    target_site_id text,
    target_native_id text,
    target_post_native_id text,
    target_number integer,
    target_thread_id integer references threads(id),
    state text not null
);
create index links_by_post on links(post_id);
create index links_by_target on links(target_site_id, target_native_id);
create index links_by_thread on links(target_thread_id);
create table paragraphs (
    id integer primary key,
    post_id integer not null references posts(id),
    revision_id integer references revisions(id),
    position integer not null,
    kind text not null,
    voice text not null,
    voice_rule text not null,
    start integer not null,
    "end" integer not null
);
create index paragraphs_by_post on paragraphs(post_id);
create table program_tags (
    paragraph_id integer not null references paragraphs(id),
    program_id text not null,
    how text not null,
    start integer,
    "end" integer,
    source_paragraph_id integer references paragraphs(id),
    rule text not null,
    score real not null,
    run_id integer not null references runs(id)
);
create index program_tags_by_paragraph on program_tags(paragraph_id);
create index program_tags_by_program on program_tags(program_id);
create index program_tags_by_source on program_tags(source_paragraph_id);
create table theme_tags (
    paragraph_id integer not null references paragraphs(id),
    theme_id text not null,
    start integer not null,
    "end" integer not null,
    rule text not null,
    score real not null,
    run_id integer not null references runs(id),
    because text
);
create index theme_tags_by_paragraph on theme_tags(paragraph_id);
create index theme_tags_by_theme on theme_tags(theme_id);
create table tagged_posts (
    post_id integer primary key references posts(id),
    digest text not null,
    context_digest text not null,
    taxonomy_version text not null,
    code_version text not null,
    run_id integer not null references runs(id),
    words_digest text
);
create index tagged_posts_by_words on tagged_posts(words_digest);
create table dates (
    paragraph_id integer not null references paragraphs(id) on delete cascade,
    start integer not null,
    "end" integer not null,
    date_from text not null,
    date_to text not null,
    precision text not null,
    rule text not null,
    run_id integer not null references runs(id)
);
create index dates_by_paragraph on dates(paragraph_id);
create table thread_references (
    paragraph_id integer not null references paragraphs(id) on delete cascade,
    start integer not null,
    "end" integer not null,
    kind text not null,
    site_id text,
    target_native_id text,
    date_from text,
    date_to text,
    target_thread_id integer references threads(id),
    state text not null,
    rule text not null,
    run_id integer not null references runs(id)
);
create index thread_references_by_paragraph on thread_references(paragraph_id);
create index thread_references_by_target on thread_references(target_thread_id);
create table theme_candidates (
    paragraph_id integer not null references paragraphs(id) on delete cascade,
    theme_id text not null,
    start integer not null,
    "end" integer not null,
    score real not null,
    because text not null,
    run_id integer not null references runs(id)
);
create index theme_candidates_by_paragraph on theme_candidates(paragraph_id);
create table reviews (
    id integer primary key,
    site_id text not null,
    thread_native_id text not null,
    post_native_id text not null,
    text_digest text not null,
    start integer not null,
    "end" integer not null,
    subject_kind text not null,
    subject_id text not null,
    evidence_start integer,
    evidence_end integer,
    decision text not null,
    decided_by text not null,
    decided_at text not null,
    note text
);
create index reviews_by_post on reviews(site_id, thread_native_id, post_native_id);
create table program_candidates (
    name text primary key,
    forms text not null,
    posts integer not null,
    threads integer not null,
    authors integer not null,
    earlier_posts integer not null,
    cue_posts integer not null,
    score real not null,
    first_at text,
    last_at text,
    examples text not null,
    decision text,
    program_id text,
    decided_by text,
    decided_at text,
    run_id integer not null references runs(id)
);
create table taxonomies (
    version text primary key,
    content text not null,
    first_used_at text not null
);
create table lookups (
    id integer primary key,
    run_id integer not null references runs(id),
    archive text not null,
    url text not null,
    site_id text not null references sites(id),
    native_id text not null,
    reason text not null,
    state text not null,
    detail text not null,
    captures_listed integer not null,
    captures_fetched integer not null,
    new_posts integer not null,
    looked_at text not null,
    unique (archive, site_id, native_id)
);
create index lookups_by_thread on lookups(site_id, native_id);
create table media (
    post_id integer not null references posts(id),
    url text not null,
    capture_id integer references captures(id),
    state text not null,
    reason text,
    primary key (post_id, url)
);
create index media_by_url on media(url);
create table forum_months (
    site_id text not null,
    month text not null,
    posts integer,
    threads integer,
    authors integer,
    primary key (site_id, month)
) without rowid;
create table summary_months (
    kind text not null,
    subject_id text not null,
    site_id text not null,
    month text not null,
    voice text not null,
    posts integer,
    threads integer,
    authors integer,
    rate real,
    primary key (kind, subject_id, site_id, month, voice)
) without rowid;
create table summary_totals (
    kind text not null,
    subject_id text not null,
    site_id text not null,
    posts integer not null,
    threads integer not null,
    authors integer not null,
    named_posts integer not null,
    copies integer not null,
    gone_posts integer not null,
    recovered_posts integer not null,
    share_recovered real not null,
    first_at text,
    last_at text,
    primary key (kind, subject_id, site_id)
) without rowid;
create table summary_pairs (
    kind text not null,
    subject_id text not null,
    other_kind text not null,
    other_id text not null,
    paragraphs integer not null,
    posts integer not null,
    expected real not null,
    lift real not null,
    primary key (kind, subject_id, other_kind, other_id)
) without rowid;
create table theme_quality (
    theme_id text primary key,
    precision real,
    precision_low real,
    precision_high real,
    recall real,
    recall_low real,
    recall_high real,
    labelled integer not null,
    measured_with text
) without rowid;
create view coverage as
select
    threads.id as thread_id, threads.site_id, threads.native_id, threads.url, threads.title, threads.state,
    threads.posts_listed, threads.posts_held,
    max(0, coalesce(threads.posts_listed, 0) - threads.posts_held) as posts_missing,
    max(0, coalesce(threads.posts_listed, 0) - threads.posts_held - (select count(*) from missing_posts m
        where m.thread_id = threads.id and m.explained)) as posts_unexplained,
    case when threads.posts_listed > threads.posts_held then coalesce(
        (select group_concat(distinct m.reason) from missing_posts m where m.thread_id = threads.id),
        'counted by the source, but on no page that is held') end as reasons,
    (select count(*) from posts p where p.thread_id = threads.id and p.state = 'deleted') as tombstones,
    (select count(*) from posts p where p.thread_id = threads.id and p.state = 'hidden') as hidden_posts
from threads
"""
# Summaries are made from the tags: what an older program made of them goes, and the next to need them makes them again.
M002 = """
delete from forum_months;
delete from summary_months;
delete from summary_totals;
delete from summary_pairs;
alter table summary_pairs add column threads integer;
alter table summary_pairs add column authors integer;
alter table theme_quality add column threshold real;
alter table theme_quality add column tagged integer;
create table tag_quality (
    kind text not null,
    part text not null,
    value text not null,
    figure text not null,
    estimate real not null,
    low real,
    high real,
    out_of integer,
    measured_with text not null,
    primary key (kind, part, value, figure)
) without rowid;
"""
# What waits for a person's decision, filled at the end of every tag run.
M002_QUEUE = """
alter table tagged_posts add column topic text;
create table review_queue (
    id integer primary key,
    paragraph_id integer not null references paragraphs(id) on delete cascade,
    kind text not null,
    subject_id text not null,
    start integer,
    "end" integer,
    rule text not null,
    score real not null,
    why text not null,
    unique (paragraph_id, kind, subject_id)
);
"""
# An absence that a look-up or the source's own pages explain is no longer called unexplained.
M002_ABSENCES = """
alter table sites add column hosts text not null default '[]';
alter table threads add column moved_to text;
alter table threads add column posts_beyond text;
alter table absent_threads add column moved_to text;
alter table posts add column missed_at text;
alter table lookups add column since text;
alter table lookups add column captures_left integer not null default 0;
create table post_numbers (
    thread_id integer not null references threads(id),
    native_id text not null,
    number integer not null,
    primary key (thread_id, native_id)
) without rowid;
drop view coverage;
create view coverage as
select
    thread_id, site_id, native_id, url, title, state, posts_listed, posts_held, posts_missing,
    case when posts_missing = 0 or looked is not null or beyond is not null then 0
        else max(0, posts_missing - explained) end as posts_unexplained,
    case when posts_missing > 0 then coalesce(beyond, missed, 'counted by the source, but on no page that is held')
        || coalesce('; ' || looked, case state when 'gone' then '; not looked for in web archives yet' end, '')
        end as reasons,
    tombstones, hidden_posts
from (
    select
        t.id as thread_id, t.site_id, t.native_id, t.url, t.title, t.state, t.posts_listed, t.posts_held,
        max(0, coalesce(t.posts_listed, 0) - t.posts_held) as posts_missing,
        (select count(*) from missing_posts m where m.thread_id = t.id and m.explained) as explained,
        (select group_concat(distinct m.reason) from missing_posts m where m.thread_id = t.id) as missed,
        'the pages count more posts than they show: ' || t.posts_beyond as beyond,
        case when t.state != 'live' and not exists (select 1 from lookups l
            where l.site_id = t.site_id and l.native_id = t.native_id and l.captures_left > 0) then (select group_concat('looked up in ' || l.archive || ' on '
            || substr(l.looked_at, 1, 10) || case when l.since is not null then ' (captures since '
            || substr(l.since, 1, 10) || ')' else '' end || case l.state when 'excluded'
            then ': its owner had it excluded there' else ': not held there' end, '; ') from lookups l
            where l.site_id = t.site_id and l.native_id = t.native_id
            and l.state in ('partly', 'refused', 'none', 'excluded')) end as looked,
        (select count(*) from posts p where p.thread_id = t.id and p.state = 'deleted') as tombstones,
        (select count(*) from posts p where p.thread_id = t.id and p.state = 'hidden') as hidden_posts
    from threads t
)
"""
# What web archives or saved files alone hold of a forum that can be asked is no loss until the forum was asked.
M002_SAVED = """
update threads set state = 'saved' where state = 'recovered' and gone_at is null
    and site_id in (select id from sites where kind in ('discourse', 'amazon_nsfe'));
update links set state = 'saved' where target_thread_id in (select id from threads where state = 'saved');
update thread_references set state = 'saved' where target_thread_id in (select id from threads where state = 'saved')
"""
# Filled by the next tag run, which tags everything again.
M003 = """
alter table paragraphs add column voice_evidence text;
alter table paragraphs add column source text
"""
# Filled like those of M003.
M004 = """
alter table program_tags add column also text;
alter table theme_tags add column also text
"""

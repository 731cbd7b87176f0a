"""The published database: its tables, indexes and full-text index. Columns are described in `metadata.yml`.

Posts and threads are numbered by time (`posts.id` is the rank by date), so that the order of row ids is the order
of time: Datasette pages, streams and searches by row id quickly, and by any other descending column slowly.
"""

from __future__ import annotations

# The stem of the published file, and so its name in every address of the site.
DATABASE = "archive"

TABLES = """
create table about (key text primary key, value text not null);
create table sites (
    id text primary key, kind text not null, title text not null, base_url text not null,
    threads integer not null default 0, posts integer not null default 0
);
create table programs (
    id text primary key, name text not null, marketplace text, mode text, status text, description text,
    aliases text, exit text, history text, sources text,
    posts integer not null default 0, threads integer not null default 0, authors integer not null default 0,
    first_month text, last_month text
);
create table themes (
    id text primary key, name text not null, kind text not null default 'complaint', definition text,
    posts integer not null default 0, threads integer not null default 0, authors integer not null default 0,
    first_month text, last_month text
);
create table runs (
    id integer primary key, verb text not null, site_id text references sites(id), target text, state text not null,
    started_at text not null, ended_at text, exit_code integer, code_version text, taxonomy_version text,
    requests integer, rate_limited integer, retries integer, failures integer, new_threads integer,
    new_posts integer, edited_posts integer, vanished_posts integer, gone_threads integer
);
create table captures (
    id integer primary key, run_id integer references runs(id), site_id text not null references sites(id),
    url text not null, captured_at text not null, status integer not null, mime text, digest text not null,
    size integer not null, route text not null, warc_filename text not null,
    warc_record_offset integer not null, warc_record_length integer not null
);
create table authors (
    id integer primary key, site_id text not null references sites(id), name text not null, role text not null,
    posts integer not null default 0, threads integer not null default 0, first_month text, last_month text
);
create table threads (
    id integer primary key, site_id text not null references sites(id), native_id text not null, title text not null,
    category text, tags text not null, state text not null, created_at text, month text, last_activity_at text,
    posts_listed integer, posts_held integer not null, staff_posts integer not null default 0,
    edited_posts integer not null default 0, authors integer not null default 0,
    first_seen_at text not null, last_seen_at text not null, gone_at text, gone_status integer,
    url text not null, permalink text not null, capture_id integer references captures(id),
    unique (site_id, native_id)
);
create table titles (
    thread_id integer not null references threads(id), observed_at text not null, title text not null,
    capture_id integer references captures(id)
);
create table posts (
    id integer primary key, thread_id integer not null references threads(id),
    site_id text not null references sites(id), native_id text not null, number integer not null,
    author_id integer references authors(id), role text, created_at text, month text, title text, text text not null,
    html text not null, kind text not null, action text, state text not null, state_since text,
    reply_to_number integer, likes integer, revisions integer not null, first_seen_at text not null,
    last_seen_at text not null, url text not null, permalink text not null, capture_id integer references captures(id)
);
create table revisions (
    id integer primary key, post_id integer not null references posts(id), observed_at text not null,
    superseded_at text not null, text text not null, html text not null, permalink text not null,
    capture_id integer references captures(id)
);
create table paragraphs (
    id integer primary key, post_id integer not null references posts(id),
    revision_id integer references revisions(id), position integer not null, kind text not null, voice text not null,
    start integer not null, "end" integer not null
);
create table program_tags (
    id integer primary key, post_id integer not null references posts(id),
    thread_id integer not null references threads(id), paragraph_id integer not null references paragraphs(id),
    revision_id integer references revisions(id), program_id text not null references programs(id),
    how text not null, evidence text, evidence_in text not null, source_post_id integer references posts(id),
    start integer, "end" integer, rule text not null, score real not null, voice text not null, month text,
    site_id text not null references sites(id), run_id integer references runs(id),
    url text not null, permalink text not null
);
create table theme_tags (
    id integer primary key, post_id integer not null references posts(id),
    thread_id integer not null references threads(id), paragraph_id integer not null references paragraphs(id),
    revision_id integer references revisions(id), theme_id text not null references themes(id),
    evidence text, start integer not null, "end" integer not null, rule text not null, score real not null,
    voice text not null, month text, site_id text not null references sites(id),
    run_id integer references runs(id), url text not null, permalink text not null
);
create table mentions (
    id integer primary key, post_id integer not null references posts(id),
    thread_id integer not null references threads(id), program_id text references programs(id),
    theme_id text references themes(id), how text, voice text not null, month text,
    site_id text not null references sites(id), author_id integer references authors(id), created_at text,
    program_evidence text, theme_evidence text, passage text not null, url text not null, permalink text not null,
    capture_id integer references captures(id)
);
create table links (
    id integer primary key, post_id integer not null references posts(id),
    thread_id integer not null references threads(id), site_id text not null references sites(id),
    kind text not null, title text, url text not null, state text not null, target_site_id text,
    target_native_id text, target_number integer, target_thread_id integer references threads(id), month text,
    permalink text not null
);
create table missing_posts (
    id integer primary key, thread_id integer not null references threads(id), native_id text not null,
    number integer, reason text not null, explained integer not null, asked integer not null,
    first_missed_at text not null, last_missed_at text not null, capture_id integer references captures(id)
);
create table coverage (
    thread_id integer primary key references threads(id), site_id text not null references sites(id),
    state text not null, posts_listed integer, posts_held integer not null, posts_missing integer not null,
    posts_unexplained integer not null, reasons text, tombstones integer not null, hidden_posts integer not null,
    month text, url text not null, permalink text not null
);
create table program_months (
    program_id text not null references programs(id), site_id text not null references sites(id), month text not null,
    posts integer not null, threads integer not null, authors integer not null,
    primary key (program_id, site_id, month)
) without rowid;
create table theme_months (
    theme_id text not null references themes(id), site_id text not null references sites(id), month text not null,
    posts integer not null, threads integer not null, authors integer not null,
    primary key (theme_id, site_id, month)
) without rowid;
create virtual table posts_fts using fts5(
    title, text, content="posts", content_rowid="id", detail=full, tokenize="porter unicode61"
)
"""

# Made after the rows are in: an index that is built at once is smaller and faster than one that grows.
INDEXES = """
create index captures_by_site on captures(site_id);
create index captures_by_status on captures(status);
create index captures_by_route on captures(route);
create index authors_by_site on authors(site_id, name);
create index threads_by_state on threads(state);
create index threads_by_month on threads(month);
create index threads_by_activity on threads(last_activity_at);
create index titles_by_thread on titles(thread_id);
create index posts_by_thread on posts(thread_id, number);
create index posts_by_author on posts(author_id);
create index posts_by_site on posts(site_id);
create index posts_by_month on posts(month);
create index posts_by_state on posts(state);
create index posts_by_role on posts(role);
create index revisions_by_post on revisions(post_id);
create index paragraphs_by_post on paragraphs(post_id);
create index paragraphs_by_voice on paragraphs(voice);
create index program_tags_by_post on program_tags(post_id);
create index program_tags_by_program on program_tags(program_id, month);
create index theme_tags_by_post on theme_tags(post_id);
create index theme_tags_by_theme on theme_tags(theme_id, month);
create index mentions_by_post on mentions(post_id);
create index mentions_by_thread on mentions(thread_id);
create index mentions_by_program on mentions(program_id, post_id, theme_id, voice);
create index mentions_by_theme on mentions(theme_id, post_id);
create index mentions_by_site on mentions(site_id);
create index mentions_by_voice on mentions(voice);
create index mentions_by_how on mentions(how);
create index mentions_by_month on mentions(month);
create index links_by_post on links(post_id);
create index links_by_target on links(target_thread_id);
create index links_by_state on links(state);
create index missing_posts_by_thread on missing_posts(thread_id);
create index coverage_by_state on coverage(state)
"""

# Numbers that pages and charts would otherwise count again on every view.
SUMMARIES = """
insert into program_months
    select program_id, site_id, month, count(distinct post_id), count(distinct thread_id), count(distinct author_id)
    from mentions where program_id is not null and month is not null group by program_id, site_id, month;
insert into theme_months
    select theme_id, site_id, month, count(distinct post_id), count(distinct thread_id), count(distinct author_id)
    from mentions where theme_id is not null and month is not null group by theme_id, site_id, month;
update programs set (posts, threads, authors, first_month, last_month) = (
    select count(distinct post_id), count(distinct thread_id), count(distinct author_id), min(month), max(month)
    from mentions where program_id = programs.id);
update themes set (posts, threads, authors, first_month, last_month) = (
    select count(distinct post_id), count(distinct thread_id), count(distinct author_id), min(month), max(month)
    from mentions where theme_id = themes.id);
update authors set (posts, threads, first_month, last_month) = (
    select count(*), count(distinct thread_id), min(month), max(month)
    from posts where author_id = authors.id and kind = 'post');
update threads set (staff_posts, edited_posts, authors) = (
    select coalesce(sum(role = 'staff'), 0), coalesce(sum(revisions > 0), 0), count(distinct author_id)
    from posts where thread_id = threads.id and kind = 'post');
update sites set
    threads = (select count(*) from threads where site_id = sites.id),
    posts = (select count(*) from posts where site_id = sites.id)
"""


def statements(script: str) -> list[str]:
    """The single statements of one of the scripts above."""
    return [statement for statement in script.split(";\n") if statement.strip()]

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
    threads integer not null default 0, posts integer not null default 0, small_actions integer not null default 0,
    posts_deleted integer not null default 0, posts_hidden integer not null default 0,
    posts_undated integer not null default 0, copies integer not null default 0,
    posts_listed integer not null default 0, posts_held integer not null default 0,
    posts_missing integer not null default 0, threads_gone integer not null default 0,
    threads_recovered integer not null default 0, first_month text, last_month text
);
create table programs (
    id text primary key, name text not null, marketplace text, mode text, status text, description text,
    note text, aliases text, exit_method text, exit text, exit_checked_on text, history text, spoken_of_from text,
    sources text,
    posts integer not null default 0, threads integer not null default 0, authors integer not null default 0,
    named_posts integer not null default 0, complaint_posts integer not null default 0,
    copies integer not null default 0, gone_posts integer not null default 0,
    recovered_posts integer not null default 0, first_month text, last_month text,
    recent_posts integer not null default 0, previous_posts integer not null default 0, recent_rate real,
    previous_rate real, change real, change_low real, change_high real
);
create table program_modes (
    id integer primary key, program_id text not null references programs(id), date text, mode text not null,
    marketplaces text, note text, tier text, sources text
);
create table program_sources (
    id integer primary key, program_id text not null references programs(id), url text not null, tier text, note text
);
create table program_relations (
    program_id text not null references programs(id), other_id text not null references programs(id),
    kind text not null, primary key (program_id, kind, other_id)
) without rowid;
create table aliases (
    id integer primary key, program_id text not null references programs(id), alias text not null,
    ambiguous integer not null, observed integer not null, note text
);
create table themes (
    id text primary key, name text not null, kind text not null default 'complaint', definition text,
    includes text, excludes text, examples text,
    posts integer not null default 0, threads integer not null default 0, authors integer not null default 0,
    copies integer not null default 0, gone_posts integer not null default 0,
    recovered_posts integer not null default 0, first_month text, last_month text,
    recent_posts integer not null default 0, previous_posts integer not null default 0, recent_rate real,
    previous_rate real, change real, change_low real, change_high real,
    precision real, precision_low real, precision_high real, recall real, recall_low real, recall_high real,
    labelled integer, tagged integer, threshold real
);
create table tag_quality (
    kind text not null, part text not null, value text not null, figure text not null, estimate real not null,
    low real, high real, out_of integer, measured_with text not null, primary key (kind, part, value, figure)
) without rowid;
create table marketplaces (
    id text primary key, programs integer not null default 0, posts integer not null default 0,
    threads integer not null default 0, authors integer not null default 0, copies integer not null default 0,
    gone_posts integer not null default 0, recovered_posts integer not null default 0, first_month text, last_month text
);
create table coding_rules (id text primary key, rule text not null);
create table program_candidates (
    id integer primary key, name text not null, posts integer not null, threads integer not null,
    authors integer not null, earlier_posts integer not null, score real not null, first_at text, last_at text
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
    size integer not null, route text not null, via text, warc_filename text not null,
    warc_record_offset integer not null, warc_record_length integer not null
);
create table authors (
    id integer primary key, site_id text not null references sites(id), name text not null, role text not null,
    posts integer not null default 0, threads integer not null default 0, first_month text, last_month text
);
create table threads (
    id integer primary key, site_id text not null references sites(id), native_id text not null, title text not null,
    title_marks text not null, category text, tags text not null, state text not null, created_at text, month text, last_activity_at text,
    posts_listed integer, posts_held integer not null, staff_posts integer not null default 0,
    edited_posts integer not null default 0, authors integer not null default 0,
    first_seen_at text not null, last_seen_at text not null, gone_at text, gone_status integer, moved_to text,
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
    author_id integer references authors(id), role text, created_at text, month text, labels text not null,
    title text, text text not null, html text not null, kind text not null, action text, state text not null, state_since text,
    reply_to_number integer, likes integer, revisions integer not null, copy_of integer references posts(id),
    first_seen_at text not null, last_seen_at text not null, url text not null, permalink text not null,
    capture_id integer references captures(id)
);
create table revisions (
    id integer primary key, post_id integer not null references posts(id), observed_at text not null,
    superseded_at text not null, text text not null, html text not null, changes text not null, permalink text not null,
    capture_id integer references captures(id)
);
create table paragraphs (
    id integer primary key, post_id integer not null references posts(id),
    revision_id integer references revisions(id), position integer not null, kind text not null,
    source text, voice text not null, voice_rule text not null, voice_evidence text,
    start integer not null, "end" integer not null
);
create table program_tags (
    id integer primary key, post_id integer not null references posts(id),
    thread_id integer not null references threads(id), paragraph_id integer not null references paragraphs(id),
    revision_id integer references revisions(id), program_id text not null references programs(id),
    how text not null, evidence text, evidence_in text not null, evidence_how text not null,
    source_post_id integer references posts(id),
    start integer, "end" integer, rule text not null, also text, score real not null, voice text not null, month text,
    site_id text not null references sites(id), run_id integer references runs(id),
    url text not null, permalink text not null
);
create table theme_tags (
    id integer primary key, post_id integer not null references posts(id),
    thread_id integer not null references threads(id), paragraph_id integer not null references paragraphs(id),
    revision_id integer references revisions(id), theme_id text not null references themes(id),
    evidence text, start integer not null, "end" integer not null, rule text not null, also text, score real not null,
    because text, voice text not null, month text, site_id text not null references sites(id),
    run_id integer references runs(id), url text not null, permalink text not null
);
create table mentions (
    id integer primary key, post_id integer not null references posts(id),
    thread_id integer not null references threads(id), program_id text references programs(id),
    theme_id text references themes(id), how text, voice text not null, month text,
    site_id text not null references sites(id), author_id integer references authors(id), created_at text,
    program_evidence text, theme_evidence text, passage text not null, early integer not null, url text not null,
    permalink text not null, capture_id integer references captures(id)
);
create table links (
    id integer primary key, post_id integer not null references posts(id),
    thread_id integer not null references threads(id), site_id text not null references sites(id),
    kind text not null, title text, url text not null, state text not null, target_site_id text,
    target_native_id text, target_number integer, target_thread_id integer references threads(id), month text,
    permalink text not null
);
create table lookups (
    id integer primary key, site_id text not null, native_id text not null, thread_id integer references threads(id),
    archive text not null, state text not null, detail text not null, captures_listed integer not null,
    captures_fetched integer not null, new_posts integer not null, looked_at text not null, url text not null
);
create table media_files (
    digest text primary key, mime text not null, size integer not null, body blob not null
);
create table media (
    id integer primary key, post_id integer not null references posts(id), url text not null, state text not null,
    reason text, digest text references media_files(digest), capture_id integer references captures(id)
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
create table site_months (
    site_id text not null references sites(id), month text not null, posts integer, counted_posts integer,
    authors integer, threads integer not null default 0, gone integer not null default 0,
    recovered integer not null default 0, listed integer not null default 0, held integer not null default 0,
    missing integer not null default 0, primary key (site_id, month)
) without rowid;
create table program_months (
    program_id text not null references programs(id), site_id text not null references sites(id), month text not null,
    posts integer, complaints integer, threads integer, authors integer, rate real, complaint_rate real,
    primary key (program_id, site_id, month)
) without rowid;
create table program_voice_months (
    program_id text not null references programs(id), site_id text not null references sites(id), voice text not null,
    month text not null, posts integer not null, threads integer not null, authors integer not null, rate real,
    primary key (program_id, site_id, voice, month)
) without rowid;
create table theme_months (
    theme_id text not null references themes(id), site_id text not null references sites(id), month text not null,
    posts integer, threads integer, authors integer, rate real, primary key (theme_id, site_id, month)
) without rowid;
create table marketplace_months (
    marketplace text not null references marketplaces(id), site_id text not null references sites(id),
    month text not null, posts integer, threads integer, authors integer, rate real,
    primary key (marketplace, site_id, month)
) without rowid;
create table program_sites (
    program_id text not null references programs(id), site_id text not null references sites(id),
    posts integer not null, complaint_posts integer not null, threads integer not null, authors integer not null,
    named_posts integer not null, copies integer not null, gone_posts integer not null,
    recovered_posts integer not null, first_month text, last_month text, primary key (program_id, site_id)
) without rowid;
create table theme_sites (
    theme_id text not null references themes(id), site_id text not null references sites(id),
    posts integer not null, threads integer not null, authors integer not null, copies integer not null,
    gone_posts integer not null, recovered_posts integer not null, first_month text, last_month text,
    primary key (theme_id, site_id)
) without rowid;
create table program_themes (
    program_id text not null references programs(id), theme_id text not null references themes(id),
    posts integer not null, paragraphs integer not null, threads integer, authors integer, expected real not null,
    lift real not null, recent_posts integer not null default 0, previous_posts integer not null default 0,
    primary key (program_id, theme_id)
) without rowid;
create table program_pairs (
    program_id text not null references programs(id), other_id text not null references programs(id),
    same_threads integer not null default 0, posts integer not null default 0, paragraphs integer not null default 0,
    authors integer, expected real, lift real, primary key (program_id, other_id)
) without rowid;
create table theme_pairs (
    theme_id text not null references themes(id), other_id text not null references themes(id),
    posts integer not null, paragraphs integer not null, authors integer, expected real not null, lift real not null,
    primary key (theme_id, other_id)
) without rowid;
create table program_threads (
    program_id text not null references programs(id), thread_id integer not null references threads(id),
    posts integer not null, complaints integer not null, state text not null, primary key (program_id, thread_id)
) without rowid;
create table words (word text primary key, posts integer not null) without rowid;
create virtual table posts_fts using fts5(
    title, text, labels, content="posts", content_rowid="id", detail=full, tokenize="porter unicode61"
)
"""

# Made after the rows are in: an index that is built at once is smaller and faster than one that grows. Those of keys are
# for Datasette's page of a row, which counts all rows that point to it; of mentions, the wide ones are for facets, the
# narrow ones for rows in their order.
INDEXES = """
create index captures_by_site on captures(site_id);
create index captures_by_status on captures(status);
create index captures_by_route on captures(route);
create index authors_by_site on authors(site_id, name);
create index threads_by_site on threads(site_id);
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
create index posts_labels on posts(id, labels);
create index posts_by_copy on posts(copy_of) where copy_of is not null;
create index revisions_by_post on revisions(post_id);
create index paragraphs_by_post on paragraphs(post_id);
create index paragraphs_by_voice on paragraphs(voice);
create index program_tags_by_post on program_tags(post_id);
create index program_tags_by_program on program_tags(program_id, month);
create index theme_tags_by_post on theme_tags(post_id);
create index theme_tags_by_theme on theme_tags(theme_id, month);
create index mentions_by_post on mentions(post_id);
create index mentions_by_thread on mentions(thread_id);
create index mentions_by_program on mentions(program_id, post_id, theme_id, voice, site_id);
create index mentions_early on mentions(program_id, post_id) where early;
create index mentions_in_time on mentions(program_id, post_id) where not early;
create index mentions_by_theme on mentions(theme_id, post_id, program_id, voice, site_id);
create index mentions_of_program on mentions(program_id);
create index mentions_of_theme on mentions(theme_id);
create index mentions_by_site on mentions(site_id);
create index mentions_by_voice on mentions(voice);
create index mentions_by_how on mentions(how);
create index mentions_by_month on mentions(month);
create index links_by_post on links(post_id);
create index links_by_thread on links(thread_id, target_thread_id);
create index links_by_target on links(target_thread_id);
create index links_to_unheld on links(target_site_id, target_native_id) where target_thread_id is null;
create index links_by_state on links(state);
create index lookups_by_thread on lookups(site_id, native_id);
create index program_modes_by_program on program_modes(program_id);
create index program_sources_by_program on program_sources(program_id);
create index aliases_by_program on aliases(program_id);
create index program_threads_by_thread on program_threads(thread_id);
create index program_threads_vanished on program_threads(program_id, thread_id)
    where state in ('gone', 'recovered');
create index posts_by_capture on posts(capture_id);
create index threads_by_capture on threads(capture_id);
create index paragraphs_by_revision on paragraphs(revision_id) where revision_id is not null;
create index program_tags_by_source on program_tags(source_post_id) where source_post_id is not null;
create index program_tags_by_paragraph on program_tags(paragraph_id);
create index program_tags_by_thread on program_tags(thread_id);
create index program_tags_by_revision on program_tags(revision_id) where revision_id is not null;
create index theme_tags_by_paragraph on theme_tags(paragraph_id);
create index theme_tags_by_thread on theme_tags(thread_id);
create index theme_tags_by_revision on theme_tags(revision_id) where revision_id is not null;
create index mentions_by_author on mentions(author_id);
create index mentions_by_capture on mentions(capture_id);
create index missing_posts_by_thread on missing_posts(thread_id);
create index missing_posts_by_reason on missing_posts(reason, explained);
create index coverage_by_missing on coverage(posts_missing) where posts_missing > 0;
create index coverage_by_state on coverage(state);
create index coverage_undated on coverage(site_id) where month is null
"""


def statements(script: str) -> list[str]:
    """The single statements of a script such as those above."""
    return [statement for statement in script.split(";\n") if statement.strip()]

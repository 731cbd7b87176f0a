"""Numbers that pages and charts would otherwise count again on every view, counted once when the copy is made.

Posts, threads and authors are counted once however many paragraphs of theirs carry a program or a theme. Recent posts
are those of the `RECENT_DAYS` before the latest capture, previous ones those of as many days before that; both dates are
rows of `about`.
"""

from __future__ import annotations

# A quarter of a year: long enough for numbers that mean something, short enough to be news.
RECENT_DAYS = 90

STATEMENTS = """
create temp table complaints as
    select id from themes where kind = 'complaint';
insert into program_months
    select program_id, site_id, month, count(distinct post_id), count(distinct case when how = 'named' then post_id end),
        count(distinct case when voice = 'seller' and theme_id in (select id from complaints) then post_id end),
        count(distinct thread_id), count(distinct author_id)
    from mentions where program_id is not null and month is not null group by program_id, site_id, month;
insert into theme_months
    select theme_id, site_id, month, count(distinct post_id), count(distinct thread_id), count(distinct author_id)
    from mentions where theme_id is not null and month is not null group by theme_id, site_id, month;
insert into program_themes
    select program_id, theme_id, count(distinct post_id), count(distinct thread_id), count(distinct author_id),
        count(distinct case when created_at >= (select value from about where key = 'recent_from') then post_id end),
        count(distinct case when created_at >= (select value from about where key = 'previous_from')
            and created_at < (select value from about where key = 'recent_from') then post_id end),
        min(month), max(month)
    from mentions where program_id is not null and theme_id is not null group by program_id, theme_id;
insert into program_sites
    select program_id, site_id, count(distinct post_id), count(distinct thread_id), count(distinct author_id),
        min(month), max(month)
    from mentions where program_id is not null group by program_id, site_id;
insert into theme_sites
    select theme_id, site_id, count(distinct post_id), count(distinct thread_id), count(distinct author_id),
        min(month), max(month)
    from mentions where theme_id is not null group by theme_id, site_id;
insert into program_threads
    select program_id, thread_id, count(distinct post_id),
        count(distinct case when voice = 'seller' and theme_id in (select id from complaints) then post_id end),
        (select state from threads where id = thread_id)
    from mentions where program_id is not null group by program_id, thread_id;
insert into program_pairs
    select a.program_id, b.program_id, count(*)
    from program_threads a join program_threads b on b.thread_id = a.thread_id and b.program_id != a.program_id
    group by 1, 2;
update programs set (posts, threads, authors, named_posts, complaint_posts, recent_posts, previous_posts, first_month,
        last_month) = (
    select count(distinct post_id), count(distinct thread_id), count(distinct author_id),
        count(distinct case when how = 'named' then post_id end),
        count(distinct case when voice = 'seller' and theme_id in (select id from complaints) then post_id end),
        count(distinct case when created_at >= (select value from about where key = 'recent_from') then post_id end),
        count(distinct case when created_at >= (select value from about where key = 'previous_from')
            and created_at < (select value from about where key = 'recent_from') then post_id end),
        min(month), max(month)
    from mentions where program_id = programs.id);
update themes set (posts, threads, authors, recent_posts, previous_posts, first_month, last_month) = (
    select count(distinct post_id), count(distinct thread_id), count(distinct author_id),
        count(distinct case when created_at >= (select value from about where key = 'recent_from') then post_id end),
        count(distinct case when created_at >= (select value from about where key = 'previous_from')
            and created_at < (select value from about where key = 'recent_from') then post_id end),
        min(month), max(month)
    from mentions where theme_id = themes.id);
update authors set (posts, threads, first_month, last_month) = (
    select count(*), count(distinct thread_id), min(month), max(month)
    from posts where author_id = authors.id and kind = 'post');
update threads set (staff_posts, edited_posts, authors) = (
    select coalesce(sum(role = 'staff'), 0), coalesce(sum(revisions > 0), 0), count(distinct author_id)
    from posts where thread_id = threads.id and kind = 'post');
update sites set
    threads = (select count(*) from threads where site_id = sites.id),
    posts = (select count(*) from posts where site_id = sites.id);
insert into site_months
    select site_id, month, sum(posts), sum(threads), sum(gone), sum(recovered), sum(listed), sum(held), sum(missing)
    from (
        select site_id, month, count(*) as posts, 0 as threads, 0 as gone, 0 as recovered, 0 as listed, 0 as held,
            0 as missing
        from posts where kind = 'post' and month is not null group by 1, 2
        union all
        select site_id, month, 0, count(*), sum(state = 'gone'), sum(state = 'recovered'),
            sum(coalesce(posts_listed, posts_held)), sum(posts_held), sum(posts_missing)
        from coverage where month is not null group by 1, 2)
    group by 1, 2;
drop table complaints
"""

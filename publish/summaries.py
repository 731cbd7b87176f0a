"""Numbers of the copy itself, counted once when it is made: what is held of forums, threads and authors.

A post is what a person wrote: small actions of a forum (a thread was closed) are none, posts that the forum has since
deleted or hidden are. What is said in posts is counted by `optout tag`; see `publish/counts.py`.
"""

from __future__ import annotations

STATEMENTS = """
insert into program_threads
    select program_id, thread_id, count(distinct post_id),
        count(distinct case when voice = 'seller' and theme_id in (select id from themes where kind = 'complaint')
            then post_id end),
        (select state from threads where id = thread_id)
    from mentions where program_id is not null group by program_id, thread_id;
insert into program_pairs (program_id, other_id, same_threads)
    select a.program_id, b.program_id, count(*)
    from program_threads a join program_threads b on b.thread_id = a.thread_id and b.program_id != a.program_id
    group by 1, 2;
update authors set (posts, threads, first_month, last_month) = (s.posts, s.threads, s.first_month, s.last_month)
    from (select author_id, count(*) as posts, count(distinct thread_id) as threads, min(month) as first_month,
        max(month) as last_month from posts where kind = 'post' and author_id is not null group by author_id) s
    where s.author_id = authors.id;
update threads set (staff_posts, edited_posts, authors) = (s.staff_posts, s.edited_posts, s.authors)
    from (select thread_id, coalesce(sum(role = 'staff'), 0) as staff_posts, sum(revisions > 0) as edited_posts,
        count(distinct author_id) as authors from posts where kind = 'post' group by thread_id) s
    where s.thread_id = threads.id;
update sites set (posts, small_actions, posts_deleted, posts_hidden, posts_undated, first_month, last_month) = (
    select coalesce(sum(kind = 'post'), 0), coalesce(sum(kind != 'post'), 0),
        coalesce(sum(kind = 'post' and state = 'deleted'), 0), coalesce(sum(kind = 'post' and state = 'hidden'), 0),
        coalesce(sum(kind = 'post' and created_at is null), 0),
        min(case when kind = 'post' then month end), max(case when kind = 'post' then month end)
    from posts where site_id = sites.id);
update sites set (threads, posts_listed, posts_held, posts_missing, threads_gone, threads_recovered) = (
    select count(*), coalesce(sum(coalesce(posts_listed, posts_held)), 0), coalesce(sum(posts_held), 0),
        coalesce(sum(posts_missing), 0), coalesce(sum(state in ('gone', 'recovered')), 0),
        coalesce(sum(state = 'recovered'), 0)
    from coverage where site_id = sites.id);
update sites set copies = (
    select coalesce(sum(posts - 1), 0) from (
        select count(*) as posts from posts
        where site_id = sites.id and kind = 'post' and (copy_of is not null or id in (
            select copy_of from posts where copy_of is not null))
        group by coalesce(copy_of, id)));
insert into site_months (site_id, month, posts, threads, gone, recovered, listed, held, missing)
    select site_id, month, sum(posts), sum(threads), sum(gone), sum(recovered), sum(listed), sum(held), sum(missing)
    from (
        select site_id, month, count(*) as posts, 0 as threads, 0 as gone, 0 as recovered, 0 as listed, 0 as held,
            0 as missing
        from posts where kind = 'post' and month is not null group by 1, 2
        union all
        select site_id, month, null, count(*), sum(state in ('gone', 'recovered')), sum(state = 'recovered'),
            sum(coalesce(posts_listed, posts_held)), sum(posts_held), sum(posts_missing)
        from coverage where month is not null group by 1, 2)
    group by 1, 2
"""

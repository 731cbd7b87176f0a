"""HTML for a person who clicks a link: Discourse's crawler layout of 2022 and later, without its styles."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from demo.answers import Json, ListQuery, Source, TopicNow, listed, read_stamp

_NOTE = "Synthetic: a demonstration forum, served on this machine. Nobody real writes here."


def list_page(source: Source, topics: Sequence[TopicNow], query: ListQuery, per_page: int) -> str:
    """A topic list as a page."""
    shown = listed(topics, query, per_page)
    rows = "".join(
        f'<tr class="topic-list-item"><td class="main-link"><a href="/t/{topic.slug}/{topic.id}" '
        f'class="title raw-link raw-topic-link">{topic.item["fancy_title"]}</a></td>'
        f'<td class="replies">{topic.item["posts_count"] - 1}</td><td>{topic.bumped_at[:10]}</td></tr>'
        for topic in shown
    )
    links = " ".join(
        f'<a href="/c/{category.slug}/{category.id}">{escape(category.name)}</a>' for category in source.categories()
    )
    following = f'<a rel="next" href="{query.path}?page={query.page + 1}">next page →</a>'
    following = following if len(shown) == per_page else ""
    return _layout(
        source,
        source.title,
        f"<p>{escape(source.description)}</p><p>{links}</p>"
        f'<table class="topic-list"><thead><tr><th>Topic</th><th>Replies</th><th>Activity</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f"<p>{following}</p>",
    )


def topic_page(source: Source, topic: TopicNow, posts: Sequence[Json], page: int, pages: int) -> str:
    """A topic as a page of posts; ``page`` and ``pages`` count from 1."""
    path = f"/t/{topic.slug}/{topic.id}"
    category = next((c for c in source.categories() if c.id == topic.category_id), None)
    body = "".join(_post(post, topic, source) for post in posts)
    near = []
    if page > 1:
        near.append(
            f'<a rel="prev" itemprop="url" href="{path}{f"?page={page - 1}" if page > 2 else ""}">← previous page</a>'
        )
    if page < pages:
        near.append(f'<a rel="next" itemprop="url" href="{path}?page={page + 1}">next page →</a>')
    section = f'<a href="/c/{category.slug}/{category.id}">{escape(category.name)}</a>' if category else ""
    return _layout(
        source,
        topic.title,
        f'<div id="topic-title"><h1><a href="{path}">{topic.item["fancy_title"]}</a></h1>'
        f'<div class="topic-category">{section}</div></div>'
        f'<div itemscope itemtype="http://schema.org/DiscussionForumPosting">'
        f'<meta itemprop="headline" content="{escape(topic.title)}">'
        f'<meta itemprop="datePublished" content="{topic.created_at}">'
        f"{body}</div>"
        f'<div role="navigation" itemscope itemtype="http://schema.org/SiteNavigationElement" '
        f'class="topic-body crawler-post">{" ".join(near)}</div>',
    )


def gone_page(source: Source, message: str) -> str:
    """A page for what is not there."""
    return _layout(source, "Page Not Found", f'<h1 class="title">{escape(message)}</h1><p><a href="/">Home</a></p>')


def _post(post: Json, topic: TopicNow, source: Source) -> str:
    number, name = post["post_number"], escape(post["username"])
    # Discourse leaves the first post to the outer DiscussionForumPosting and marks the others as its
    # comments.
    comment = ' itemprop="comment" itemscope itemtype="http://schema.org/Comment"' if number > 1 else ""
    when = read_stamp(post["created_at"])
    likes = next((action["count"] for action in post["actions_summary"] if action["id"] == 2), 0)
    shown = f'<span class="post-likes">{likes} Like{"s" if likes != 1 else ""}</span>' if likes else ""
    back = "".join(
        f'<div><a href="{_here(link["url"], source)}">{escape(link.get("title") or link["url"])}</a></div>'
        for link in post.get("link_counts", [])
        if link["reflection"]
    )
    backlinks = f'<div class="crawler-linkback-list">{back}</div>' if back else ""
    cooked = post["cooked"].replace(f'"{source.address}/', '"/') if source.address else post["cooked"]
    return (
        f'<div id="post_{number}"{comment} class="topic-body crawler-post"><div class="crawler-post-meta">'
        f'<span class="creator" itemprop="author" itemscope itemtype="http://schema.org/Person">'
        f'<a itemprop="url" rel="nofollow" href="/u/{name}"><span itemprop="name">{name}</span></a></span>'
        f'<link itemprop="mainEntityOfPage" href="/t/{topic.slug}/{topic.id}">'
        f'<span class="crawler-post-infos">'
        f'<time itemprop="datePublished" datetime="{when:%Y-%m-%dT%H:%M:%SZ}" '
        f'class="post-time">{when:%B} {when.day}, {when:%Y, %H:%M} UTC</time>'
        f'<meta itemprop="dateModified" content="{post["updated_at"]}">'
        f'<span itemprop="position">{number}</span>'
        f'</span></div><div class="post" itemprop="text">\n{cooked}\n</div>'
        f'<div itemprop="interactionStatistic" itemscope itemtype="http://schema.org/InteractionCounter">'
        f'<meta itemprop="interactionType" content="http://schema.org/LikeAction">'
        f'<meta itemprop="userInteractionCount" content="{likes}">{shown}</div>'
        f"{backlinks}</div>"
    )


def _here(url: str, source: Source) -> str:
    return escape(url.removeprefix(source.address) if source.address else url)


def _layout(source: Source, title: str, body: str) -> str:
    whole = title if title == source.title else f"{title} - {source.title}"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(whole)}</title>'
        f'<meta name="generator" content="Discourse (optout-archive demo)">'
        f'<meta name="description" content="{escape(_NOTE)}"></head>\n'
        f'<body class="crawler"><header><a href="/">{escape(source.title)}</a> '
        f"<small>{escape(_NOTE)}</small></header>"
        f'<div id="main-outlet" class="wrap" role="main">{body}</div></body></html>\n'
    )

"""What a web archive holds of the vanished neighbour: a WARC file, written from the threads of ``data/demo/vanished``.

Synthetic throughout. All shapes are there in which archives hold a Discourse: the crawler layout of 2018 to 2021
(here A), that of 2022 and later (B), the app shell with its preloaded JSON, a captured ``.json`` and ``?page=2``,
taken on different days; and all traps: the page of another site served with 200 after the end (a soft 404, the same
bytes under every address), an archived 429, a revisit record, a circle of redirects.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from demo.answers import Json, TopicNow, page_of, read_stamp, topic_json
from demo.model import DATA, Forum
from demo.pages import topic_page
from demo.threads import load_forum
from demo.written import WrittenForum

VANISHED = DATA / "vanished"
PAGE = 20
QUESTION, NEVER_CAPTURED = 50333, 61002
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Shot:
    """One capture. ``revisit_of`` is the time of the earlier capture whose body it repeats."""

    url: str
    at: datetime
    status: int
    body: bytes
    mime: str = HTML
    location: str = ""
    revisit_of: datetime | None = None


def load_vanished(folder: Path = VANISHED) -> Forum:
    """The vanished forum. DemoDataError as `load_forum`."""
    return load_forum(folder)


def write_web_archive(forum: Forum, path: Path) -> list[Shot]:
    """Write the WARC file of a web archive that has captured `forum`, and say what is in it, in order."""
    return write_shots(captures(forum), path)


def write_shots(captured: Iterable[Shot], path: Path) -> list[Shot]:
    """Write a WARC file of these captures, in order of time, and give them in that order."""
    shots = sorted(captured, key=lambda shot: (shot.at, shot.url))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        writer = WARCWriter(file, gzip=True, warc_version="WARC/1.1")
        info = {"software": "optout-archive demo (synthetic)"}
        writer.write_record(writer.create_warcinfo_record(path.name, info))
        for shot in shots:
            _write(writer, shot)
    return shots


def captures(forum: Forum) -> Iterator[Shot]:
    """The captures of Old Quay, by thread."""
    pages = Pages(forum)
    label, surprise, survey, question = (
        f"{forum.address}/t/{slug}"
        for slug in (
            "prepaid-label-rollout/20417",
            "handling-time-surprise/31877",
            "survey-opt-out-again/45210",
            "donations-question/50333",
        )
    )
    august = _at("2020-08-20T04:11:09")
    yield pages.layout_a(20417, label, _at("2019-06-01T17:20:31"), 1)
    yield pages.layout_a(20417, label, august, 1)
    yield pages.layout_a(20417, f"{label}?page=2", _at("2020-11-03T22:40:00"), 2)
    yield Shot(label, _at("2021-02-11T09:00:05"), 200, pages.layout_a(20417, label, august, 1).body, revisit_of=august)
    yield Shot(label, _at("2021-05-05T01:02:03"), 429, b"Slow down, you're making too many requests.\n", "text/plain")

    yield pages.layout_a(31877, surprise, _at("2022-02-01T08:15:00"), 1)
    yield pages.shell(31877, surprise, _at("2022-03-10T13:05:44"))
    yield pages.layout_b(31877, f"{surprise}?page=2", _at("2022-05-21T06:30:12"), 2)
    yield pages.shell(31877, f"{surprise}?page=2", _at("2022-07-01T18:45:00"), 2)

    yield pages.layout_b(45210, survey, _at("2022-02-01T21:47:30"), 1)
    yield pages.as_json(45210, f"{forum.address}/t/45210.json", _at("2022-09-15T11:11:11"))

    yield pages.layout_b(50333, f"{question}?page=2", _at("2023-03-02T05:05:05"), 2)
    short = f"{forum.address}/t/50333/12"
    yield _redirect(f"{question}/12", _at("2023-03-04T10:00:00"), short)
    yield _redirect(short, _at("2023-03-04T10:00:01"), f"{question}/12")
    for serial, url in enumerate((surprise, survey, question, f"{forum.address}/t/vat-letters/{NEVER_CAPTURED}")):
        yield Shot(url, _at(f"2023-06-0{serial + 1}T02:00:00"), 200, _closed(forum))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Pages:
    """The forum's pages in each layout, as of the moment of a capture."""

    def __init__(self, forum: Forum) -> None:
        self.forum, self.source = forum, WrittenForum(forum)

    def layout_a(self, topic_id: int, url: str, at: datetime, page: int) -> Shot:
        topic = self._topic(topic_id, at)
        body = "".join(_post_a(post, topic) for post in self._posts(topic, page))
        return Shot(url, at, 200, self._sub_folder(_page_a(self.forum, topic, body, page, self._pages(topic))))

    def layout_b(self, topic_id: int, url: str, at: datetime, page: int) -> Shot:
        topic = self._topic(topic_id, at)
        html = topic_page(self.source, topic, self._posts(topic, page), page, self._pages(topic))
        return Shot(url, at, 200, self._sub_folder(html))

    def shell(self, topic_id: int, url: str, at: datetime, page: int = 1) -> Shot:
        """The page that browsers get: no posts in its markup, the topic's JSON in an attribute."""
        topic = self._topic(topic_id, at)
        preloaded = {
            "currentUser": "null",
            f"topic_{topic_id}": json.dumps(self._json(topic, at, page), ensure_ascii=False),
            "banner": "{}",
        }
        attribute = escape(json.dumps(preloaded, ensure_ascii=False))
        html = (
            f'<!DOCTYPE html>\n<html lang="en" class="no-js"><head><meta charset="utf-8">'
            f"<title>{escape(topic.title)} - {escape(self.forum.title)}</title>"
            f'<meta name="generator" content="Discourse 2.9.0 (synthetic)">'
            f'<link rel="canonical" href="{url}"></head>\n<body class="docked">'
            f'<div class="hidden" id="data-preloaded" data-preloaded="{attribute}"></div>\n'
            f'<section id="main"></section>\n<script src="/forums/assets/start.js"></script></body></html>\n'
        )
        return Shot(url, at, 200, html.encode())

    def as_json(self, topic_id: int, url: str, at: datetime) -> Shot:
        text = json.dumps(self._json(self._topic(topic_id, at), at, 1), ensure_ascii=False)
        return Shot(url, at, 200, text.encode(), "application/json; charset=utf-8")

    def _json(self, topic: TopicNow, at: datetime, page: int) -> Json:
        return topic_json(topic, page_of(topic, page, PAGE), [], at, number=1, chunk=PAGE)

    def _topic(self, topic_id: int, at: datetime) -> TopicNow:
        topic = self.source.topic(topic_id, at)
        assert isinstance(topic, TopicNow)
        return topic

    def _posts(self, topic: TopicNow, page: int) -> Sequence[Json]:
        """By place, as Discourse counts; of 50333 only what its second page showed was ever written, so by number."""
        if topic.id != QUESTION:
            return page_of(topic, page, PAGE)
        inside = range((page - 1) * PAGE + 1, page * PAGE + 1)
        return [post for post in topic.posts if post["post_number"] in inside]

    def _pages(self, topic: TopicNow) -> int:
        return -(-(int(topic.posts[-1]["post_number"]) if topic.id == QUESTION else len(topic.posts)) // PAGE)

    def _sub_folder(self, html: str) -> bytes:
        """Discourse under /forums writes its own addresses with the folder."""
        return html.replace('href="/', 'href="/forums/').encode()


def _page_a(forum: Forum, topic: TopicNow, body: str, page: int, pages: int) -> str:
    path = f"/t/{topic.slug}/{topic.id}"
    turns = f'<a rel="prev" itemprop="url" href="{path}">← previous page</a> ' if page > 1 else ""
    turns += f'<a rel="next" itemprop="url" href="{path}?page={page + 1}">next page →</a>' if page < pages else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(topic.title)} - General Selling Questions - {escape(forum.title)}</title>"
        f'<meta name="generator" content="Discourse 2.3.0 (synthetic)"></head>\n<body class="crawler">'
        f'<header><a href="/">{escape(forum.title)}</a></header>\n'
        f'<div id="main-outlet" class="wrap" role="main">\n<div id="topic-title"><h1><a href="{path}">'
        f'{escape(topic.title)}</a></h1><div class="topic-category"><a href="/c/general-selling-questions">'
        f'<span itemprop="title">General Selling Questions</span></a></div></div>\n{body}'
        f'<div role="navigation" itemscope itemtype="http://schema.org/SiteNavigationElement">{turns}</div>\n'
        f"</div></body></html>\n"
    )


def _post_a(post: Json, topic: TopicNow) -> str:
    """Every post a posting of its own, with a "#" before its number and no id."""
    name, number = escape(post["username"]), post["post_number"]
    when = read_stamp(post["created_at"])
    likes = next((action["count"] for action in post["actions_summary"] if action["id"] == 2), 0)
    shown = f'<span class="post-likes">{likes} Like{"s" if likes != 1 else ""}</span>' if likes else ""
    back = (
        '<div class="crawler-linkback-list" itemscope itemtype="http://schema.org/ItemList"><div>'
        '<a itemprop="item" href="/t/returns-settings-where/19006"><span itemprop="name">Returns settings, where?</span>'
        "</a></div></div>"
        if number == 1
        else ""
    )
    return (
        '<div itemscope itemtype="http://schema.org/DiscussionForumPosting" class="topic-body crawler-post">'
        '<div class="crawler-post-meta"><div itemprop="publisher" itemscope itemtype="http://schema.org/Organization">'
        '<meta itemprop="name" content="Old Quay"></div>'
        f'<span class="creator" itemprop="author" itemscope itemtype="http://schema.org/Person">'
        f'<a itemprop="url" href="/u/{name}"><span itemprop="name">{name}</span></a></span>'
        f'<link itemprop="mainEntityOfPage" href="/t/{topic.slug}/{topic.id}"><span class="crawler-post-infos">'
        f'<time itemprop="datePublished" datetime="{when:%Y-%m-%dT%H:%M:%SZ}" class="post-time">'
        f"{when:%B} {when.day}, {when:%Y, %H:%M%p}</time>"
        f'<meta itemprop="dateModified" content="{post["updated_at"]}">'
        f'<span itemprop="position">#{number}</span></span></div>\n'
        f'<div class="post" itemprop="articleBody">\n{post["cooked"]}\n</div>\n'
        f'<meta itemprop="headline" content="{escape(topic.title)}">'
        f'<div itemprop="interactionStatistic" itemscope itemtype="http://schema.org/InteractionCounter">'
        f'<meta itemprop="userInteractionCount" content="{likes}">{shown}</div>{back}</div>\n'
    )


def _closed(forum: Forum) -> bytes:
    """What every address answered after the end, with status 200: another site's front page."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Seller Forums</title></head>\n'
        f"<body><h1>Welcome to Seller Forums</h1><p>{escape(forum.title)} has closed. Sign in</p>\n"
        "<p>Recent discussions displayed are from the last 7 days.</p>\n"
        "<p>Synthetic: written for optout-archive.</p></body></html>\n"
    ).encode()


def _redirect(url: str, at: datetime, location: str) -> Shot:
    body = f'<html><body>You are being <a href="{location}">redirected</a>.</body></html>'
    return Shot(url, at, 301, body.encode(), location=location)


def _write(writer: WARCWriter, shot: Shot) -> None:
    headers = [("Content-Type", shot.mime), ("Content-Length", str(len(shot.body)))]
    headers += [("Location", shot.location)] if shot.location else []
    reason = {200: "OK", 301: "Moved Permanently", 429: "Too Many Requests"}[shot.status]
    http = StatusAndHeaders(f"{shot.status} {reason}", headers, protocol="HTTP/1.1")
    dated = {"WARC-Date": f"{shot.at:%Y-%m-%dT%H:%M:%SZ}"}
    if shot.revisit_of is None:
        record = writer.create_warc_record(
            shot.url, "response", payload=BytesIO(shot.body), http_headers=http, warc_headers_dict=dated
        )
    else:
        whole = writer.create_warc_record(shot.url, "response", payload=BytesIO(shot.body), http_headers=http)
        writer.ensure_digest(whole, block=False, payload=True)
        record = writer.create_revisit_record(
            shot.url,
            whole.rec_headers.get_header("WARC-Payload-Digest"),
            shot.url,
            f"{shot.revisit_of:%Y-%m-%dT%H:%M:%SZ}",
            http_headers=http,
            warc_headers_dict=dated,
        )
    writer.write_record(record)

"""Paragraphs into `cooked`, the HTML that Discourse makes of a post, and into `raw`, its Markdown.

The markup follows real posts of 2022 and 2026 (quotations, onebox previews, emoji, mentions, lightboxes,
anchors). URLs of this forum are absolute under the forum's address in print, as they stand in real posts;
uploads are root-relative, so that they can be fetched wherever the forum is served.
"""

from __future__ import annotations

import functools
import hashlib
import re
import zlib
from collections.abc import Sequence
from html import escape, unescape
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from selectolax.lexbor import LexborHTMLParser

from demo.model import Category, Forum, Paragraph, Post, Thread
from demo.pictures import size_of

HIDDEN = "<p>This post was flagged by the community and is temporarily hidden.</p>"
WITHDRAWN = "(post deleted by author)"

# Discourse shows a picture at most 690 x 500 px large and puts a bigger one into a lightbox (max_image_width
# and max_image_height in config/site_settings.yml).
LARGEST = (690, 500)
EXTERNAL = "noopener nofollow ugc"

_INTERNAL_TOPIC = re.compile(r"/t/(?:(?P<slug>[^/?#]*[^/?#\d][^/?#]*)/)?(?P<id>\d+)(?:/(?P<post>\d+))?/?(?:[?#].*)?")
_INLINE = re.compile(
    r"(?P<url>https?://[^\s<>\"]*[^\s<>\".,;:!?'()\[\]*_])"
    r"|(?<![\w/])@(?P<mention>\w(?:[\w.-]*\w)?)"
    r"|(?<![\w:]):(?P<emoji>[a-z][a-z0-9_]*|\+1|-1):(?!\w)"
)
_IMAGE_ICON = '<svg class="fa d-icon d-icon-far-image svg-icon" aria-hidden="true"><use href="#far-image"></use></svg>'
_EXPAND_ICON = (
    '<svg class="fa d-icon d-icon-discourse-expand svg-icon" aria-hidden="true">'
    '<use href="#discourse-expand"></use></svg>'
)
# A background colour for a letter avatar, picked by name; the colours themselves mean nothing.
_AVATAR_COLORS = (
    "a87d85",
    "8797f3",
    "e79b87",
    "9f8e36",
    "8baadc",
    "c77e96",
    "df705f",
    "9e8a1a",
    "f0a364",
    "977dab",
)


def avatar_template(name: str) -> str:
    """The path of somebody's letter avatar, with ``{size}`` where the pixels go."""
    color = _AVATAR_COLORS[zlib.crc32(name.encode()) % len(_AVATAR_COLORS)]
    return f"/letter_avatar_proxy/v4/letter/{name[0].lower()}/{color}/{{size}}.png"


def upload_path(file: str) -> str:
    """Where a picture of the data folder is served: a path with the SHA-1 of its name."""
    return f"/uploads/default/original/1X/{hashlib.sha1(file.encode()).hexdigest()}.{file.rpartition('.')[2]}"


def download_path(file: str) -> str:
    """Where the same picture is served for download."""
    return f"/uploads/short-url/{_base62(file)}.{file.rpartition('.')[2]}"


def internal_topic(url: str, forum: Forum) -> tuple[int, int | None] | None:
    """The topic id and post number (or None) that a URL of this forum names; None for any other URL."""
    match = _INTERNAL_TOPIC.fullmatch(url.removeprefix(forum.address))
    return (int(match["id"]), int(match["post"]) if match["post"] else None) if match else None


def cook(body: Sequence[Paragraph], post: Post, thread: Thread, forum: Forum) -> str:
    """The cooked HTML of ``body`` as the body of ``post`` in ``thread``."""
    return "\n".join(_cooked(paragraph, post, thread, forum) for paragraph in body)


def raw(body: Sequence[Paragraph], thread: Thread, forum: Forum) -> str:
    """The Markdown, with Discourse's BBCode for quotations, that an author would have typed for ``body``."""
    return "\n\n".join(_raw(paragraph, thread, forum) for paragraph in body)


def excerpt(cooked: str, length: int) -> str:
    """The first ``length`` characters of a post's own words, as HTML; ``&hellip;`` where there is more."""
    tree = LexborHTMLParser(cooked)
    for node in tree.css("aside, div.meta, pre, table"):
        node.decompose()
    for emoji in tree.css("img.emoji"):
        emoji.replace_with(emoji.attributes.get("title") or "")
    text = re.sub(r"\s+", " ", tree.body.text(separator="") if tree.body else "").strip()
    return escape(text if len(text) <= length else text[:length].rstrip(), quote=False) + (
        "&hellip;" if len(text) > length else ""
    )


def quote_sources(body: Sequence[Paragraph], thread: Thread) -> list[tuple[int, int]]:
    """``(topic id, post number)`` of every quotation in ``body`` that names its source."""
    return [
        (paragraph.topic or thread.id, paragraph.post)
        for paragraph in body
        if paragraph.kind == "quote" and paragraph.post is not None
    ]


def _cooked(paragraph: Paragraph, post: Post, thread: Thread, forum: Forum) -> str:
    match paragraph.kind:
        case "p":
            return _text(paragraph.text, forum)
        case "quote":
            return _quote(paragraph, thread, forum)
        case "onebox":
            return _onebox(paragraph, forum)
        case "list":
            return _markdown("\n".join(f"- {item}" for item in paragraph.items), forum)
        case "code":
            return f'<pre><code class="lang-auto">{escape(paragraph.text, quote=False)}\n</code></pre>'
        case "heading":
            return _heading(paragraph.text, post, forum)
        case "image":
            return f"<p>{_image(paragraph, forum)}</p>"
        case "details":
            summary = _inline_markdown(paragraph.summary, forum)
            return f"<details>\n<summary>\n{summary}</summary>\n{_markdown(paragraph.text, forum)}\n</details>"
        case "table":
            return _table(paragraph.rows, forum)


def _text(text: str, forum: Forum) -> str:
    """A paragraph; one that is nothing but a URL is a link preview, as in Discourse."""
    url = text.strip()
    if re.fullmatch(r"https?://\S+", url):
        if internal_topic(url, forum):
            return _internal_onebox(Paragraph("onebox", url=url), forum)
        return _failed_onebox(url)
    return _markdown(text, forum)


def _failed_onebox(url: str) -> str:
    """What Discourse leaves of a URL in a line of its own that gave no preview."""
    return f'<p><a href="{escape(url)}" class="onebox" target="_blank" rel="{EXTERNAL}">{escape(url)}</a></p>'


def _avatar(name: str, forum: Forum) -> str:
    source = forum.address + avatar_template(name).format(size=48)
    return f'<img alt="" width="24" height="24" src="{source}" class="avatar">'


def _quote(paragraph: Paragraph, thread: Thread, forum: Forum) -> str:
    blockquote = f"<blockquote>\n{_markdown(paragraph.text, forum)}\n</blockquote>\n</aside>"
    if paragraph.post is None:
        return f'<aside class="quote no-group">\n{blockquote}'
    source = thread if paragraph.topic in (None, thread.id) else forum.thread(paragraph.topic or 0)
    quoted = next((post for post in source.posts if post.number == paragraph.post), None) if source else None
    if source is None or quoted is None:
        return f'<aside class="quote no-group">\n{blockquote}'
    avatar = _avatar(quoted.by.name, forum)
    if source is thread:
        title = f"{avatar} {quoted.by.name}:</div>"
    else:
        url = f"{forum.address}/t/{source.slug}/{source.id}/{quoted.number}"
        title = f'{avatar}<a href="{url}">{escape(source.title, quote=False)}</a></div>'
    modified = "" if _contains(quoted, paragraph.text) else " quote-modified"
    return (
        f'<aside class="quote no-group{modified}" data-username="{escape(quoted.by.name)}" '
        f'data-post="{quoted.number}" data-topic="{source.id}">\n'
        f'<div class="title">\n<div class="quote-controls"></div>\n{title}\n{blockquote}'
    )


def _contains(post: Post, text: str) -> bool:
    """Whether any version of the post has the quoted words; Discourse marks a quotation that was altered."""
    words = _words(text)
    return any(
        words in _words(" ".join(f"{part.text} {' '.join(part.items)}" for part in body))
        for body in (post.body, *(edit.body for edit in post.edits))
    )


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _onebox(paragraph: Paragraph, forum: Forum) -> str:
    if internal_topic(paragraph.url, forum):
        return _internal_onebox(paragraph, forum)
    url = escape(paragraph.url)
    if not paragraph.title:
        return _failed_onebox(paragraph.url)
    link = f'<a href="{url}" target="_blank" rel="{EXTERNAL}">'
    host = (urlsplit(paragraph.url).hostname or "").removeprefix("www.")
    text = f"<p>{escape(paragraph.text, quote=False)}</p>" if paragraph.text else ""
    return (
        f'<aside class="onebox allowlistedgeneric" data-onebox-src="{url}">\n  <header class="source">\n\n'
        f'      {link}{escape(host)}</a>\n  </header>\n\n  <article class="onebox-body">\n    \n\n'
        f"<h3>{link}{escape(paragraph.title, quote=False)}</a></h3>\n\n  {text}\n\n\n  </article>\n\n"
        f'  <div class="onebox-metadata">\n    \n    \n  </div>\n\n'
        f'  <div style="clear: both"></div>\n</aside>\n'
    )


def _internal_onebox(paragraph: Paragraph, forum: Forum) -> str:
    topic_id, number = internal_topic(paragraph.url, forum) or (0, None)
    target = forum.thread(topic_id)
    url = forum.address + paragraph.url.removeprefix(forum.address)
    if target is None:
        title = escape(paragraph.title or url, quote=False)
        return f'<p><a href="{escape(url)}">{title}</a></p>'
    post = next((post for post in target.posts if post.number == number), target.posts[0])
    text = (
        escape(paragraph.text, quote=False) if paragraph.text else excerpt(cook(_plain(post), post, target, forum), 300)
    )
    return (
        f'<aside class="quote" data-post="{post.number}" data-topic="{target.id}">\n  <div class="title">\n'
        f'    <div class="quote-controls"></div>\n    {_avatar(post.by.name, forum)}\n'
        f'    <div class="quote-title__text-content">\n'
        f'      <a href="{escape(url)}">{escape(target.title, quote=False)}</a> {_badge(target.category)}\n'
        f"    </div>\n  </div>\n  <blockquote>\n    {text}\n  </blockquote>\n</aside>\n"
    )


def _plain(post: Post) -> tuple[Paragraph, ...]:
    """A post without its previews, so that two topics that show each other do not recurse."""
    return tuple(part for part in post.body if part.kind not in ("onebox", "quote", "p")) + tuple(
        part for part in post.body if part.kind == "p" and not part.text.strip().startswith("http")
    )


def _badge(category: Category) -> str:
    return (
        f'<a class="badge-category__wrapper " href="/c/{category.slug}/{category.id}">'
        f'<span data-category-id="{category.id}" style="--category-badge-color: #{category.color}; '
        f'--category-badge-text-color: #FFFFFF;" data-drop-close="true" '
        f'class="badge-category --style-square ">'
        f'<span class="badge-category__name">{escape(category.name)}</span></span></a>'
    )


def _heading(text: str, post: Post, forum: Forum) -> str:
    anchor = f"p-{post.id}-{re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')}-1"
    return (
        f'<h2><a name="{anchor}" class="anchor" href="#{anchor}" aria-label="Heading link"></a>'
        f"{_inline_markdown(text, forum)}</h2>"
    )


def _image(paragraph: Paragraph, forum: Forum) -> str:
    width, height = size_of(forum.folder / paragraph.file)
    scale = min(1.0, LARGEST[0] / width, LARGEST[1] / height)
    path, alt, base62 = upload_path(paragraph.file), escape(paragraph.alt), _base62(paragraph.file)
    picture = (
        f'<img src="{path}" alt="{alt}" data-base62-sha1="{base62}" '
        f'width="{round(width * scale)}" height="{round(height * scale)}"'
    )
    if scale == 1.0:
        return f"{picture}>"
    return (
        f'<div class="lightbox-wrapper"><a class="lightbox" href="{path}" '
        f'data-download-href="{download_path(paragraph.file)}?dl=1" title="{alt}">{picture}>'
        f'<div class="meta">{_IMAGE_ICON}<span class="filename">{alt}</span>'
        f'<span class="informations">{width}×{height} {_kilobytes(paragraph.file)} KB</span>'
        f"{_EXPAND_ICON}</div>"
        "</a></div>"
    )


def _kilobytes(file: str) -> float:
    """An invented size, between 9 and 99 KB, that is always the same for a file."""
    return round(9 + zlib.crc32(file.encode()) % 900 / 10, 1)


def _base62(file: str) -> str:
    number, digits = int(hashlib.sha1(file.encode()).hexdigest(), 16), ""
    while number:
        number, digit = divmod(number, 62)
        digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return digits


def _table(rows: Sequence[Sequence[str]], forum: Forum) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        inner = "\n".join(f"<{tag}>{_inline_markdown(cell, forum)}</{tag}>" for cell in cells)
        return f"<tr>\n{inner}\n</tr>"

    head, body = row(rows[0], "th"), "\n".join(row(cells, "td") for cells in rows[1:])
    table = f"<table>\n<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f'<div class="md-table">\n{table}\n</div>'


def _raw(paragraph: Paragraph, thread: Thread, forum: Forum) -> str:
    match paragraph.kind:
        case "quote":
            return f"{_quote_tag(paragraph, thread, forum)}\n{paragraph.text}\n[/quote]"
        case "onebox":
            return forum.address + paragraph.url if paragraph.url.startswith("/") else paragraph.url
        case "list":
            return "\n".join(f"- {item}" for item in paragraph.items)
        case "code":
            return f"```\n{paragraph.text}\n```"
        case "heading":
            return f"## {paragraph.text}"
        case "image":
            width, height = size_of(forum.folder / paragraph.file)
            suffix = paragraph.file.rpartition(".")[2]
            return f"![{paragraph.alt}|{width}x{height}](upload://{_base62(paragraph.file)}.{suffix})"
        case "details":
            return f'[details="{paragraph.summary}"]\n{paragraph.text}\n[/details]'
        case "table":
            lines = [f"| {' | '.join(cells)} |" for cells in paragraph.rows]
            return "\n".join([lines[0], f"|{' --- |' * len(paragraph.rows[0])}", *lines[1:]])
        case _:
            return paragraph.text


def _quote_tag(paragraph: Paragraph, thread: Thread, forum: Forum) -> str:
    source = thread if paragraph.topic is None else forum.thread(paragraph.topic)
    quoted = next((post for post in source.posts if post.number == paragraph.post), None) if source else None
    if source is None or quoted is None:
        return "[quote]"
    return f'[quote="{quoted.by.name}, post:{quoted.number}, topic:{source.id}"]'


def _markdown(text: str, forum: Forum) -> str:
    return str(_renderer().render(text, {"forum": forum})).rstrip("\n")


def _inline_markdown(text: str, forum: Forum) -> str:
    return str(_renderer().renderInline(text, {"forum": forum}))


@functools.cache
def _renderer() -> MarkdownIt:
    """markdown-it set up as in Discourse: typographic quotation marks, line breaks kept, no HTML."""
    markdown = MarkdownIt("commonmark", {"typographer": True, "breaks": True, "html": False, "xhtmlOut": False})
    markdown.enable(["replacements", "smartquotes", "strikethrough"])
    # Before the typographer, which must not touch a URL or the name of an emoji.
    markdown.core.ruler.before("replacements", "discourse", _discourse)
    return markdown


def _discourse(state: StateCore) -> None:
    forum: Forum = state.env["forum"]
    for block in state.tokens:
        if block.type != "inline" or block.children is None:
            continue
        children: list[Token] = []
        depth = 0
        for token in block.children:
            if token.type == "link_open":
                depth += 1
                href = str(token.attrGet("href") or "")
                if not href.startswith((forum.address, "/", "#")):
                    token.attrSet("rel", EXTERNAL)
            elif token.type == "link_close":
                depth -= 1
            children.extend(_split(token, forum, links=depth == 0) if token.type == "text" else [token])
        only = all(
            (token.type == "html_inline" and 'class="emoji"' in token.content) or not token.content.strip()
            for token in children
        )
        if only:
            for token in children:
                token.content = token.content.replace('class="emoji"', 'class="emoji only-emoji"')
        block.children = children


def _split(token: Token, forum: Forum, *, links: bool) -> list[Token]:
    """A text token cut at its bare URLs, mentions and emoji."""
    parts: list[Token] = []
    at = 0
    for match in _INLINE.finditer(token.content):
        html = _inline(match, forum, links=links)
        if html:
            parts += [
                _token("text", token.content[at : match.start()], token),
                _token("html_inline", html, token),
            ]
            at = match.end()
    return [*parts, _token("text", token.content[at:], token)]


def _token(kind: str, content: str, like: Token) -> Token:
    return Token(kind, "", 0, content=content, level=like.level)


def _inline(match: re.Match[str], forum: Forum, *, links: bool) -> str:
    if match["emoji"]:
        code = f":{match['emoji']}:"
        return (
            f'<img src="{forum.address}/images/emoji/twitter/{match["emoji"]}.png?v=14" title="{code}" '
            f'class="emoji" alt="{code}" loading="lazy" width="20" height="20">'
        )
    if not links:
        return ""
    if match["mention"]:
        known = {name.lower() for name in forum.users}
        name = match["mention"]
        if name.lower() in known:
            return f'<a class="mention" href="/u/{name.lower()}">@{name}</a>'
        return f'<span class="mention">@{name}</span>'
    return _bare_url(match["url"], forum)


def _bare_url(url: str, forum: Forum) -> str:
    topic = internal_topic(url, forum)
    target = forum.thread(topic[0]) if topic else None
    if topic is None or target is None:
        rel = "" if url.startswith(forum.address) else f' rel="{EXTERNAL}"'
        return f'<a href="{escape(url)}"{rel}>{escape(unescape(url), quote=False)}</a>'
    post = next((post for post in target.posts if post.number == topic[1]), None)
    by = f" - #{post.number} by {post.by.name}" if post and post.number > 1 else ""
    return f'<a href="{escape(url)}" class="inline-onebox">{escape(target.title + by, quote=False)}</a>'

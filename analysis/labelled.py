"""Reading threads that people labelled, to learn from them or to be measured against them.

Two forms: YAML, a thread a file (`data/demo/README.md`), and JSON lines, a paragraph a line. Labels stay beside the
text: what the tagger is given (`LabelledParagraph.html`) holds none of them.

What a second person says of the same paragraphs stands in files of its own, so that neither coder sees the other's
labels: `second/*.jsonl` in a folder of labelled threads, `NAME.second.jsonl` beside a file `NAME.jsonl` or `NAME.yml`. A
line is `{"id", "programs", "inherited_programs", "themes", "voice"}`; ids are those of the predictions that
`optout evaluate --json` writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from analysis.voice import PRESS
from archive.errors import DataFileError, InputError
from taxonomy.datafile import DataFile

FOLDER = Path(__file__).resolve().parent.parent / "data"
TEST = FOLDER / "labelled" / "test"
TRAIN = (FOLDER / "labelled" / "train", FOLDER / "demo" / "threads")

KINDS = ("p", "quote", "onebox", "list", "code", "heading", "image", "details", "table")
MARKDOWN = MarkdownIt("commonmark")
# Whose words a labelled paragraph holds if it does not say so. None: the form leaves it open.
VOICES = {"p": None, "list": None, "heading": None, "details": None, "quote": "quotation", "onebox": "press"}
OPENING_POST = "op"
# A numbered "post" is any post of the thread; of the other words a number means a part. "op reply 3" is a reply.
OPENING = re.compile(
    r"(?!.*(?:reply|comment|answer))\s*"
    r"(?:op|opening|original|article|topic|announcement|question|thread|post(?!.*\d))(?![a-z])",
    re.I | re.S,
)
ARTICLE = re.compile(r"\s*article", re.I)
NAVIGATION = re.compile(r"\s*nav", re.I)
# No post has a longer number, and Python reads none of thousands of digits.
NUMBER = re.compile(r"\d{1,18}")
PAGE = re.compile(rf"\bp(?:age)?\s*\.?\s*({NUMBER.pattern})", re.I)
# Half of a character: JSON can hold one, no text on a page can.
HALF = re.compile(r"[\ud800-\udfff]")
SECOND = ".second.jsonl"
LISTS = ("programs", "inherited_programs", "themes")
# Fields that are none, and those that were probably meant.
MEANT = {"program": "programs", "inherited": "inherited_programs", "theme": "themes"}


@dataclass(frozen=True)
class Labels:
    """What one person said a paragraph holds: ids of programs and themes, and the voice (None: not said)."""

    programs: frozenset[str] = frozenset()
    inherited: frozenset[str] = frozenset()
    themes: frozenset[str] = frozenset()
    voice: str | None = None


@dataclass(frozen=True)
class LabelledParagraph:
    """A paragraph as HTML, its labels, and a second person's (None: nobody's). `id` is as the form gives it."""

    id: str | int
    html: str
    labels: Labels
    second: Labels | None = None


@dataclass(frozen=True)
class LabelledPost:
    """A post of a labelled thread; `number` and `reply_to` as in the archive."""

    number: int
    author: str
    role: str
    created_at: str | None
    reply_to: int | None
    paragraphs: tuple[LabelledParagraph, ...]


@dataclass(frozen=True)
class LabelledThread:
    """`split`: `train`, `test`, `none` (without labels), empty where the form does not say."""

    id: str
    title: str
    forum: str
    writer: str
    split: str
    posts: tuple[LabelledPost, ...]

    @property
    def paragraphs(self) -> Iterator[LabelledParagraph]:
        return (paragraph for post in self.posts for paragraph in post.paragraphs)


def read(path: Path) -> list[LabelledThread]:
    """The labelled threads in a file (`.yml`, else JSON lines) or in all such files of a folder, with what a second
    person says of them.

    InputError if there are none; DataFileError, with file and line, where one does not fit the form.
    """
    if path.is_dir():
        seconds = sorted([*path.glob(f"*{SECOND}"), *path.glob("second/*.jsonl")])
        files = sorted(
            file for file in path.iterdir() if file.suffix in (".yml", ".yaml", ".jsonl") and file not in seconds
        )
    elif path.is_file():
        files, seconds = [path], [file for file in (path.with_suffix(SECOND),) if file.is_file() and file != path]
    else:
        raise InputError(f"{path} does not exist. Name a file of labelled paragraphs, or a folder of them.")
    threads = [
        thread for file in files for thread in (_yaml(file) if file.suffix in (".yml", ".yaml") else _lines(file))
    ]
    threads = [thread for thread in threads if thread.split != "none"]
    if not threads:
        raise InputError(f"{path} holds no labelled threads.")
    return _with_second(threads, seconds)


def train() -> list[LabelledThread]:
    """The threads to learn from and to tune on."""
    return [thread for folder in TRAIN for thread in read(folder) if thread.split == "train"]


# ---- a thread a file


def _yaml(path: Path) -> list[LabelledThread]:
    file = DataFile(path)
    data = file.data
    if not isinstance(data, dict) or not isinstance(data.get("posts"), list):
        file.fail((), "no thread: a thread has a `title` and a list of `posts`", "See data/demo/README.md.")
    staff = _staff(path, data)
    posts = []
    number = 0
    for place, post in enumerate(data["posts"]):
        if not isinstance(post, dict):
            file.fail(("posts", place), "a post is a mapping", "Give it `by`, `at` and `body`.")
        number = post.get("number", number + 1)
        if not isinstance(number, int) or not isinstance(post.get("reply_to", 0), int):
            file.fail(("posts", place), "`number` and `reply_to` are whole numbers", "Write them as 3.")
        author = str(post.get("by", ""))
        body = post.get("body") or []
        if not isinstance(body, list):
            file.fail(("posts", place, "body"), "`body` is no list of paragraphs", "Begin each with a dash.")
        posts.append(
            LabelledPost(
                number=number,
                author=author,
                role="staff" if author in staff else "member",
                created_at=str(post["at"]) if "at" in post else None,
                reply_to=post.get("reply_to"),
                paragraphs=tuple(
                    _paragraph(
                        file,
                        ("posts", place, "body", nr),
                        entry,
                        f"{data.get('id', path.stem)}/{number}/{nr}",
                        author in staff,
                    )
                    for nr, entry in enumerate(body)
                ),
            )
        )
    return [
        LabelledThread(
            id=str(data.get("id", path.stem)),
            title=str(data.get("title", "")),
            forum=str(data.get("forum", "sas")),
            writer=str(data.get("writer", "")),
            split=str(data.get("split", "")),
            posts=tuple(posts),
        )
    ]


def _staff(path: Path, data: dict[str, Any]) -> frozenset[str]:
    """Who speaks for the marketplace: listed in the thread, or in the `users` folder beside the threads'."""
    names = set(map(str, data.get("staff") or ()))
    for file in sorted((path.parent.parent / "users").glob("*.yml")):
        users = DataFile(file).data or {}
        names.update(name for name, user in users.items() if isinstance(user, dict) and user.get("role") == "staff")
    return frozenset(names)


def _paragraph(file: DataFile, where: tuple[Any, ...], entry: Any, paragraph_id: str, staff: bool) -> LabelledParagraph:
    kinds = [kind for kind in KINDS if isinstance(entry, dict) and kind in entry]
    if len(kinds) != 1:
        file.fail(where, f"a paragraph has exactly one of {', '.join(KINDS)}", "See data/demo/README.md.")
    kind = kinds[0]
    try:
        html = _html(kind, entry[kind])
    except (KeyError, TypeError, AttributeError):
        file.fail(where, f"`{kind}` has not the form of one", "See data/demo/README.md.")
    usual = ("staff" if staff else "seller") if kind in VOICES and VOICES[kind] is None else VOICES.get(kind)
    return LabelledParagraph(
        paragraph_id,
        html,
        _labels(file, where, entry, usual),
    )


def _labels(file: DataFile, where: tuple[Any, ...], entry: dict[str, Any], voice: str | None) -> Labels:
    for key in ("programs", "inherited", "themes"):
        labels = entry.get(key, [])
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            file.fail((*where, key), f"`{key}` is no list of ids", "Write it as [one, another].")
    if not isinstance(entry.get("voice", ""), str):
        file.fail((*where, "voice"), "`voice` is no word", "See data/demo/README.md.")
    return Labels(
        frozenset(entry.get("programs", [])),
        frozenset(entry.get("inherited", [])),
        frozenset(entry.get("themes", [])),
        entry.get("voice", voice),
    )


def _html(kind: str, value: Any) -> str:
    """The paragraph as a Discourse renders it, as far as the analysis looks at the markup."""
    if kind in ("p", "heading"):
        return MARKDOWN.render(value) if kind == "p" else f"<h3>{MARKDOWN.renderInline(value)}</h3>"
    if kind == "list":
        return "<ul>" + "".join(f"<li>{MARKDOWN.renderInline(item)}</li>" for item in value) + "</ul>"
    if kind == "code":
        return f"<pre><code>{escape(value)}</code></pre>"
    if kind == "image":
        return f'<p><img src="{escape(value["file"])}" alt="{escape(value.get("alt", ""))}"></p>'
    if kind == "details":
        return f"<details><summary>{escape(value['summary'])}</summary>{MARKDOWN.render(value['text'])}</details>"
    if kind == "table":
        rows = ("".join(f"<td>{MARKDOWN.renderInline(str(cell))}</td>" for cell in row) for row in value)
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"
    if kind == "onebox":
        return (
            f'<aside class="onebox" data-onebox-src="{escape(value["url"])}"><h3>{escape(value.get("title", ""))}</h3>'
            f"<p>{escape(value.get('text', ''))}</p></aside>"
        )
    source = "".join(f' data-{key}="{value[key]}"' for key in ("post", "topic") if key in value)
    return (
        f'<aside class="quote" data-username="somebody"{source}><blockquote>{MARKDOWN.render(value["text"])}'
        "</blockquote></aside>"
    )


# ---- a paragraph a line


def _lines(path: Path) -> Iterable[LabelledThread]:
    threads: dict[str, dict[str, list[tuple[str, LabelledParagraph]]]] = {}
    about: dict[str, tuple[str, str]] = {}
    for number, where, entry in _objects(path):
        if not isinstance(entry.get("text"), str):
            raise DataFileError(f"{where}: no paragraph: `text` is missing or is no text. Give every line a `text`.")
        thread, title, forum, position = (_word(entry, key, where) for key in ("thread", "title", "forum", "position"))
        thread = thread or title or where
        before = about.get(thread, ("", ""))
        about[thread] = before[0] or title, before[1] or forum
        paragraph = LabelledParagraph(
            _id(entry, str(number)),
            _whole(entry["text"]),
            _line_labels(entry),
        )
        post = OPENING_POST if OPENING.match(position) else position.lower()
        threads.setdefault(thread, {}).setdefault(post, []).append((position, paragraph))
    for thread, positions in threads.items():
        title, forum = about[thread]
        posts = sorted(positions.items(), key=lambda item: place(item[0]))
        yield LabelledThread(
            thread,
            title,
            forum or "other",
            "",
            "",
            tuple(
                LabelledPost(
                    number,
                    *(("author of the article", PRESS) if _article(found) else ("", "member")),
                    None,
                    None,
                    tuple(_as_html(*line) for line in sorted(found, key=lambda line: place(line[0]))),
                )
                for number, (_, found) in enumerate(posts, 1)
            ),
        )


def _article(lines: Iterable[tuple[str, LabelledParagraph]]) -> bool:
    return all(OPENING.match(position) and ARTICLE.match(position) for position, _ in lines)


def _objects(path: Path) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each line's number, its place for messages, and its object with lists of labels."""
    try:
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text: {error}") from error
    # Not splitlines: it also cuts at characters that JSON leaves unescaped inside a string.
    for number, line in enumerate(source.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = f"{error.msg}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
            raise DataFileError(f"{where}: not valid JSON: {reason}. Write one object on each line.") from error
        if not isinstance(entry, dict):
            raise DataFileError(f"{where}: no object. Write one object on each line.")
        for key in LISTS:
            labels = entry.get(key) or []
            if not isinstance(labels, list) or any(
                isinstance(label, bool) or not isinstance(label, str | int) for label in labels
            ):
                raise DataFileError(f'{where}: `{key}` is no list of ids. Write it as ["one", "another"].')
        yield number, where, entry


def overlooked(path: Path) -> dict[str, str]:
    """Fields of JSON lines that are ignored, like all unknown ones, and look like labels; with what those are called."""
    if path.is_dir() or path.suffix in (".yml", ".yaml"):
        return {}
    found = {field for _, _, entry in _objects(path) for field in entry}
    return {field: meant for field, meant in MEANT.items() if field in found}


def _with_second(threads: list[LabelledThread], files: Iterable[Path]) -> list[LabelledThread]:
    """The threads with the second person's labels of `files` beside the first's."""
    ids = {paragraph.id for thread in threads for paragraph in thread.paragraphs}
    found: dict[str | int, Labels] = {}
    for file in files:
        for _, where, entry in _objects(file):
            paragraph_id = _id(entry, "")
            if paragraph_id not in ids:
                raise DataFileError(
                    f"{where}: no paragraph has the id {paragraph_id!r}. Use the ids that `optout evaluate --json` writes"
                    " for these files."
                )
            if paragraph_id in found:
                raise DataFileError(f"{where}: {paragraph_id!r} was labelled before. Leave one line of it.")
            found[paragraph_id] = replace(_line_labels(entry), voice=_word(entry, "voice", where) or None)
    if not found:
        return threads
    return [
        replace(
            thread,
            posts=tuple(
                replace(
                    post,
                    paragraphs=tuple(
                        replace(paragraph, second=found.get(paragraph.id)) for paragraph in post.paragraphs
                    ),
                )
                for post in thread.posts
            ),
        )
        for thread in threads
    ]


def _id(entry: dict[str, Any], other: str) -> str | int:
    found = entry.get("id")
    if isinstance(found, str):
        return _whole(found)
    return found if isinstance(found, int) else other


def _word(entry: dict[str, Any], key: str, where: str) -> str:
    """Text or a number as text, empty where there is none."""
    value = entry.get(key)
    if isinstance(value, list | dict):
        raise DataFileError(f"{where}: `{key}` is no text. Write it as text, or leave it out.")
    return "" if value is None else _whole(value).strip()


def _whole(value: Any) -> str:
    return HALF.sub("\ufffd", str(value))


def _line_labels(entry: dict[str, Any]) -> Labels:
    programs, inherited, themes = (frozenset(map(_whole, entry.get(key) or ())) for key in LISTS)
    return Labels(programs, inherited, themes)


def place(position: str) -> tuple[int, int, tuple[int, ...]]:
    """Where `position` (`op`, `article 2`, `reply 3`, `reply p6.4`, free text) stands in a thread, to sort by.

    The opening post and its parts first, then navigation and what has no number, then pages and the replies on them.
    Equal ones stay as they are.
    """
    page = PAGE.search(position)
    before, after = (position[: page.start()], position[page.end() :]) if page else ("", position)
    numbers = NUMBER.findall(after) or NUMBER.findall(before)
    numbered = (page or numbers) and not NAVIGATION.match(position)
    rank = 0 if OPENING.match(position) else 2 if numbered else 1
    return rank, int(page[1]) if page else 1, tuple(map(int, numbers))


def _as_html(position: str, paragraph: LabelledParagraph) -> LabelledParagraph:
    """Plain text as markup; a line of the page's navigation is a link, as it is on the page."""
    pieces = (piece.strip() for piece in re.split(r"\n[^\S\n]*\n\s*", paragraph.html))
    if NAVIGATION.match(position):
        html = "".join(f'<p><a href="#">{escape(line)}</a></p>' for piece in pieces for line in piece.split("\n"))
    else:
        html = "".join(f"<p>{escape(piece).replace(chr(10), '<br>')}</p>" for piece in pieces if piece)
    return LabelledParagraph(paragraph.id, html, paragraph.labels, paragraph.second)

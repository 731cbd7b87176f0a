"""The tags of a post as notes beside its paragraphs: what, on which words, and how it was made.

The markup of a post has an empty element where a tagged paragraph begins (see `publish.display`); the notes take its
place. What says how a tag was made is a popover of HTML: it opens by pressing, without a script, and by pointing.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from publish import shortcodes, wording

PLACE = re.compile(r'<span data-par="(\d+)"></span>')
# Of the evidence for one tag so many stretches are shown, each cut at so many characters.
STRETCHES, STRETCH = 3, 120
VOICES = {
    "seller": "the seller", "staff": "staff", "announcement": "an announcement", "email": "a pasted e-mail",
    "quotation": "a quotation", "press": "the press", "navigation": "the page around it",
}  # fmt: skip
Tag = Mapping[str, Any]


def placed(html: str, number: int, tags: Sequence[Tag], base: str) -> tuple[Markup, Markup]:
    """(the markup of post `number` with its notes in place, the notes of paragraphs that have no place in it)."""
    paragraphs: defaultdict[int, list[Tag]] = defaultdict(list)
    for tag in tags:
        paragraphs[tag["position"]].append(tag)

    def put(match: re.Match[str]) -> str:
        position = int(match[1])
        return _notes(f"p{number}-{position}", merged(paragraphs.pop(position, [])), base)

    shown = PLACE.sub(put, html)
    rest = "".join(
        _notes(f"p{number}-{position}", merged(paragraphs[position]), base) for position in sorted(paragraphs)
    )
    return Markup(shown), Markup(rest)


def merged(tags: Sequence[Tag]) -> list[dict[str, Any]]:
    """One entry a program or theme, with all its evidence; what is surer (the order of `wording.HOW`) wins."""
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for tag in tags:
        entry = entries.setdefault((tag["sort"], tag["id"]), dict(tag, words=[]))
        if wording.HOWS.index(tag["how"]) < wording.HOWS.index(entry["how"]):
            entry.update(tag, words=[])
        if tag["evidence"] and tag["evidence"] not in entry["words"] and tag["how"] == entry["how"]:
            entry["words"].append(tag["evidence"])
    return list(entries.values())


def title(text: str, marks: str, names: Mapping[str, str], base: str) -> Markup:
    """A title in which the programs that it names are marked and lead to their pages."""
    parts: list[str] = []
    at = 0
    for start, end, program in json.loads(marks):
        if start >= at:
            name = escape(names.get(program, program))
            parts.append(escape(shortcodes.shown(text[at:start])))
            parts.append(
                f'<a class="mark program" href="{base}/program/{quote(program)}" title="{name}">{escape(shortcodes.shown(text[start:end]))}</a>'
            )
            at = end
    return Markup("".join([*parts, escape(shortcodes.shown(text[at:]))]))


def _notes(name: str, tags: Sequence[Tag], base: str) -> str:
    if not tags:
        return ""
    return f'<span class="notes" id="{name}">{"".join(_note(f"{name}-{i}", tag, base) for i, tag in enumerate(tags))}</span>'


def _note(name: str, tag: Tag, base: str) -> str:
    sort = tag["sort"]
    known = escape(tag["name"])
    origin = _origin(tag, base)
    words = _words(tag["words"])
    also = f", found by <i>{escape(tag['also'])}</i> too" if tag["also"] else ""
    made = f"Rule <i>{escape(tag['rule'])}</i>{also}, confidence {tag['score']:.2f}, words of {escape(VOICES.get(tag['voice'], tag['voice']))}."
    if tag["because"]:
        made += f" {escape(tag['because'])}"
    return (
        f'<span class="note"><button type="button" class="tag {sort}{"" if tag["how"] != "inherited" else " inherited"}"'
        f' popovertarget="{name}">{known}</button>'
        f'<span class="why" id="{name}" popover><b>{known}</b> <span>{origin}{words}</span> <span>{made}</span>'
        f' <span><a href="{base}/{sort}/{quote(tag["id"])}">The {sort}</a></span></span></span>'
    )


def _origin(tag: Tag, base: str) -> str:
    said = f"{wording.origin(tag)}: "
    if tag["how"] != "inherited" or not tag["source"]:
        return said
    where = tag["source"] if not tag["source"].startswith("/") else base + tag["source"]
    post = f"post {tag['source_number']}"
    return said.replace(post, f'<a href="{escape(where)}">{post}</a>')


def _words(words: Sequence[str]) -> str:
    shown = [word if len(word) <= STRETCH else word[: STRETCH - 1] + "…" for word in words[:STRETCHES]]
    more = f" and {len(words) - STRETCHES} more" if len(words) > STRETCHES else ""
    return ", ".join(f"“<bdi>{escape(word)}</bdi>”" for word in shown) + more + ("." if shown else "no single words.")

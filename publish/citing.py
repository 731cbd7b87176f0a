"""Citations of a post, as text and for BibTeX; and entries of BibTeX for whatever is cited."""

from __future__ import annotations

import re
from collections.abc import Mapping

from publish.site import Row
from publish.wording import ROUTES, word

POST = """
select p.id, p.number, p.native_id, p.created_at, p.text, p.url, p.permalink, p.state, a.name as author, t.title,
    t.site_id, t.native_id as thread_native_id, s.title as site, c.captured_at, c.route, c.digest, c.url as capture_url,
    c.via, c.id as capture, p.state_since, t.state as thread_state, t.gone_at
from posts p join threads t on t.id = p.thread_id join sites s on s.id = p.site_id
    left join authors a on a.id = p.author_id left join captures c on c.id = p.capture_id
where t.site_id = ? and t.native_id = ? and p.number = ? order by p.id limit 1
"""
REMOVED = {"deleted": "Deleted at the source", "hidden": "Hidden by the forum"}
# Signs that BibTeX and TeX read as commands.
TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def as_text(post: Row, address: str) -> str:
    """A citation in words. `address` is the full address of the post on this site."""
    day = post["created_at"][:10] if post["created_at"] else "undated"
    said = f"{post['author'] or 'Anonymous'}, post {post['number']} in “{post['title']}”, {post['site']}, {day}, {post['url']}."
    return " ".join([said, *_fate(post), *_proof(post), f"Archived at {address}."])


def _fate(post: Row) -> list[str]:
    """That the post or its thread is no longer to be found at its source, in sentences."""
    said = []
    if post["state"] in REMOVED:
        since = f", found so on {post['state_since'][:10]}" if post["state_since"] else ""
        said.append(f"{REMOVED[post['state']]}{since}; this is its last captured text.")
    if post["thread_state"] in ("gone", "recovered"):
        since = f" (found gone on {post['gone_at'][:10]})" if post["gone_at"] else ""
        said.append(f"The forum no longer has the thread{since}.")
    return said


def _proof(post: Row) -> list[str]:
    """The capture, in a sentence: when, from where, its digest."""
    if not post["captured_at"]:
        return []
    via = f" ({post['via']})" if post["via"] else ""
    return [f"Captured {_moment(post['captured_at'])} {word(ROUTES, post['route']).lower()}{via}, {post['digest']}."]


def as_bibtex(post: Row, address: str) -> str:
    """An entry of kind `misc`, in UTF-8."""
    key = re.sub("[^A-Za-z0-9]+", "-", f"{post['site_id']}-{post['thread_native_id']}-{post['number']}").strip("-")
    fields = {
        "author": f"{{{tex(post['author'] or 'Anonymous')}}}",
        "title": f"{{{tex(post['title'])}}}, post {post['number']}",
        "howpublished": tex(post["site"]),
        "date": post["created_at"][:10] if post["created_at"] else "",
        "url": _url(address),
        "note": tex(" ".join([f"Original: {post['url']}.", *_fate(post), *_proof(post)])),
    }  # fmt: skip
    if post["captured_at"]:
        fields["urldate"] = post["captured_at"][:10]
    return entry(key, fields)


def entry(key: str, fields: Mapping[str, str]) -> str:
    """An entry of kind `misc`. Values are TeX already (see `tex`); empty ones are left out."""
    return f"@misc{{{key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value) + "}\n"


def tex(text: str) -> str:
    """Text that TeX sets as it stands, on one line."""
    return "".join(TEX.get(character, character) for character in " ".join(text.split()))


def _url(address: str) -> str:
    return re.sub(r"[{}\\\s]", lambda match: f"%{ord(match[0]):02X}", address)


def _moment(time: str) -> str:
    return time[:16].replace("T", " ") + " UTC"

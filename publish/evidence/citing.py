"""How to cite a package."""

from __future__ import annotations

import hashlib

from archive.version import VERSION
from publish.evidence.gathering import Gathered


def text(gathered: Gathered, made: str) -> str:
    """In one paragraph: what it is, of which time, from where, when and with what it was made, and its own digest."""
    forums = ", ".join(sorted({post["forum"] for post in gathered.posts}))
    times = sorted(post["created_at"] for post in gathered.posts if post["created_at"])
    written = f"written {times[0][:10]} to {times[-1][:10]}, " if times else ""
    captured = [capture["captured_at"] for capture in gathered.captures]
    proof = f"captured {min(captured)[:10]} to {max(captured)[:10]}, " if captured else ""
    return (
        f"{gathered.subject}. {len(gathered.posts)} posts of {forums}, {written}{proof}evidence package made {made} with"
        f" optout-archive {VERSION}, taxonomy {gathered.about.get('taxonomy_version') or 'unknown'}. Captures: {digest(gathered)}."
    )


def bibtex(gathered: Gathered, made: str) -> str:
    """The same for BibTeX."""
    fields = {
        "title": _escaped(gathered.subject),
        "howpublished": f"Evidence package (BagIt), optout-archive {VERSION}",
        "year": made[:4],
        "note": _escaped(text(gathered, made)),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{optout-{digest(gathered)[7:19]},\n{lines}}}"


def digest(gathered: Gathered) -> str:
    """SHA-256 over the digests of all captures in their order: by it two packages are known to rest on the same pages."""
    digests = "\n".join(capture["digest"] for capture in gathered.captures)
    return "sha256:" + hashlib.sha256(digests.encode()).hexdigest()


def _escaped(words: str) -> str:
    return "".join("\\" + sign if sign in "&%$#_" else "" if sign in "{}\\" else sign for sign in words)

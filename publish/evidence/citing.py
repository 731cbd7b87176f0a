"""How to cite a package; a single post is cited in `publish.citing`."""

from __future__ import annotations

import hashlib

from archive.version import VERSION
from publish.citing import entry, tex
from publish.evidence.gathering import Gathered


def text(gathered: Gathered, made: str) -> str:
    """In one paragraph: what it is, of which time, from where, when and with what it was made, and its own digest."""
    forums = ", ".join(sorted({post["forum_title"] for post in gathered.posts}))
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
        "title": tex(gathered.subject),
        "howpublished": f"Evidence package (BagIt), optout-archive {VERSION}",
        "date": made[:10],
        "note": tex(text(gathered, made)),
    }
    return entry(f"optout-{digest(gathered)[7:19]}", fields)


def digest(gathered: Gathered) -> str:
    """SHA-256 over the digests of all captures in their order: by it two packages are known to rest on the same pages."""
    digests = "\n".join(capture["digest"] for capture in gathered.captures)
    return "sha256:" + hashlib.sha256(digests.encode()).hexdigest()

"""Who is who: a short readable name for every private author, the same wherever the person is named.

A pseudonym is `seller-` and the first digits of HMAC-SHA256 over forum and user name. The key lies in a file of its
own beside the archive and is never published; without it, names cannot be tried out against pseudonyms.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ahocorasick_rs import AhoCorasick, MatchKind

from archive.errors import DamagedError
from publish.short_words import ORDINARY

DIGITS = 6
KEY_BYTES = 32
STAFF = "staff"
# A user name shorter than this is too likely to be a word: it is masked where the markup says that it is a name, and in
# the threads in which that person writes.
SHORTEST_PLAIN_NAME = 5
# One with a digit or an underscore is like no word.
SHORTEST_UNLIKE_A_WORD = 3
SHORTEST_NEAR_NAME = 2
# A plain word is taken for ordinary when this many threads use it in which nobody of that name writes.
ORDINARY_THREADS = 3
# A name this long, or one that no word looks like, is masked inside longer words too ("kelpkitchens").
UNMISTAKABLE_LENGTH = 10
UNLIKE_A_WORD = re.compile(r"[\d_]|[^\W\d_][A-Z]")
SIGN = re.compile(r"[\d_]")
WORD = re.compile(r"\w[\w.'-]*\w|\w")


@dataclass(frozen=True)
class Author:
    """A row of `authors` in the archive."""

    id: int
    site_id: str
    name: str
    role: str


def load_key(path: Path) -> bytes:
    """The key of the pseudonyms, made (readable by its owner only) when there is none.

    DamagedError if the file holds no key: a new key would rename everybody, so none is made in its place.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_key(path)
    key = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
    return key


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, OSError) as error:
        raise DamagedError(f"{path} does not hold the key of the pseudonyms: {error}") from error
    if len(key) != KEY_BYTES:
        raise DamagedError(f"{path} does not hold the key of the pseudonyms: {KEY_BYTES * 2} hex digits expected")
    return key


class Names:
    """Every author's published name, and which user names are looked for in running text."""

    def __init__(
        self,
        key: bytes,
        authors: Iterable[Author],
        ordinary: Collection[str] = (),
        writers: Mapping[int, Collection[str]] | None = None,
    ) -> None:
        """`ordinary` are folded names that are words too; `writers` the folded names of those who write in a thread."""
        self._key = key
        self.by_id: dict[int, str] = {}
        self._known: dict[tuple[str, str], str] = {}
        self._anywhere: dict[str, str] = {}
        self.staff: set[tuple[str, str]] = set()
        private: list[Author] = []
        for author in sorted(authors, key=lambda author: (author.site_id, author.name)):
            if author.role == STAFF:
                self.by_id[author.id] = author.name
                self.staff.add((author.site_id, author.name.casefold()))
            else:
                private.append(author)
        digests = {author.id: self._digest(author.site_id, author.name) for author in private}
        lengths = _lengths(set(digests.values()))
        for author in private:
            digest = digests[author.id]
            self.by_id[author.id] = pseudonym = f"seller-{digest[: lengths[digest]]}"
            self._known[author.site_id, author.name.casefold()] = pseudonym
            self._anywhere.setdefault(author.name.casefold(), pseudonym)
        looked_for = [author.name for author in private if not _ordinary(author.name, ordinary)]
        # Names that are looked for in running text, and whether inside longer words too.
        self.plain = {name: _unmistakable(name) for name in looked_for if len(name) >= _shortest(name)}
        near = {name.casefold() for name in looked_for if SHORTEST_NEAR_NAME <= len(name) < _shortest(name)}
        # Short names, folded, that are looked for in the threads of those who are called so.
        self.near = {
            thread: tuple(sorted(found))
            for thread, names in (writers or {}).items()
            if (found := near.intersection(names))
        }

    def person(self, site_id: str, name: str) -> str:
        """The published name of the person called `name` on that forum, whether or not the archive has posts by them.

        On a forum where nobody is called so, an author of another forum with that name is meant.
        """
        folded = name.casefold()
        if (site_id, folded) in self.staff:
            return name
        known = self._known.get((site_id, folded)) or self._anywhere.get(folded)
        return known or f"seller-{self._digest(site_id, name)[:DIGITS]}"

    def is_known(self, site_id: str, name: str) -> bool:
        """True if an author of the archive is called so."""
        folded = name.casefold()
        return (site_id, folded) in self.staff or folded in self._anywhere

    def _digest(self, site_id: str, name: str) -> str:
        return hmac.new(self._key, f"{site_id}\0{name.casefold()}".encode(), hashlib.sha256).hexdigest()


def _ordinary(name: str, ordinary: Collection[str]) -> bool:
    """True if a name is a word too; one with an underscore or, if it is long, with a digit is none."""
    if "_" in name or (SIGN.search(name) and len(name) >= SHORTEST_PLAIN_NAME):
        return False
    folded = name.casefold()
    return folded in ordinary or (len(name) < SHORTEST_PLAIN_NAME and folded in ORDINARY)


def _shortest(name: str) -> int:
    """How long a name must be to be looked for in every text."""
    return SHORTEST_UNLIKE_A_WORD if SIGN.search(name) else SHORTEST_PLAIN_NAME


def _unmistakable(name: str) -> bool:
    like_none = UNLIKE_A_WORD.search(name) is not None
    return len(name) >= (SHORTEST_PLAIN_NAME if like_none else UNMISTAKABLE_LENGTH)


def _lengths(digests: Collection[str]) -> dict[str, int]:
    """How many digits tell each digest from all others, at least DIGITS."""
    lengths = dict.fromkeys(digests, DIGITS)
    length = DIGITS
    clashing = set(digests)
    while clashing:
        counts = Counter(digest[:length] for digest in clashing)
        clashing = {digest for digest in clashing if counts[digest[:length]] > 1}
        length += 1
        lengths.update(dict.fromkeys(clashing, length))
    return lengths


def ordinary_words(
    names: Collection[str], writers: Mapping[int, Collection[str]], texts: Iterable[tuple[int, str]]
) -> set[str]:
    """Those of `names` (folded) that the archive uses as words: in several threads in which nobody so called writes.

    `writers` are the folded names of a thread's authors; `texts` are pairs of thread and text. Only words in lower
    case count, because a person is mostly written about in threads where they write, or with a capital letter.
    """
    if not names:
        return set()
    threads: defaultdict[str, set[int]] = defaultdict(set)
    ordinary: set[str] = set()
    # Most texts have none of the names but such as are known to be words by then: those are not cut into words.
    automaton = AhoCorasick(sorted(names), matchkind=MatchKind.Standard)
    for thread_id, text in texts:
        met = {*automaton.find_matches_as_strings(text, overlapping=True)} - ordinary
        for word in met.intersection(WORD.findall(text)) if met else ():
            if word not in writers.get(thread_id, ()):
                threads[word].add(thread_id)
                if len(threads[word]) >= ORDINARY_THREADS:
                    ordinary.add(word)
    return ordinary

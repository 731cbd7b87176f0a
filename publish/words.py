"""The words that posts are written with, and how many posts use each: what a misspelt search is held against."""

from __future__ import annotations

import re
from collections import Counter

WORD = re.compile(r"[^\W\d_]{3,24}")
# A word of a single post is more often a slip than a spelling; it stays only where the archive is small.
MOST_WORDS = 60_000
# Distinct words at which the rarest are forgotten, to bound memory (some 100 bytes each).
MOST_COUNTED = 2_000_000


class Words:
    """Counts words over texts that are already masked."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Count the words of one post, each once."""
        self._counts.update({word.lower() for word in WORD.findall(text)})

    def join(self, others: Words) -> None:
        """Take in what was counted elsewhere, of other posts."""
        self._counts.update(others._counts)
        if len(self._counts) > MOST_COUNTED:
            self._counts = Counter({word: count for word, count in self._counts.items() if count > 1})

    def most_common(self) -> list[tuple[str, int]]:
        """(word, posts) of the most frequent words, in the order of the alphabet."""
        return sorted(self._counts.most_common(MOST_WORDS))

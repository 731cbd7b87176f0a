"""Words cut into the pieces that the model knows, with where each word stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
UNKNOWN = "[UNK]"
# A longer run of letters is no word, and cutting it takes time that grows with its square.
LONGEST = 40
# Words whose pieces are remembered. English has some tens of thousands in use.
REMEMBERED = 100_000


class WordPiece:
    """Greedy longest-first cutting, as the uncased BERT vocabulary is meant to be used.

    Y. Wu et al., "Google's Neural Machine Translation System", arXiv:1609.08144 (2016), section 4.1.
    """

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary
        self._known: dict[str, tuple[int, ...]] = {}

    def pieces(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids of the pieces of `text` (small letters), and for each where its word begins and ends."""
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        known = self._known
        for match in WORD.finditer(text):
            word = match[0]
            found = known.get(word)
            if found is None:
                found = self._cut(word)
                if len(known) >= REMEMBERED:
                    known.clear()
                known[word] = found
            ids += found
            spans += [match.span()] * len(found)
        return ids, spans

    def _cut(self, word: str) -> tuple[int, ...]:
        if not word.isascii():
            word = "".join(char for char in unicodedata.normalize("NFD", word) if unicodedata.category(char) != "Mn")
        unknown = (self._vocabulary[UNKNOWN],)
        if not word or len(word) > LONGEST:
            return unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = self._vocabulary.get(("##" if start else "") + word[start:end])
                if piece is not None:
                    found.append(piece)
                    start = end
                    break
            else:
                return unknown
        return tuple(found)

"""Why a listed thread is worth taking."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from taxonomy.model import Taxonomy
from taxonomy.names import Context, longest_first, names
from taxonomy.normalise import fold, whole
from taxonomy.spelling import spellings


def interest(taxonomy: Taxonomy, title: str, tags: Iterable[str], excerpt: str | None) -> str | None:
    """The words of a list entry that speak of a program or of opting out, in order, joined by `, `. None if none do.

    Names count as in a post: ambiguous ones only in their context, which here is the entry itself.
    """
    text = "\n".join((title, *tags, excerpt or ""))
    folded = fold(text)
    context = Context(title=folded, thread=folded)
    spans = [(mention.start, mention.end) for mention in names(taxonomy).find_folded(folded, context)]
    for _, start, end in _cues(taxonomy).find_matches_as_indexes(folded.text, overlapping=True):
        if whole(folded.text, start, end):
            spans.append(folded.span(start, end))
    words = dict.fromkeys(" ".join(text[start:end].split()) for start, end in longest_first(spans, len(text)))
    return ", ".join(words) or None


@lru_cache(maxsize=8)
def _cues(taxonomy: Taxonomy) -> AhoCorasick:
    return AhoCorasick(sorted({form for cue in taxonomy.cues.interest for form in spellings(cue)}))

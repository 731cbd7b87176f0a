"""Why a listed thread is worth taking."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from ahocorasick_rs import AhoCorasick

from taxonomy.model import CONTEXT, Taxonomy
from taxonomy.names import Context, longest_first, names
from taxonomy.normalise import fold, whole
from taxonomy.spelling import spellings

# With one of these a pair of words from a name means nothing.
JOINTS = frozenset("& a and at by for has in it me my of off on out the to your".split())


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


def hints(taxonomy: Taxonomy, words: str) -> tuple[str, ...]:
    """The words of an address that may speak of a program, though they name none: names that mean other things too,
    pieces of longer names, and words that speak of programs in general. Enough to look closer, not to take a thread.
    """
    folded = fold(words)
    pieces, beginnings = _pieces(taxonomy)
    spans = [
        folded.span(start, end)
        for _, start, end in pieces.find_matches_as_indexes(folded.text, overlapping=True)
        if whole(folded.text, start, end)
    ]
    spans += [folded.span(*match.span()) for match in beginnings.finditer(folded.text)]
    return tuple(dict.fromkeys(" ".join(words[start:end].split()) for start, end in longest_first(spans, len(words))))


@lru_cache(maxsize=8)
def _pieces(taxonomy: Taxonomy) -> tuple[AhoCorasick, re.Pattern[str]]:
    """What `hints` looks for: whole words, and beginnings of words."""
    forms = {cue for cue in taxonomy.cues.about if not cue.endswith("*")}
    for program in taxonomy.programs:
        if program.mode == CONTEXT:
            continue
        for alias in program.aliases:
            forms.update(spellings(alias.text))
            words = fold(alias.text).text.split()
            if len(words) > 2:
                pairs = (pair for pair in pairwise(words) if JOINTS.isdisjoint(pair))
                forms.update(form for pair in pairs for form in spellings(" ".join(pair)))
    beginnings = (re.escape(fold(cue[:-1]).text) for cue in taxonomy.cues.about if cue.endswith("*"))
    return AhoCorasick(sorted(forms)), re.compile(rf"(?<!\w)(?:{'|'.join(beginnings)})\w*")


@lru_cache(maxsize=8)
def _cues(taxonomy: Taxonomy) -> AhoCorasick:
    return AhoCorasick(sorted({form for cue in taxonomy.cues.interest for form in spellings(cue)}))

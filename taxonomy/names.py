"""Finding programs by their names in what people write."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from taxonomy.model import Alias, Condition, Program, Taxonomy
from taxonomy.normalise import Folded, fold, whole
from taxonomy.spelling import acronym_plural, halves, one_letter_off, spellings

# Confidence in a mention, by how sure the name is. To be replaced by measured precision where labels allow.
SURE, UNOBSERVED, BY_PARAGRAPH, BY_THREAD, MISTYPED = 1.0, 0.95, 0.9, 0.85, 0.9
TYPO = "name with a typo"
# How far before a name the words that make it something else may begin, in characters.
REACH = 40


@dataclass(frozen=True)
class Mention:
    """A program's name at `text[start:end]`, in code points of the text that was searched.

    `alias` is the name as the taxonomy lists it; `rule` is `name` for names that mean nothing else, and for ambiguous
    ones `name in paragraph`, `name in title`, `name in thread`: where the context was that decided; for a long name of
    which one letter is wrong `name with a typo`.
    """

    program_id: str
    start: int
    end: int
    alias: str
    rule: str
    score: float


@dataclass(frozen=True)
class Context:
    """What surrounds a paragraph: the thread's title, its opening words, the programs that it has named before."""

    title: Folded
    thread: Folded
    known: Collection[str] = ()
    held: dict[tuple[int, str], bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, title: str = "", thread_text: str = "", known: Collection[str] = ()) -> Context:
        return cls(fold(title), fold(thread_text), known)


@dataclass(frozen=True)
class _Form:
    """One spelling of an alias; `alias` is None for a false friend, which only takes its place."""

    program: Program
    alias: Alias | None
    exact: frozenset[str]


@dataclass(frozen=True)
class _Place:
    """Where a form was met, and what has been found out about the conditions there."""

    folded: Folded
    start: int
    end: int
    context: Context
    held: dict[tuple[int, str], bool]


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    form: _Form
    alias: Alias
    rule: str
    score: float


class Names:
    """The matcher for one taxonomy. Make it once (`names(taxonomy)`): building it takes some milliseconds."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        forms: dict[str, list[_Form]] = {}
        for program in taxonomy.programs:
            taken: set[tuple[str, bool]] = set()
            for text in program.false_friends:
                for spelling in spellings(text):
                    forms.setdefault(spelling, []).append(_Form(program, None, frozenset()))
            # A spelling that is listed wins over the same one made from another name.
            for made in (False, True):
                for alias in program.aliases:
                    found = spellings(alias.text)
                    plural = acronym_plural(alias.text)
                    for spelling in found[1:] if made else found[:1]:
                        if (spelling, alias.exact_case) in taken or (
                            made and {(spelling, True), (spelling, False)} & taken
                        ):
                            continue
                        taken.add((spelling, alias.exact_case))
                        # In other letters than `PRLs` an acronym's plural is another word.
                        written, as_listed = (
                            (plural, replace(alias, exact_case=True)) if spelling == plural.lower()
                            else (alias.text, alias)
                        )  # fmt: skip
                        exact = frozenset((fold(written).cased,))
                        forms.setdefault(spelling, []).append(_Form(program, as_listed, exact))
        # Beside them the halves of long names: where only one stands, a letter of the other may be wrong.
        long: dict[str, list[tuple[str, bool, _Form]]] = {}
        for program in taxonomy.programs:
            for alias in program.aliases:
                if alias.ambiguous or alias.exact_case:
                    continue
                form = _Form(program, alias, frozenset())
                for place, half in enumerate(halves(alias.text)):
                    long.setdefault(half, []).append((fold(alias.text).text.strip(), place == 0, form))
        literals = list(dict.fromkeys((*forms, *long)))
        self._forms = tuple(tuple(forms.get(literal, ())) for literal in literals)
        self._long = tuple(tuple(long.get(literal, ())) for literal in literals)
        self._automaton = AhoCorasick(literals)

    def find(self, text: str, *, title: str = "", thread_text: str = "", known: Collection[str] = ()) -> list[Mention]:
        """The programs named in `text`, in order, without overlap: where names overlap the longest one stands.

        `title`, `thread_text` (the opening post) and `known` (ids of programs that the thread named before) are the
        context that lets an ambiguous name count; names are looked for in `text` only.
        """
        return self.find_folded(fold(text), Context.of(title, thread_text, known))

    def find_folded(self, folded: Folded, context: Context) -> list[Mention]:
        """`find`, for a text that is folded already."""
        hits = self._automaton.find_matches_as_indexes(folded.text, overlapping=True)
        if not hits:
            return []
        refused: list[tuple[str, int, int]] = []
        found: list[_Hit] = []
        held: dict[tuple[int, str], bool] = {}
        for number, start, end in hits:
            if not self._forms[number] or not whole(folded.text, start, end):
                continue
            for form in self._forms[number]:
                if form.alias is None:
                    refused.append((form.program.id, start, end))
                    continue
                verdict = _verdict(form, form.alias, _Place(folded, start, end, context, held))
                if verdict:
                    found.append(_Hit(start, end, form, form.alias, *verdict))
        parts = [hit for hit in hits if self._long[hit[0]]]
        if parts:
            found += self._mistyped(parts, found, _Place(folded, 0, 0, context, held))
        return _mentions(found, refused, folded) if found else []

    def _mistyped(self, parts: Iterable[tuple[int, int, int]], found: Sequence[_Hit], where: _Place) -> list[_Hit]:
        """Long names with one letter wrong, at their halves that are right; none where a name stands as listed."""
        text = where.folded.text
        hits = []
        for number, start, end in parts:
            if any(hit.start < end and start < hit.end for hit in found):
                continue
            for name, first, form in self._long[number]:
                for length in (len(name) - 1, len(name), len(name) + 1):
                    at, to = (start, start + length) if first else (end - length, end)
                    if at < 0 or to > len(text) or not one_letter_off(text[at:to], name) or not whole(text, at, to):
                        continue
                    if form.alias and _verdict(form, form.alias, replace(where, start=at, end=to)):
                        hits.append(_Hit(at, to, form, form.alias, TYPO, MISTYPED))
        return hits


@lru_cache(maxsize=8)
def names(taxonomy: Taxonomy) -> Names:
    """The matcher of `taxonomy`, made once for each."""
    return Names(taxonomy)


def longest_first(spans: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """The spans (`start < end <= length`) that stand when longer ones, then earlier ones, go first; in order."""
    covered = bytearray(length)
    kept = []
    for start, end in sorted(set(spans), key=lambda span: (span[0] - span[1], span[0])):
        if not any(covered[start:end]):
            covered[start:end] = b"\1" * (end - start)
            kept.append((start, end))
    return sorted(kept)


def _mentions(found: list[_Hit], refused: list[tuple[str, int, int]], folded: Folded) -> list[Mention]:
    standing = set(longest_first(((hit.start, hit.end) for hit in found), len(folded.text)))
    blocked: dict[str, bytearray] = {}
    for program, start, end in refused:
        blocked.setdefault(program, bytearray(len(folded.text)))[start:end] = b"\1" * (end - start)
    mentions: dict[tuple[int, str], Mention] = {}
    for hit in found:
        program = hit.form.program.id
        if (hit.start, hit.end) in standing and not any(blocked.get(program, b"")[hit.start : hit.end]):
            start, end = folded.span(hit.start, hit.end)
            mentions.setdefault((start, program), Mention(program, start, end, hit.alias.text, hit.rule, hit.score))
    return [mentions[key] for key in sorted(mentions)]


def _verdict(form: _Form, alias: Alias, place: _Place) -> tuple[str, float] | None:
    """The rule and score by which the alias counts at that place, None if it does not."""
    text, start, end = place.folded.text, place.start, place.end
    exact = place.folded.cased[start:end] in form.exact
    if alias.exact_case and not exact:
        return None
    if alias.not_followed_by and _words(alias.not_followed_by, "after").match(text, end):
        return None
    if alias.not_preceded_by and _words(alias.not_preceded_by, "before").search(text[max(0, start - REACH) : start]):
        return None
    if any(_holds(condition, form.program.id, place) for condition in alias.unless):
        return None
    if not alias.ambiguous:
        return "name", SURE if alias.observed else UNOBSERVED
    for condition in alias.needs:
        if exact or not condition.exact_case:
            where = _holds(condition, form.program.id, place)
            if where:
                return f"name in {where}", BY_PARAGRAPH if where == "paragraph" else BY_THREAD
    return None


def _holds(condition: Condition, program_id: str, place: _Place) -> str:
    """The first of the condition's places in which one of its words stands, empty if none."""
    for where in condition.places:
        if where == "paragraph":
            folded, held = place.folded, place.held
        else:
            if where == "thread" and program_id in place.context.known:
                return where
            folded = place.context.title if where == "title" else place.context.thread
            held = place.context.held
        key = (id(condition), where)
        if key not in held:
            held[key] = _words(condition.words).search(folded.text) is not None
        if held[key]:
            return where
    return ""


@lru_cache(maxsize=4096)
def _words(words: Sequence[str], side: str = "") -> re.Pattern[str]:
    """Any of `words`, whole, in folded text: anywhere, or directly `before` or `after` a place."""
    parts = []
    for word in words:
        text = fold(word.removesuffix("*")).text.strip()
        parts.append(re.escape(text) + (r"\w*" if word.endswith("*") else ""))
    body = rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)"
    if side == "before":
        return re.compile(rf"{body}[\W_]{{0,3}}\Z")
    return re.compile(rf"[\W_]{{0,3}}{body}" if side == "after" else body)

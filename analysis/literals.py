"""Which words a regular expression cannot match without: what lets a scan skip nearly every rule.

The parser is the one that `re` itself compiles with, so the answer is right for every pattern that `re` accepts. It is
private to Python: a test holds the gate against plain search.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# More alternatives than this are not worth holding apart.
MOST = 64
SETS = 3
COMMON = 3
SIGN = 3


def required(pattern: str) -> tuple[frozenset[str], ...]:
    """Sets of literals: every match of `pattern` contains at least one of each. The rarest set first; none if none.

    Rare is a set whose shortest literal is long. At most `SETS` are given, and beside the first none with a literal so
    common (`_rarity` below `COMMON`) that finding it costs more than it sifts.
    """
    found = sorted(
        {_shortest(literals) for literals in _sets(parser.parse(pattern))},
        key=lambda literals: (*_rank(literals), *sorted(literals)),
        reverse=True,
    )
    return tuple(found[:1] + [literals for literals in found[1:SETS] if _rank(literals)[0] >= COMMON])


def _shortest(literals: frozenset[str]) -> frozenset[str]:
    """Without those that contain another one: finding the other says as much."""
    return frozenset(
        literal for literal in literals if not any(other != literal and other in literal for other in literals)
    )


def _rank(literals: frozenset[str]) -> tuple[int, int]:
    return (min(map(_rarity, literals)), -len(literals)) if literals else (0, 0)


def _rarity(literal: str) -> int:
    """Its length; a sign such as `$` is as rare as a short word."""
    plain = all(char.isalnum() or char in " '" for char in literal)
    return len(literal) + (0 if plain else SIGN)


def _sets(items: Iterable[Any]) -> list[frozenset[str]]:
    """The sets of literals that a sequence requires, one after another; each by itself is a valid answer."""
    found: list[frozenset[str]] = []
    runs: frozenset[str] = frozenset(("",))
    for kind, value in items:
        alternatives = _exact(kind, value)
        if alternatives is not None and len(runs) * len(alternatives) <= MOST:
            runs = frozenset(run + text for run in runs for text in alternatives)
            continue
        if kind is op.AT:
            continue
        found.append(runs)
        runs = alternatives if alternatives is not None and len(alternatives) <= MOST else frozenset(("",))
        if alternatives is None:
            found.extend(_inside(kind, value))
    found.append(runs)
    return [literals for literals in found if "" not in literals]


def _exact(kind: Any, value: Any) -> frozenset[str] | None:
    """All that an item can match, where that is a short list; None otherwise."""
    if kind is op.LITERAL:
        return frozenset((chr(value),))
    if kind is op.IN:
        chars: set[str] = set()
        for inner, code in value:
            if inner is not op.LITERAL:
                return None
            chars.add(chr(code))
        return frozenset(chars) if len(chars) <= 4 else None
    if kind is op.SUBPATTERN and not (value[1] or value[2]):
        return _exact_sequence(value[3])
    if kind is op.BRANCH:
        parts = [_exact_sequence(branch) for branch in value[1]]
        if any(part is None for part in parts):
            return None
        texts = frozenset(text for part in parts if part for text in part)
        return texts if len(texts) <= MOST else None
    if kind is op.MAX_REPEAT and value[1] == 1:
        inner_texts = _exact_sequence(value[2])
        if inner_texts is None:
            return None
        return inner_texts | {""} if value[0] == 0 else inner_texts
    return None


def _exact_sequence(items: Sequence[Any]) -> frozenset[str] | None:
    texts: frozenset[str] = frozenset(("",))
    for kind, value in items:
        part = _exact(kind, value)
        if part is None or len(texts) * len(part) > MOST:
            return None
        texts = frozenset(text + end for text in texts for end in part)
    return texts


def _inside(kind: Any, value: Any) -> list[frozenset[str]]:
    """The sets that an item which is no short list still requires."""
    if kind is op.SUBPATTERN and not (value[1] or value[2]):
        return _sets(value[3])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0] >= 1:
        return _sets(value[2])
    if kind is op.BRANCH:
        parts = [max(_sets(branch), key=_rank, default=frozenset()) for branch in value[1]]
        if all(parts):
            union: frozenset[str] = frozenset().union(*parts)
            return [union] if len(union) <= MOST else []
    return []

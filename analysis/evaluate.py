"""How well the tagger does on labelled threads: figures, rules, errors to read, and two runs side by side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from analysis.judge import Judged, Tag
from analysis.labelled import Labels
from analysis.metrics import counts, kappa, scores, share
from analysis.tag import CODE_VERSION
from taxonomy.model import Taxonomy

Pairs = list[tuple[Hashable, frozenset[str], frozenset[str]]]
# Shown of an error's text, in characters.
SHOWN = 300


def figures(judged: Sequence[Judged], taxonomy: Taxonomy) -> dict[str, Any]:
    """Everything that is measured, as plain data for JSON.

    Each estimate is `value`, `low`, `high` (95 % bootstrap interval over threads). Programs `named` and `inherited` are
    held against the labels of their own kind; `all` asks only whether the program was found, however.
    """
    result: dict[str, Any] = {
        "paragraphs": len(judged),
        "threads": len({entry.thread.id for entry in judged}),
        "taxonomy": taxonomy.version,
        "tagger": CODE_VERSION,
        "programs": {
            "all": _block(judged, _programs, labels=True),
            "named": _block(judged, lambda entry: (entry.paragraph.labels.programs, entry.stated_ids)),
            "inherited": _block(judged, lambda entry: (entry.paragraph.labels.inherited, entry.inherited_ids)),
        },
        "themes": {"all": _block(judged, _themes, labels=True)},
    }
    for name, key in _GROUPS:
        groups: dict[str, list[Judged]] = defaultdict(list)
        for entry in judged:
            groups[key(entry)].append(entry)
        for what, pair in (("programs", _programs), ("themes", _themes)):
            result[what][f"by_{name}"] = {group: _block(found, pair) for group, found in sorted(groups.items())}
    result["false_alarms"] = asdict(
        share(
            _by_thread((entry.thread.id, bool(entry.themes)) for entry in judged if not entry.paragraph.labels.themes)
        )
    )
    voiced = [entry for entry in judged if entry.paragraph.labels.voice]
    result["voice"] = {
        "paragraphs": len(voiced),
        "accuracy": asdict(
            share(_by_thread((entry.thread.id, entry.voice == entry.paragraph.labels.voice) for entry in voiced))
        ),
        "confusion": [
            {"label": label, "found": found, "paragraphs": number}
            for (label, found), number in Counter(
                (entry.paragraph.labels.voice, entry.voice) for entry in voiced
            ).most_common()
            if label != found
        ],
    }
    result["agreement"] = _agreement(judged, taxonomy)
    result["rules"] = rule_summary(judged)
    return result


def predictions(judged: Iterable[Judged]) -> list[dict[str, Any]]:
    """What the tagger said, a paragraph each, in the form of labelled lines."""
    return [
        {
            "id": entry.paragraph.id,
            "programs": sorted(entry.stated_ids),
            "inherited_programs": sorted(entry.inherited_ids),
            "themes": sorted(entry.theme_ids),
            "voice": entry.voice,
        }
        for entry in judged
    ]


def rule_summary(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """For each rule: in how many paragraphs it finds something, how often another rule finds the same label (`overlaps`) or
    another label of that kind (`conflicts`), and how many of its labels are right and wrong."""
    rules: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for entry in judged:
        labels = entry.paragraph.labels
        for kind, tags, gold in (
            ("program", entry.programs, labels.programs | labels.inherited),
            ("theme", entry.themes, labels.themes),
        ):
            by_rule = _by_rule(tags)
            for rule, mine in by_rule.items():
                others = set().union(*(found for other, found in by_rule.items() if other != rule))
                rules[kind, rule].update(
                    coverage=1,
                    overlaps=int(bool(mine & others)),
                    conflicts=int(bool(others - mine)),
                    correct=len(mine & gold),
                    incorrect=len(mine - gold),
                )
    return [
        {
            "kind": kind,
            "rule": rule,
            **{key: tally[key] for key in ("coverage", "overlaps", "conflicts", "correct", "incorrect")},
        }
        for (kind, rule), tally in sorted(
            rules.items(), key=lambda item: (item[0][0], -item[1]["coverage"], item[0][1])
        )
    ]


def errors(judged: Iterable[Judged]) -> dict[str, list[dict[str, Any]]]:
    """What went wrong, in buckets to read: `theme missed: X`, `program wrong: Y`, `voice: seller as email`, ..."""
    buckets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in judged:
        labels = entry.paragraph.labels
        shown = {"id": entry.paragraph.id, "title": entry.thread.title, "text": entry.text[:SHOWN]}
        wanted = {("program", program): "named" for program in labels.programs}
        wanted |= {("program", program): "inherited" for program in labels.inherited}
        wanted |= {("theme", theme): "" for theme in labels.themes}
        given = {("program", tag.id): tag for tag in entry.programs} | {("theme", tag.id): tag for tag in entry.themes}
        for label, how in wanted.items():
            if label not in given:
                buckets[_bucket(label, "missed", how)].append(shown)
        for label, tag in given.items():
            if label not in wanted:
                buckets[_bucket(label, "wrong", tag.how)].append(shown | {"rule": tag.rule})
        if labels.voice and labels.voice != entry.voice:
            buckets[f"voice: {labels.voice} as {entry.voice or 'nothing'}"].append(shown)
    return dict(sorted(buckets.items(), key=lambda item: (-len(item[1]), item[0])))


def _bucket(label: tuple[str, str], what: str, how: str) -> str:
    kind, name = label
    return f"{kind} {what}{', ' if how else ''}{how}: {name}"


def unknown_labels(judged: Iterable[Judged], taxonomy: Taxonomy) -> list[str]:
    """Labels, of either reader, that are no ids of the taxonomy: mistyped, or of another version. None can be found."""
    used: set[str] = set()
    for entry in judged:
        for labels in (entry.paragraph.labels, entry.paragraph.second or Labels()):
            used |= labels.programs | labels.inherited | labels.themes
    known = {theme.id for theme in taxonomy.codebook.themes} | {program.id for program in taxonomy.programs}
    return sorted(used - known)


def compare(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Two runs side by side: each figure of either with the difference, and the paragraphs that they tag otherwise.

    A figure that one run lacks, or could not define, is None there, and so is the difference. `theirs` is what another
    run wrote with `--json`. ValueError if it is not that.
    """
    try:
        now, before = dict(_flat(ours["figures"])), dict(_flat(theirs["figures"]))
        other = dict(_numbered(theirs["predictions"]))
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError("it has no `figures` and `predictions`") from error
    here = dict(_numbered(ours["predictions"]))
    changed = [
        {
            "id": entry["id"],
            "before": {key: other[place].get(key) for key in keys},
            "now": {key: entry[key] for key in keys},
        }
        for place, entry in here.items()
        if place in other
        for keys in [[key for key in entry if entry[key] != other[place].get(key)]]
        if keys
    ]
    return {
        "figures": [
            {
                "figure": name,
                "before": before.get(name),
                "now": now.get(name),
                "difference": _difference(before.get(name), now.get(name)),
            }
            for name in now | before
        ],
        "changed": changed,
        "only_here": len(here.keys() - other.keys()),
        "only_there": len(other.keys() - here.keys()),
    }


def _numbered(predictions: list[dict[str, Any]]) -> Iterator[tuple[tuple[Any, int], dict[str, Any]]]:
    """The predictions by their ids, of which a file may use one again, and how many had the id before."""
    seen: Counter[Any] = Counter()
    for entry in predictions:
        yield (entry["id"], seen[entry["id"]]), entry
        seen[entry["id"]] += 1


def _difference(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else round(now - before, 4)


def _flat(data: Any, name: str = "") -> Iterable[tuple[str, float]]:
    if not isinstance(data, dict):
        return
    value = data.get("value")
    if isinstance(value, int | float):
        yield name, float(value)
    for key, part in data.items():
        yield from _flat(part, f"{name}.{key}" if name else key)


def _themes(entry: Judged) -> tuple[frozenset[str], frozenset[str]]:
    return entry.paragraph.labels.themes, entry.theme_ids


def _programs(entry: Judged) -> tuple[frozenset[str], frozenset[str]]:
    return _any_program(entry.paragraph.labels), entry.stated_ids | entry.inherited_ids


_GROUPS: tuple[tuple[str, Callable[[Judged], str]], ...] = (
    ("voice", lambda entry: entry.paragraph.labels.voice or entry.voice),
    ("forum", lambda entry: entry.thread.forum),
)


def _block(
    judged: Sequence[Judged], pair: Callable[[Judged], tuple[frozenset[str], frozenset[str]]], *, labels: bool = False
) -> dict[str, Any]:
    return _scored([(entry.thread.id, *pair(entry)) for entry in judged], labels=labels)


def _scored(pairs: Pairs, *, labels: bool = False) -> dict[str, Any]:
    names = sorted({label for _, gold, found in pairs for label in gold | found})
    table = counts(pairs, names)
    hits, false, missed = (int(number) for number in table.sum((0, 1)))
    block: dict[str, Any] = {name: asdict(estimate) for name, estimate in scores(table).items()}
    block |= {"correct": hits, "incorrect": false, "missed": missed}
    if labels:
        block["labels"] = {
            name: {
                **{key: asdict(value) for key, value in scores(table[:, [place]]).items() if key != "macro_f1"},
                **dict(zip(("correct", "incorrect", "missed"), map(int, table[:, place].sum(0)), strict=True)),
            }
            for place, name in enumerate(names)
        }
    return block


def _by_rule(tags: Iterable[Tag]) -> dict[str, set[str]]:
    rules: dict[str, set[str]] = defaultdict(set)
    for tag in tags:
        for rule in {tag.rule} | tag.also:
            rules[rule].add(tag.id)
    return rules


def _by_thread(values: Iterable[tuple[Hashable, bool]]) -> dict[Hashable, list[bool]]:
    grouped: dict[Hashable, list[bool]] = defaultdict(list)
    for thread, value in values:
        grouped[thread].append(value)
    return grouped


def _agreement(judged: Iterable[Judged], taxonomy: Taxonomy) -> dict[str, Any]:
    """Where two people labelled: Cohen's kappa of each theme and program (present or not) and of the voice; and, under
    `second`, what the second reader reaches when measured against the first as the tagger is."""
    twice = [
        (entry, entry.paragraph.labels, entry.paragraph.second)
        for entry in judged
        if entry.paragraph.second is not None
    ]
    result: dict[str, Any] = {"paragraphs": len(twice), "threads": len({entry.thread.id for entry, _, _ in twice})}
    if not twice:
        return result

    def of(get: Callable[[Labels], frozenset[str]], labels: Iterable[str]) -> dict[str, float]:
        agreed = {
            label: kappa(
                [label in get(first) for _, first, _ in twice], [label in get(second) for _, _, second in twice]
            )
            for label in labels
        }
        return {label: round(value, 4) for label, value in agreed.items() if value is not None}

    def second(get: Callable[[Labels], frozenset[str]]) -> dict[str, Any]:
        return _scored([(entry.thread.id, get(first), get(second)) for entry, first, second in twice])

    voiced = [(entry, first.voice, other.voice) for entry, first, other in twice if first.voice and other.voice]
    voice = kappa([first for _, first, _ in voiced], [other for _, _, other in voiced])
    return result | {
        "themes": of(lambda labels: labels.themes, [theme.id for theme in taxonomy.codebook.themes]),
        "programs": of(_any_program, [program.id for program in taxonomy.programs]),
        "voice": None if voice is None else round(voice, 4),
        "second": {
            "programs": second(_any_program),
            "named": second(lambda labels: labels.programs),
            "inherited": second(lambda labels: labels.inherited),
            "themes": second(lambda labels: labels.themes),
            "false_alarms": asdict(
                share(
                    _by_thread(
                        (entry.thread.id, bool(other.themes)) for entry, first, other in twice if not first.themes
                    )
                )
            ),
            "voice": asdict(share(_by_thread((entry.thread.id, first == other) for entry, first, other in voiced))),
        },
    }


def _any_program(labels: Labels) -> frozenset[str]:
    return labels.programs | labels.inherited

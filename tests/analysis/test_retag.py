"""After a change of the taxonomy only what it can touch is tagged again, with the result of tagging everything."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analysis import retag
from analysis.tag import tag_archive
from taxonomy import Taxonomy, load
from taxonomy.compare import compare
from taxonomy.model import Alias, Forum, Mode
from tests.analysis.small_archive import SmallArchive

TAXONOMY = load()
# Of a program of eBay's if the forum speaks of eBay.
ABROAD = "They switched on a program that offers all my items to buyers in other countries and ships them from a hub."
SENTENCES = [
    ABROAD, f"On Etsy: {ABROAD}",
    "Nobody asked me.", "PO is on again, see the 24Jan2022 OSFE thread.", "The Prepaid Return Label cost me dear.",
    "I like rain.", "AHT and PO!", "There is no toggle anywhere to opt out.", "SAFE-T claim denied.", "How do I opt out?",
    "My card was charged for stores I never opened.", "Refund at First Scan, then.", "OTDR went down to 80%.",
    "The buyer opted out of my messages.", "Same as that Old Quay post.", "Gondola gondola, and no label.",
    "The promise optimzation again.", "A gondula ride along the canal.",
    "<blockquote><p>Refund at First Scan</p></blockquote><p>Nobody asked me.</p>", "Frobnicate the settings, please.",
    "See the thread (www.oldquay.example) for 24Jan2022 and more.", "A toggle: https://gondola.example/rain now.",
]  # fmt: skip
TITLES = [
    "Promise Optimization (PO) is on by default", "What now?", "Automated Handling Time and the label", "Gondola",
    "Look at www.gondola.example please",
]  # fmt: skip


def filled(path: Path, seed: int) -> SmallArchive:
    chance = random.Random(seed)
    archive = SmallArchive(path)
    for title in TITLES:
        archive.thread(title)
    for number in range(1, 41):
        archive.post(
            chance.randrange(1, len(TITLES) + 1), number, chance.choice(SENTENCES), reply_to=chance.choice((None, number // 2)),
            author=chance.choice(("anna", "ben", "News_Amazon")), at="2024-04-10T00:00:00Z",
        )  # fmt: skip
        if chance.random() < 0.1:
            archive.edit(number, chance.choice(SENTENCES[:6]))
    return archive


def program(taxonomy: Taxonomy, chance: random.Random) -> int:
    known = [p.id for p in taxonomy.programs]
    wanted = (
        "amz.promise_optimization",
        "amz.prepaid_return_label",
        "amz.automated_handling_time",
        "amz.otdr",
        "amz.safe_t",
    )
    return known.index(chance.choice([one for one in wanted if one in known] + known[:1]))


def with_program(taxonomy: Taxonomy, place: int, **changes: object) -> Taxonomy:
    programs = list(taxonomy.programs)
    programs[place] = replace(programs[place], **changes)  # type: ignore[arg-type]
    return replace(taxonomy, programs=tuple(programs))


def drop_alias(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    place = program(taxonomy, chance)
    aliases = taxonomy.programs[place].aliases
    return with_program(taxonomy, place, aliases=aliases[1:] if len(aliases) > 1 else aliases)


def add_alias(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    place = program(taxonomy, chance)
    text = chance.choice(("gondola", "rain", "the label", "toggle", "frobnicate", "gondola ride along"))
    return with_program(taxonomy, place, aliases=(*taxonomy.programs[place].aliases, Alias(text)))


def drop_program(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    place = program(taxonomy, chance)
    return replace(taxonomy, programs=taxonomy.programs[:place] + taxonomy.programs[place + 1 :])


def other_mode(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    place = program(taxonomy, chance)
    mode = Mode(None, chance.choice(("buyer_side", "context", "mandatory")), (), "", (), "F")
    return with_program(taxonomy, place, history=(*taxonomy.programs[place].history, mode))


def other_start(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    """Its posts are older than the program now, or no longer."""
    place = program(taxonomy, chance)
    dates = chance.choice(("2001", "2030-05", None))
    history = tuple(replace(mode, date=dates) for mode in taxonomy.programs[place].history)
    return with_program(taxonomy, place, history=history)


def drop_rule(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    place = chance.randrange(len(taxonomy.theme_rules))
    return replace(taxonomy, theme_rules=taxonomy.theme_rules[:place] + taxonomy.theme_rules[place + 1 :])


def other_rule(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    place = chance.randrange(len(taxonomy.theme_rules))
    rules = list(taxonomy.theme_rules)
    rules[place] = replace(
        rules[place], patterns=(*rules[place].patterns, chance.choice((r"\brain\b", r"\bclaim denied")))
    )
    return replace(taxonomy, theme_rules=tuple(rules))


def other_cues(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    trade = list(taxonomy.cues.trade)
    if chance.random() < 0.5:
        trade.remove(chance.choice([cue for cue in ("seller", "parcel", "refund") if cue in trade]))
    return replace(
        taxonomy, cues=replace(taxonomy.cues, trade=(*trade, chance.choice(("rain", "gondola", "frobnicate"))))
    )


def other_forums(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    return replace(taxonomy, forums=(*taxonomy.forums[:-1], Forum(("other",), "Other", ("Old Quay", "Oldquay"))))


def sellers_forum(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    """The archive's own site becomes one of a sellers' forum, where a description needs no word of trade."""
    return replace(taxonomy, forums=(*taxonomy.forums, Forum(("s",), "Yonder", ("Yonder forum",))))


def forum_of(taxonomy: Taxonomy, site: str, marketplace: str) -> Taxonomy:
    forums = tuple(replace(one, marketplace=marketplace) if site in one.sites else one for one in taxonomy.forums)
    return replace(taxonomy, forums=forums, version=f"9+{marketplace:0>8}")


def of_a_marketplace(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    """The archive's own site is one of a sellers' forum, and of another marketplace than it was."""
    marketplace = chance.choice(("ebay", "etsy", "amazon"))
    return forum_of(sellers_forum(taxonomy, chance), "s", marketplace)


def marketplace_names(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    markets = list(taxonomy.marketplaces)
    place = chance.randrange(len(markets))
    markets[place] = replace(markets[place], names=(*markets[place].names, chance.choice(("rain", "toggle", "label"))))
    return replace(taxonomy, marketplaces=tuple(markets))


def other_marketplace(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    return with_program(taxonomy, program(taxonomy, chance), marketplace=chance.choice(("ebay", "walmart")))


def other_words(taxonomy: Taxonomy, chance: random.Random) -> Taxonomy:
    return with_program(taxonomy, program(taxonomy, chance), description="Something else.", note="Checked again.")


EDITS: list[Callable[[Taxonomy, random.Random], Taxonomy]] = [
    drop_alias, add_alias, drop_program, other_mode, other_start, drop_rule, other_rule, other_cues, other_forums, sellers_forum,
    of_a_marketplace, marketplace_names, other_marketplace, other_words,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_random_small_changes_give_what_tagging_everything_gives(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    steps, whole = filled(tmp_path / "steps.db", seed), filled(tmp_path / "whole.db", seed)
    taxonomy = TAXONOMY
    tag_archive(steps.db, taxonomy, run_id=steps.tag_run)
    for number in range(3):
        taxonomy = replace(chance.choice(EDITS)(taxonomy, chance), version=f"9+{number:08}")
        tag_archive(steps.db, taxonomy, run_id=steps.tag_run)
        tag_archive(whole.db, taxonomy, run_id=whole.tag_run, all_posts=True)
        assert steps.tags() == whole.tags()


# Without a program, or with it elsewhere, what is believed of all others moves; which words are of trade or of a
# marketplace, and on which sites none is needed, decides on whole threads.
EVERYWHERE = (drop_program, other_cues, sellers_forum, of_a_marketplace, marketplace_names, other_marketplace)


@pytest.mark.parametrize("edit", [edit for edit in EDITS if edit not in EVERYWHERE])
def test_a_change_spares_the_posts_that_it_cannot_touch(
    tmp_path: Path, edit: Callable[[Taxonomy, random.Random], Taxonomy]
) -> None:
    archive = filled(tmp_path / "archive.db", 1)
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    changed = replace(edit(TAXONOMY, random.Random(3)), version="9+00000001")
    assert tag_archive(archive.db, changed, run_id=archive.tag_run).posts < 40
    versions = archive.db.execute("select distinct taxonomy_version from tagged_posts").fetchall()
    assert [row[0] for row in versions] == ["9+00000001"]


def test_words_that_decide_nothing_touch_nothing(tmp_path: Path) -> None:
    archive = filled(tmp_path / "archive.db", 1)
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    changed = replace(other_words(TAXONOMY, random.Random(0)), version="9+00000001")
    assert tag_archive(archive.db, changed, run_id=archive.tag_run).posts == 0


def test_a_new_name_reaches_the_posts_that_use_it_and_those_after_them(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive.db")
    thread, other = archive.thread("What now?"), archive.thread("Other")
    archive.post(thread, 1, "Good morning.")
    archive.post(thread, 2, "They call it the Gondola.")
    after = archive.post(thread, 3, "Nobody asked me.")
    archive.post(other, 1, "Nobody asked me.")
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    place = [p.id for p in TAXONOMY.programs].index("amz.promise_optimization")
    aliases = (*TAXONOMY.programs[place].aliases, Alias("gondola"))
    changed = replace(with_program(TAXONOMY, place, aliases=aliases), version="9+00000001")
    assert tag_archive(archive.db, changed, run_id=archive.tag_run).posts == 2
    assert archive.programs(after) == [("amz.promise_optimization", "inherited")]


@pytest.mark.parametrize(
    ("title", "words", "edit"),
    [
        ("What now?", "See the thread (www.oldquay.example) for 24Jan2022 and more.", other_forums),
        (
            "Look at www.gondola.example please",
            "Nobody asked me.",
            lambda t, _: with_program(t, 0, aliases=(*t.programs[0].aliases, Alias("gondola"))),
        ),
    ],
    ids=["forum", "program in a title"],
)
def test_a_new_name_reaches_the_addresses_in_which_it_is_read(
    tmp_path: Path, title: str, words: str, edit: Callable[[Taxonomy, random.Random], Taxonomy]
) -> None:
    archive = SmallArchive(tmp_path / "archive.db")
    archive.post(archive.thread(title), 1, words)
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    changed = replace(edit(TAXONOMY, random.Random(0)), version="9+00000001")
    assert tag_archive(archive.db, changed, run_id=archive.tag_run).posts == 1
    step_by_step = archive.tags()
    tag_archive(archive.db, changed, run_id=archive.tag_run, all_posts=True)
    assert archive.tags() == step_by_step


@pytest.mark.parametrize(
    "edit",
    [
        lambda t: replace(t, theme_rules=t.theme_rules[::-1]),
        lambda t: replace(t, codebook=replace(t.codebook, themes=t.codebook.themes[1:])),
        lambda t: marketplace_names(t, random.Random(0)),
        lambda t: other_marketplace(t, random.Random(0)),
    ],
    ids=["order of rules", "codebook", "names of marketplaces", "a program's marketplace"],
)
def test_a_change_of_unknown_reach_touches_everything(edit: Callable[[Taxonomy], Taxonomy]) -> None:
    assert retag.change(retag.signature(TAXONOMY), retag.signature(edit(TAXONOMY))).everything


def test_what_the_codebook_says_of_a_theme_touches_nothing_and_is_told() -> None:
    first, *others = TAXONOMY.codebook.themes
    (rule, text), *rules = TAXONOMY.codebook.rules
    changed = replace(
        TAXONOMY,
        codebook=replace(
            TAXONOMY.codebook,
            themes=(replace(first, definition="In other words."), *others),
            rules=((rule, f"{text} Always."), *rules),
        ),
    )
    assert retag.change(retag.signature(TAXONOMY), retag.signature(changed)).nothing
    assert [(one.kind, one.id, one.field) for one in compare(TAXONOMY, changed)] == [
        ("theme", first.id, "definition"),
        ("codebook rule", rule, "text"),
    ]


def test_another_order_of_day_and_month_touches_the_threads_of_its_sites(tmp_path: Path) -> None:
    first, *others = TAXONOMY.forums
    changed = replace(TAXONOMY, forums=(replace(first, day_first=first.sites), *others))
    difference = retag.change(retag.signature(TAXONOMY), retag.signature(changed))
    assert difference.sites == frozenset(first.sites) and not difference.everything
    here, elsewhere = SmallArchive(tmp_path / "here.db", site=first.sites[0]), SmallArchive(tmp_path / "elsewhere.db")
    for archive, posts in ((here, 1), (elsewhere, 0)):
        archive.post(archive.thread("Weather"), 1, "It rained on 03/04/2024.")
        tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
        again = tag_archive(archive.db, replace(changed, version="9+00000001"), run_id=archive.tag_run)
        assert again.posts == posts


def test_another_marketplace_of_a_forum_touches_the_threads_of_its_sites(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive.db", site="ebay")
    post = archive.post(archive.thread("What now?"), 1, ABROAD)
    for taxonomy, found in ((TAXONOMY, ["ebay.gsp"]), (forum_of(TAXONOMY, "ebay", "amazon"), [])):
        tag_archive(archive.db, taxonomy, run_id=archive.tag_run)
        assert [program for program, _ in archive.programs(post)] == found


def test_a_taxonomy_whose_signature_is_lost_is_a_change_of_everything(tmp_path: Path) -> None:
    archive = filled(tmp_path / "archive.db", 1)
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    archive.run("delete from taxonomies")
    assert tag_archive(archive.db, replace(TAXONOMY, version="9+00000001"), run_id=archive.tag_run).posts == 40

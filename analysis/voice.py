"""Whose words a paragraph holds. Themes are coded for the author's own voice (`seller`) only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ahocorasick_rs import AhoCorasick

from analysis.literals import required
from analysis.paragraphs import LETTER_CLOSING, LETTER_OPENING, Paragraph

# "Julia_Amazon", "kim@ebay". Sellers call themselves "sick_of_amazon".
STAFF_HANDLES = re.compile(r"[A-Z][A-Za-z]*_Amazon|.+@(?:ebay|etsy|walmart|amazon)")
# The rule where nothing speaks for another voice than the author's own.
AUTHOR = "author"
# The role of an article's author. No forum has it; a file of labelled paragraphs may (`position: article`).
PRESS = "press"
# A seller who writes an article says "I" in so many of its paragraphs, outside quotation marks, or more. Chosen on pages
# retold from public ones, of which reporters and agencies wrote most.
SAYS_I = 0.25
BY_KIND = {"quote": "quotation", "preview": "press", "navigation": "navigation"}

# Sentences that a platform writes and a seller does not.
OFFICIAL = (
    r"(?:starting|beginning|effective|as of|from) (?:on )?(?:january|february|march|april|may|june|july|august"
    r"|september|october|november|december|today)\b",
    r"we(?: are|'re|’re) (?:pleased|excited|happy|introducing|updating|simplifying|making|extending|launching|writing)",
    r"we(?:'ll|’ll| will) (?:promote|provide|automatically|manage|issue|enrol|charge|continue to)",
    r"your (?:eligible|default|professional|selling|individual) \w+",
    r"you (?:may|can) (?:now |disable|opt out|change|update|set|manage)",
    r"no action is (?:needed|required)",
    r"there is (?:nothing you need|no need) to ",
    r"you (?:do not|don't|don’t) need to (?:do|take)",
    r"participation is (?:required|mandatory|optional)",
    r"to learn more",
    r"for more information",
    r"(?:sellers?|units|products|items|accounts) (?:\w+ ){0,8}will (?:no longer )?be ",
    r"exemptions will\b",
    r"you(?:'ll|’ll| will) be (?:charged|enrolled|included|able)",
    r"customers will be able",
)
ANY_OFFICIAL = re.compile(rf"\b(?:{'|'.join(OFFICIAL)})")
# Every such sentence holds one of these: most paragraphs need not be looked through.
OFFICIAL_WORDS = AhoCorasick(sorted(set().union(*(required(pattern)[0] for pattern in OFFICIAL))))
PERSONAL = re.compile(r"\b(?:i|i'm|i’m|i've|i’ve|my|me|imho|lol)\b", re.I)
# A platform does not count itself among the sellers, nor mock what it announces.
SELLERS_SIDE = re.compile(
    r"\b(?:(?:sellers|shops|people|those) like us|(?:us|we) (?:\w+ )?sellers|our (?:own )?(?:shops?|margins?|pockets?|expense)"
    r"|what an? (?:\w+ )?(?:joke|mess|nerve|cheek|disgrace|farce|idea|surprise|improvement)|(?:looks?|smells?|reads?|feels?)"
    r" (?:\w+ )?like (?:an? )?(?:phishing|scam|fraud|joke)|madness|insanity|ridiculous|absurd|insane|outrageous|disgraceful"
    r"|shame on|rip ?off|daylight robbery|money grab|cash grab|yeah right|wtf|ffs|(?:never|nobody|no one) asked)\b|[!?]!|!\?",
    re.I,
)
# A help page asks and answers; without its heading it is known by how it answers.
FAQ_HEADING = re.compile(r"(?:frequently asked questions|faqs?\b|questions and answers|q ?& ?a\b)", re.I)
QUESTION = re.compile(
    r"(?:q: ?)?(?:what|who|how|when|where|why|which|can|could|do|does|is|are|will|would|should|may|am)\b[^.!?\n]{5,150}\?",
    re.I,
)
INSTRUCTION = re.compile(
    r"(?:go to|select|click|visit|contact|open|choose)\b|.*?\b(?:you (?:can|may|must|will)|your \w+|if you|sellers (?:can|may|must)"
    r"|(?:is|are) (?:not )?(?:available|eligible|required|mandatory|excluded|included))\b",
    re.I | re.S,
)
BETWEEN_MARKS = re.compile(r"[\"“«][^\"“”«»]*(?:[\"”»]|\Z)")
WHOLLY_QUOTED = re.compile(r"(?:[\"“«][^\"“”«»]{40,}[\"”»]|['‘][^\"“”«»]{40,}['’])[.)]?", re.S)
QUOTED_LINES = re.compile(r"(?:[ \t]*>[^\n]*(?:\n|$))+")
STAFF_NOTE = re.compile(r"(?:[_—-]+\s*)?\[?(?:mod(?:erator)?|admin|staff)(?:'s)? (?:edit|note)\b", re.I)
# A letter closes with a sentence of its own: "with regards to" does not.
CLOSING = re.compile(rf"(?:\A|(?<=[\n.!?]))\s*(?:{LETTER_CLOSING.pattern})", re.I)
# What ends so, with a colon, introduces somebody else's words: "Just got this e-mail:".
LEAD_IN = re.compile(
    r"\b(?:got|received|posted|reposted|copied|pasted|says?|said|reads?|response|reply|replied|answer(?:ed)?|wrote|sent"
    r"|from (?:amazon|ebay|etsy|walmart|tiktok|shopify|seller central|(?:seller )?support)|e-?mail|message|notice"
    r"|notification|announcement|polic(?:y|ies)|help page|news|following|below)\b[^.!?\n]*:\s*\Z",
    re.I,
)
# A pasted letter goes on for at most so many paragraphs after its opening.
LETTER = 15
# A voice, the rule that decided it, and on what: a role, a handle, a kind of markup, or words, one find to a line. None
# where nothing but the last resort spoke.
Spoken = tuple[str, str, str | None]


def voices(found: Sequence[Paragraph], text: str, *, author: str, role: str) -> list[Spoken]:
    """For each paragraph the voice, the rule that decided it, and the evidence.

    `author` is the name that the forum shows, `role` as in `authors.role`. The last resort is the author's own voice:
    `seller`, or `staff`.
    """
    own: Spoken | None = None
    if role == "staff":
        own = ("staff", "role", role)
    elif STAFF_HANDLES.fullmatch(author):
        own = ("staff", "handle", author)
    result = [_voice(paragraph, text[paragraph.start : paragraph.end], own) for paragraph in found]
    _letters(found, text, result, own)
    if own is None:
        _questions(found, text, result)
        _neighbours(found, text, result)
    if role == PRESS:
        _article(found, text, result)
    return result


def _voice(paragraph: Paragraph, words: str, own: Spoken | None) -> Spoken:
    if paragraph.kind in BY_KIND:
        return BY_KIND[paragraph.kind], f"kind {paragraph.kind}", paragraph.kind
    if QUOTED_LINES.fullmatch(words):
        return "quotation", "lines that begin with >", ">"
    if note := STAFF_NOTE.match(words):
        return "staff", "moderator's note", note[0]
    if paragraph.kind in ("text", "list") and not own:
        official = _official(words)
        quoted = WHOLLY_QUOTED.fullmatch(words.strip())
        if quoted and not PERSONAL.search(words):
            if not official:
                return "quotation", "in quotation marks", words.strip()[0]
            return "announcement", "quoted official words", "\n".join(official)
        if len(official) >= 2 and not speaks_up(words):
            return "announcement", "official sentences", "\n".join(official)
    return own or ("seller", AUTHOR, None)


def introduces(words: str) -> bool:
    """Whether what comes next is likely somebody else's words."""
    return words.rstrip().endswith(":") and LEAD_IN.search(words) is not None


def speaks_up(words: str) -> bool:
    """Whether a seller is heard in it, as "I" or by where he stands."""
    return PERSONAL.search(words) is not None or SELLERS_SIDE.search(words) is not None


def _official(words: str) -> list[str]:
    """The words by which sentences that only a platform writes are known there."""
    lower = words.lower()
    if not OFFICIAL_WORDS.find_matches_as_indexes(lower):
        return []
    # Few letters are longer in lower case, so that places in one text are not places in the other.
    shown = words if len(words) == len(lower) else lower
    return [shown[found.start() : found.end()].strip() for found in ANY_OFFICIAL.finditer(lower)]


def _article(found: Sequence[Paragraph], text: str, result: list[Spoken]) -> None:
    """Mark an article in which next to nobody says "I" as a reporter's."""
    own = [place for place, spoken in enumerate(result) if spoken[1] == AUTHOR]
    words = [BETWEEN_MARKS.sub(" ", text[found[place].start : found[place].end]) for place in own]
    if sum(PERSONAL.search(said) is not None for said in words) < SAYS_I * len(own):
        for place in own:
            result[place] = ("press", "article", PRESS)


def _letters(found: Sequence[Paragraph], text: str, result: list[Spoken], own: Spoken | None) -> None:
    """Mark pasted e-mails: from an opening to a closing, or as far as nobody speaks for himself."""
    place = 0
    while place < len(found):
        paragraph = found[place]
        opening = LETTER_OPENING.match(text, paragraph.start, paragraph.end)
        if own or paragraph.kind != "text" or not opening:
            place += 1
            continue
        last = place
        for other in range(place, min(place + LETTER, len(found))):
            words = text[found[other].start : found[other].end]
            if found[other].kind not in ("text", "list", "heading") or (other > place and speaks_up(words)):
                break
            if CLOSING.search(words):
                last = other
                break
            if _official(words) or other == place:
                last = other
        first_words = text[paragraph.start : paragraph.end]
        # "Dear seller," can be irony: a letter has official sentences, or a closing.
        signs = [sign for p in found[place : last + 1] for sign in _signs(text[p.start : p.end])]
        if signs and not (last == place and speaks_up(first_words)):
            for number in range(place, last + 1):
                result[number] = ("email", "pasted letter", f"{opening[0]}\n{signs[0]}")
        place = last + 1


def _signs(words: str) -> list[str]:
    """What shows that a letter is one: words that only a platform writes, and how its letters close."""
    closing = CLOSING.search(words)
    return [*_official(words), *([closing[0].strip()] if closing else [])]


def _questions(found: Sequence[Paragraph], text: str, result: list[Spoken]) -> None:
    """Mark pasted help pages: at least two questions in a row that somebody answers who is not among the sellers, or one
    under such a page's heading."""
    words = [text[paragraph.start : paragraph.end] for paragraph in found]
    place = 0
    while place < len(found):
        headed = FAQ_HEADING.match(words[place])
        if headed and speaks_up(words[place]):
            headed = None
        end = place + 1 if headed else place
        pairs = 0
        while end < len(found) and (length := _answered(words[end : end + 2], headed=headed is not None)):
            end += length
            pairs += 1
        if pairs >= (1 if headed else 2):
            for number in range(place, end):
                if result[number][0] == "seller":
                    sign = headed or QUESTION.match(words[place])
                    result[number] = ("announcement", "questions and answers", sign[0] if sign else None)
        place = max(end, place + 1)


def _answered(words: Sequence[str], *, headed: bool) -> int:
    """How many of these paragraphs, of which the second may be the answer, a help page's question and answer take."""
    question = QUESTION.match(words[0])
    if question is None:
        return 0
    answers = words[0][question.end() :].strip()
    length = 1
    if not answers and len(words) > 1 and not QUESTION.match(words[1]):
        answers, length = words[1], 2
    return length if answers and not speaks_up(answers) and (headed or INSTRUCTION.match(answers)) else 0


def _neighbours(found: Sequence[Paragraph], text: str, result: list[Spoken]) -> None:
    """A pasted announcement takes in the headings, lists and official sentences that stand next to it."""
    for step in (1, -1):
        order = range(len(found)) if step == 1 else range(len(found) - 1, -1, -1)
        for place in order:
            before = place - step
            if not 0 <= before < len(found) or result[place][0] != "seller":
                continue
            if result[before][:2] not in (
                ("announcement", "official sentences"),
                ("announcement", "beside official ones"),
            ):
                continue
            words = text[found[place].start : found[place].end]
            if not speaks_up(words) and (
                found[place].kind in ("heading", "list", "table") or _official(words) or words.endswith(":")
            ):
                result[place] = ("announcement", "beside official ones", result[before][2])

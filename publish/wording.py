"""What the codes of the taxonomy and the archive are called on pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MODES = {
    "auto_enrol": "Switched on for sellers",
    "default_on": "Default of a setting",
    "mandatory": "Mandatory",
    "silence_is_consent": "Silence is consent",
    "contract_by_use": "Accepted by use",
    "opt_in_confused": "Opt-in, taken for imposed",
    "opt_in": "Opt-in",
    "ended": "Ended",
    "buyer_side": "The buyer's choice",
    "context": "No program",
}
MODES_EXPLAINED = {
    "auto_enrol": "Sellers were put into it; there is, or was, a way out.",
    "default_on": "It is the default of a setting that sellers can change.",
    "mandatory": "It applies without a choice: no setting turns it off.",
    "silence_is_consent": "It applies after a deadline to those who did not refuse.",
    "contract_by_use": "Who goes on using the platform has accepted it.",
    "opt_in_confused": "Sellers choose it, but many speak of it as imposed.",
    "opt_in": "Sellers choose it.",
    "ended": "It was withdrawn.",
    "buyer_side": "Buyers choose it; counted to tell it apart from seller programs.",
    "context": "A remedy or a metric that is mentioned beside programs.",
}
EXITS = {
    "setting": "A setting", "survey": "A survey form", "email": "By e-mail", "none": "None",
    "form": "A form", "none_after_enrolment": "None once in it", "per_change": "Change by change",
    "sku_exemption": "Exemptions by article", "stop_selling": "Only by not selling", "stop_using": "Only by not using it",
}  # fmt: skip
MARKETPLACES = {
    "amazon": "Amazon", "ebay": "eBay", "etsy": "Etsy", "walmart": "Walmart", "shopify": "Shopify", 
    "tiktok_shop": "TikTok Shop",
}  # fmt: skip
TIERS = {"P": "the platform", "S": "press or blog", "F": "a forum"}
STATUS = {
    "verified": "Rests on a primary page, or on two independent others.",
    "partial": "Rests on one source that is no primary page, or its date is not known.",
    "unverified": "Not verified: not to be taken for a fact.",
}
VOICES = {
    "seller": "Seller", "staff": "Staff", "announcement": "Announcement", "email": "Pasted e-mail",
    "quotation": "Quotation", "press": "Press", "navigation": "Navigation",
}  # fmt: skip
# The ways in which a post is about a program; where several are so, the first of them is shown.
HOW = {
    "named": "Named in the post",
    "described": "Described, without its name",
    "inherited": "Meant, by what was said before",
}
# What the words do on which a program tag rests.
EVIDENCE = {"named": "named", "described": "described, without its name,"}
# All ways of a tag; a theme is always said.
HOWS = ("said", *HOW)
STATES = {
    "live": "Thread still there", "gone": "Thread vanished, saved in time", "recovered": "Thread vanished, recovered",
    "saved": "Thread known from a saved copy",
    "deleted": "Post deleted", "hidden": "Post hidden",
}  # fmt: skip
ROUTES = {"live": "from the forum", "memento": "from a web archive", "import": "from a saved file"}


def kept(routes: Iterable[str]) -> str:
    """Where that came from which others kept of a thread: `from a web archive and from a saved file`."""
    return " and ".join(ROUTES[route] for route in ("memento", "import") if route in routes)


def origin(tag: Mapping[str, Any]) -> str:
    """How a post comes to have this tag (`how`, `evidence_in`, `evidence_how`, `source_number`)."""
    if tag["how"] == "said":
        return "Said here"
    if tag["how"] == "named":
        return "The program is named"
    if tag["how"] == "described":
        return HOW["described"]
    said = EVIDENCE[tag["evidence_how"]]
    if tag["evidence_in"] == "title":
        return f"Meant; {said} in the title"
    return "Meant, not named" if tag["source_number"] is None else f"Meant; {said} in post {tag['source_number']}"


def word(words: dict[str, str], code: str | None) -> str:
    """What `code` is called; the code itself, readable, if it has no name here."""
    return words.get(code or "", (code or "").replace("_", " ").capitalize())

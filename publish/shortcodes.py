"""Emoji as readers know them. Forums write them by name, `:eyes:`, and so they are stored."""

from __future__ import annotations

import re
from functools import lru_cache

import emoji

# Not the minutes of `12:30:15`, nor the parts of an address. `:t2:` to `:t6:` is a tone of skin, from light to dark.
CODE = re.compile(r"(?<!\w):(?P<name>[a-z0-9_+-]+):(?:t(?P<tone>[2-6]):)?(?!\w)")
LIGHTEST = 0x1F3FB
# What Discourse makes of `:)` and `:(`, by names that are nobody else's.
OWN_NAMES = {"slight_smile": "slightly_smiling_face", "slight_frown": "slightly_frowning_face"}


def shown(text: str) -> str:
    """The text with a character for each known code; what nobody knows stays as it is."""
    return CODE.sub(lambda code: _character(code[0]) or code[0], text)


def spans(text: str) -> list[tuple[int, int]]:
    """Where the known codes of a text stand."""
    return [code.span() for code in CODE.finditer(text) if _character(code[0])]


@lru_cache(maxsize=4096)
def _character(code: str) -> str | None:
    parts = CODE.fullmatch(code)
    if parts is None:
        return None
    character = emoji.emojize(f":{OWN_NAMES.get(parts['name'], parts['name'])}:", language="alias")
    if not emoji.is_emoji(character):
        return None
    if parts["tone"]:
        # The sign that asks for a coloured picture gives way to the tone.
        toned = character.rstrip("\ufe0f") + chr(LIGHTEST + int(parts["tone"]) - 2)
        return toned if emoji.is_emoji(toned) else character
    return character

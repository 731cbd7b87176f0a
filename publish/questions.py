"""Ready-made questions: what their parameters can be, and what is wrong with one that is something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from datasette.database import QueryInterrupted

from publish import search_page, tables
from publish.exports.selection import unlimited
from publish.site import Row, Site

# What a parameter that can be one of a list is called.
NOUNS = {
    "program": "program", "theme": "theme", "site": "forum", "marketplace": "platform", "year": "year with a post",
    "voice": "voice", "how": "kind of mention", "state": "state", "role": "role", "sort": "order",
}  # fmt: skip
# Parameters that are a day, a month or a year.
DAYS = ("since",)
DAY = re.compile("[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
# Characters of a wrong value that are repeated.
SHOWN = 80
# The one question whose answer is the same in capitals: the search.
SEARCH = "search"
# Milliseconds that counting all rows of a question may take while its page waits.
PATIENCE = 300
Choices = Mapping[str, Mapping[str, str]]


async def choices(site: Site) -> dict[str, dict[str, str]]:
    """What each parameter can be, by its name: values and what they are called."""
    lists: dict[str, list[tuple[str, str]]] = dict(await search_page.choices(site))
    lists["marketplace"] = [(row["id"], row["id"]) for row in await site.rows(
        "select distinct marketplace as id from programs where marketplace is not null order by 1")]  # fmt: skip
    # Of a program or a theme that nobody wrote about one can ask, too.
    for kind in ("program", "theme"):
        rows = await site.rows(f"select id, name from {kind}s order by name")
        lists[kind] = [(row["id"], row["name"]) for row in rows]
    lists["role"] = [("member", "members"), ("staff", "staff")]
    lists["sort"] = [("best", "best first"), ("newest", "newest first"), ("oldest", "oldest first")]
    return {name: dict(entries) for name, entries in lists.items()}


def wrong(question: str, asked: Mapping[str, str], known: Choices) -> list[Row]:
    """Why a question has no answer: `parameter`, `said`, and `near`, values that may be meant with their names.

    Empty values ask for everything, and parameters that have no list can be anything.
    """
    found: list[Row] = []
    for name, value in asked.items():
        written = value.lower() if question == SEARCH else value
        if not value or (name not in NOUNS and name not in DAYS) or written in known.get(name, {}):
            continue
        if name in DAYS:
            if not is_day(value):
                said = f"“{value[:SHOWN]}” is no day (YYYY-MM-DD), no month (YYYY-MM) and no year."
                found.append({"parameter": name, "said": said, "near": []})
            continue
        by_name = {title.lower(): key for key, title in known[name].items()}
        by_name |= {key.lower(): key for key in known[name]} | {key.rpartition(".")[2]: key for key in known[name]}
        near = dict.fromkeys(by_name[each] for each in tables.near(value, by_name))
        found.append({
            "parameter": name, "said": f"There is no {NOUNS[name]} “{value[:SHOWN]}” here.",
            "near": [(key, known[name][key]) for key in near],
        })  # fmt: skip
    return found


async def total(site: Site, sql: str, asked: Mapping[str, str]) -> int | None:
    """How many rows the question has without the limit of its page; None if counting them takes long."""
    counting = f"select count(*) from ({unlimited(sql)}\n)"
    try:
        return int((await site.database.execute(counting, dict(asked), custom_time_limit=PATIENCE)).rows[0][0])
    except QueryInterrupted:
        return None


def is_day(text: str) -> bool:
    """True for a day, a month or a year as ISO 8601 has them."""
    if not DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True

"""The data dictionary of an export: what each column means, in the W3C's "CSV on the Web" form.

It lies beside the file under the name that the standard gives it: `posts.csv` and `posts.csv-metadata.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml

from publish.serve import METADATA

ENDING = "-metadata.json"
DEFUSED = (
    "A text that begins with = + - @ a tab or a line break (or apostrophes and then one of these) has one apostrophe"
    " before it, so that no spreadsheet takes it for a formula. Take one away to have the text as published."
)


@lru_cache(maxsize=1)
def published() -> dict[str, Any]:
    """What `metadata.yml` says of the published database: `tables`, `queries`."""
    loaded: dict[str, Any] = yaml.safe_load(METADATA.read_text(encoding="utf-8"))["databases"]["archive"]
    return loaded


def describe(
    metadata: Mapping[str, Any], filename: str, name: str, columns: Sequence[str], *, rows: int | None = None,
    source: str = "", defused: bool = False,
) -> str:  # fmt: skip
    """The dictionary of the file `filename`, as JSON.

    `name` is the table or ready-made question that the rows are of; `metadata` is that of the published database;
    `source` says where the rows came from. A column of a question that several tables have is described as in the
    first that has it.
    """
    tables: Mapping[str, Any] = metadata.get("tables", {})
    own = tables.get(name) or metadata.get("queries", {}).get(name) or {}
    meanings: dict[str, str] = {}
    for table in (own, *tables.values()):
        for column, meaning in (table.get("columns") or {}).items():
            meanings.setdefault(column, " ".join(str(meaning).split()))
    document: dict[str, Any] = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": filename,
        "dc:title": own.get("title", name),
        "dc:description": " ".join(str(own.get("description") or "").split()),
    }
    if source:
        document["dc:source"] = source
    document["notes"] = [f"{rows} rows"] * (rows is not None) + [DEFUSED] * defused
    document["tableSchema"] = {
        "columns": [
            {"name": column, "titles": column} | ({"dc:description": meanings[column]} if column in meanings else {})
            for column in columns
        ]
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

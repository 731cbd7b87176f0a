"""The published site as its pages see it: the database, addresses, settings, and how an answer is made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette import Response
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Request

from publish import amounts, wording
from publish.schema import DATABASE

STATIC = Path(__file__).parent / "static"
STYLE_PATH = "/-/optout.css"
# Who may put the site into a search engine: `none` nobody, `pages` the programs, themes and forums, `all` threads too.
INDEXING = ("none", "pages", "all")
# The name under which metadata.yml has this site's settings, in its block `plugins`.
SETTINGS = "optout"

Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What the operator decides in metadata.yml: who may index the site, and whom to write to."""

    index: str = "none"
    contact: str = ""

    @classmethod
    def read(cls, values: object) -> Settings:
        """From the block of metadata.yml; what it does not say, or says wrongly, stays as strict as it can be."""
        if not isinstance(values, dict):
            return cls()
        index = str(values.get("index", "none"))
        return cls(index if index in INDEXING else "none", str(values.get("contact") or ""))


class Site:
    """The site for one request."""

    def __init__(self, datasette: Datasette, request: Request) -> None:
        self.datasette = datasette
        self.request = request
        self.database: Database = datasette.databases.get(DATABASE) or datasette.get_database()
        self.settings = Settings.read(datasette.plugin_config(SETTINGS))
        self.base = str(datasette.urls.path("/")).rstrip("/")
        self.db_path = str(datasette.urls.database(self.database.name))
        self._about: dict[str, str] | None = None

    async def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """The rows of a query as dictionaries."""
        return [dict(row) for row in (await self.database.execute(sql, values)).rows]

    async def row(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row, None if there is none."""
        found = await self.rows(sql, values)
        return found[0] if found else None

    async def about(self) -> dict[str, str]:
        """What the copy says of itself."""
        if self._about is None:
            self._about = {row["key"]: row["value"] for row in await self.rows("select key, value from about")}
        return self._about

    def here(self, address: str) -> str:
        """One of the site's own addresses, under the path at which it is served."""
        return self.base + address if address.startswith("/") else address

    def table(self, name: str, **filters: str) -> str:
        """The address of a table or a ready-made question, narrowed."""
        return f"{self.db_path}/{name}" + (f"?{urlencode(filters)}" if filters else "")

    async def absolute(self, address: str) -> str:
        """The full address of one of the site's own, for feeds and citations."""
        public = (await self.about()).get("public_url")
        if public:
            return public + address if address.startswith("/") else address
        return str(self.datasette.absolute_url(self.request, self.here(address)))

    async def answer(self, template: str, context: Row, *, status: int = 200, indexed: str = "pages") -> Response:
        """A page. `indexed` is the least setting of `index` at which search engines may keep it."""
        allowed = INDEXING.index(self.settings.index) >= INDEXING.index(indexed) and status == 200
        text = await self.datasette.render_template(
            template, self.context(indexable=allowed) | context, request=self.request
        )
        headers = {} if allowed else {"x-robots-tag": "noindex"}
        return Response.html(text, status=status, headers=headers)

    def context(self, *, indexable: bool = False) -> Row:
        """What every page needs."""
        return {
            "here": self.here, "table": self.table, "db_path": self.db_path, "style": style_url(self.datasette),
            "say": wording, "amount": amounts, "indexable": indexable, "contact": self.settings.contact,
        }  # fmt: skip


@lru_cache(maxsize=1)
def style() -> tuple[str, str]:
    """The style sheet and its digest."""
    text = (STATIC / "optout.css").read_text(encoding="utf-8")
    return text, hashlib.sha256(text.encode()).hexdigest()[:8]


def style_url(datasette: Datasette) -> str:
    """Address of the style sheet; it changes with its content, so that browsers may keep it."""
    return f"{datasette.urls.path(STYLE_PATH)}?{style()[1]}"

"""The kinds of forum that can be read. A new kind is one new module here, and one line in `ADAPTERS`."""

from __future__ import annotations

from crawler.sites import discourse
from crawler.sites.base import Adapter, Reference, Site

ADAPTERS: dict[str, Adapter] = {"discourse": discourse}

__all__ = ["ADAPTERS", "Adapter", "Reference", "Site"]

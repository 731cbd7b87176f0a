"""Metadata that are not copied.

Datasette 0.65 copies all of metadata.yml, deeply, whenever it asks whether a reader may see a table. With every column
described that takes milliseconds, some ten times for a page of a table and once for every table on the page of the
database. It changes nothing in what it copies.
"""

from __future__ import annotations

from typing import Any

from datasette.app import Datasette


class Shared(dict[str, Any]):
    """A dictionary that a deep copy leaves as it is."""

    def __deepcopy__(self, memo: object) -> Shared:
        return self


def share_metadata(datasette: Datasette) -> None:
    """Spare Datasette the copies. A version that keeps its metadata elsewhere is left alone."""
    metadata = getattr(datasette, "_metadata_local", None)
    if isinstance(metadata, dict):
        datasette._metadata_local = Shared(metadata)

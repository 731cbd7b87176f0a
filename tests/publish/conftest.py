from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasette.app import Datasette

import taxonomy as taxonomies
from archive.database import Paths
from publish import serve
from publish.build import build, inspect_file
from taxonomy import Taxonomy
from tests.publish import awkward_archive


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return taxonomies.load()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy) -> Paths:
    """The awkward archive, published. Not to be changed."""
    paths = awkward_archive.make(tmp_path_factory.mktemp("published") / "archive.db")
    build(paths, taxonomy)
    return paths


@pytest.fixture
def archived(tmp_path: Path) -> Paths:
    """The awkward archive, not published yet."""
    return awkward_archive.make(tmp_path / "archive.db")


@pytest.fixture
def rows(published: Paths) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Asks the published database."""
    with sqlite3.connect(published.published) as connection:
        connection.row_factory = sqlite3.Row
        yield lambda sql, *values: [dict(row) for row in connection.execute(sql, values)]
    connection.close()


@pytest.fixture(scope="session")
def metadata() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(serve.METADATA.read_text(encoding="utf-8"))
    return loaded


def datasette(paths: Paths, metadata: dict[str, Any], **settings: Any) -> Datasette:
    values = {name: {"on": True, "off": False}.get(value, value) for name, value in serve.SETTINGS.items()}
    values = {name: int(value) if isinstance(value, str) else value for name, value in values.items()}
    return Datasette(
        [], immutables=[str(paths.published)], metadata=metadata, settings=values | settings,
        inspect_data=json.loads(inspect_file(paths.published).read_text(encoding="utf-8")),
        plugins_dir=str(serve.PLUGINS), template_dir=str(serve.TEMPLATES),
    )  # fmt: skip


@pytest.fixture(scope="session")
def get(published: Paths, metadata: dict[str, Any]) -> Callable[[str], Any]:
    """Asks the site, as a browser would, without a socket."""
    site = datasette(published, metadata)

    def ask(path: str) -> Any:
        async def answer() -> Any:
            await site.invoke_startup()
            return await site.client.get(path)

        return asyncio.run(answer())

    return ask

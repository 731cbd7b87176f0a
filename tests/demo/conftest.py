"""A small forum on loopback, a client for it, and the schemas that its answers must satisfy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from demo import DemoForum, Forum, load_forum

HERE = Path(__file__).parent
Validate = Callable[[str, Any], None]


@pytest.fixture(scope="session")
def written() -> Forum:
    """Seven synthetic threads."""
    return load_forum(HERE / "small")


@pytest.fixture
def forum(written: Forum) -> Iterator[DemoForum]:
    """The threads, served without limits, two topics a page."""
    with DemoForum(written, limits=None, per_page=2) as served:
        yield served


@pytest.fixture
def client(forum: DemoForum) -> Iterator[httpx.Client]:
    """A client that does not follow redirects."""
    # Nothing here is encrypted, and reading the certificates takes longer than most tests.
    with httpx.Client(base_url=forum.url, verify=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def validate() -> Validate:
    """``validate(schema, answer)`` fails with every place where the answer departs from the schema."""
    resources = [
        (file.name, Resource.from_contents(json.loads(file.read_text(encoding="utf-8"))))
        for file in (HERE / "schemas").glob("*.json")
    ]
    registry: Registry[Any] = Registry().with_resources(resources)

    def check(schema: str, answer: Any) -> None:
        faults = Draft202012Validator({"$ref": schema}, registry=registry).iter_errors(answer)
        assert [f"{list(fault.absolute_path)}: {fault.message[:200]}" for fault in faults] == []

    return check

from __future__ import annotations

import copy
from typing import Any

from archive.database import Paths
from publish.shared import Shared, share_metadata
from tests.publish.conftest import datasette
from tests.publish.test_pages import ask


def test_who_may_see_a_table_is_asked_without_copying_all_metadata(published: Paths, metadata: dict[str, Any]) -> None:
    metadata = copy.deepcopy(metadata)
    before = copy.deepcopy(metadata)
    site = datasette(published, metadata)
    for path in ("/archive", "/archive/posts", "/archive/posts/1", "/archive/ways_out", "/"):
        assert ask(site, path).status_code == 200
    assert copy.deepcopy(site._metadata_local) is site._metadata_local
    # Datasette itself adds to it: the names of ready-made questions, and that there is no licence.
    for kind in ("tables", "queries"):
        for name, said in before["databases"]["archive"][kind].items():
            now = metadata["databases"]["archive"][kind][name]
            assert {key: now[key] for key in said} == said, name


def test_a_table_that_the_operator_closes_stays_closed(published: Paths, metadata: dict[str, Any]) -> None:
    closed = copy.deepcopy(metadata)
    closed["databases"]["archive"]["tables"]["captures"]["allow"] = {"id": "root"}
    site = datasette(published, closed)
    assert ask(site, "/archive/captures").status_code == 403
    assert ask(site, "/archive/posts").status_code == 200 and ask(site, "/archive/captures").status_code == 403


def test_another_version_of_datasette_is_left_alone() -> None:
    class Other:
        pass

    share_metadata(Other())  # type: ignore[arg-type]
    assert not hasattr(Other(), "_metadata_local") and copy.deepcopy(Shared(a=[1])) == {"a": [1]}

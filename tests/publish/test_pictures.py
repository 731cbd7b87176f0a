"""Pictures of posts, shown from the archive: what strangers uploaded never runs, and no other kind of file is served."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths
from archive.errors import DamagedError
from archive.warc import Exchange, Origin, WarcStore
from publish import pictures
from publish.build import build
from publish.evidence import package
from publish.evidence.choosing import choose
from publish.evidence.gathering import attached, gather
from publish.exports import bulk, files
from taxonomy import Taxonomy
from tests.publish.awkward_archive import FORUM, Archive
from tests.publish.conftest import datasette
from tests.publish.test_pages import ask

PNG = b"\x89PNG\r\n\x1a\n" + b"kelp" * 20
SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
UPLOADS = f"{FORUM}/uploads"
# What lies at a forum: name of the file, what the server calls it, its bytes, and whether a reader is shown it.
FILES: tuple[tuple[str, str, bytes, bool], ...] = (
    ("a.png", "image/png", PNG, True),
    ("again.png", "image/png", PNG, True),
    ("loud.jpg", "Image/JPEG", b"\xff\xd8\xff loud", True),
    ("drawing.svg", "image/svg+xml", SCRIPT, False),
    ("page.png", "text/html", b"<script>alert(2)</script>", False),
    ("bare.png", "", b"<script>alert(3)</script>", False),
    ("letter.pdf", "application/pdf", b"%PDF-1.7", False),
    # Whatever the server calls an image is served as that, and never as a page.
    ("lie.gif", "image/gif", b"<script>alert(4)</script>", True),
    ("huge.png", "image/png", b"\x89PNG" + bytes(pictures.LARGEST), False),
)


def illustrated(folder: Path, uploads: tuple[tuple[str, str, bytes, bool], ...] = FILES) -> Paths:
    """An archive with one post that shows these files, each captured."""
    archive = Archive(folder / "archive.db")
    store = WarcStore(archive.paths.warcs, software="test")
    origin = Origin("sas", "discourse", FORUM, "live", "")
    html = "".join(f'<p><img src="/uploads/{name}" alt="my {name}"></p>' for name, *_ in uploads)
    post = archive.post(archive.thread("1", "Pictures"), 1, "Joe", html)
    for name, mime, body, _ in uploads:
        exchange = Exchange(
            f"{UPLOADS}/{name}", "2024-05-01T00:05:00Z", 200, "OK", [("Content-Type", mime)] if mime else [], body
        )
        place = store.append(exchange, origin)
        capture = archive.insert(
            "captures", run_id=archive.run, site_id="sas", url=exchange.url, captured_at=exchange.captured_at, status=200,
            mime=mime or None, digest=f"sha256:{hashlib.sha256(body).hexdigest()}", size=len(body), route="live", via="",
            warc_filename=place.filename, warc_record_offset=place.offset, warc_record_length=place.length,
        )  # fmt: skip
        archive.insert("media", post_id=post, url=exchange.url, capture_id=capture, state="held")
    archive.insert("media", post_id=post, url=f"{UPLOADS}/lost.png", state="missing", reason="status 404")
    archive.close()
    return archive.paths


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy) -> Paths:
    """The illustrated archive, published. Not to be changed."""
    paths = illustrated(tmp_path_factory.mktemp("pictures"))
    build(paths, taxonomy)
    return paths


def place(body: bytes, ending: str) -> str:
    return f"/-/media/{hashlib.sha256(body).hexdigest()}.{ending}"


def test_a_post_shows_its_pictures_from_this_site_and_names_the_rest(shown: Paths, metadata: dict[str, Any]) -> None:
    site = datasette(shown, metadata)
    html = LexborHTMLParser(ask(site, "/thread/sas/1").text)
    images = {image.attributes["alt"]: image.attributes["src"] for image in html.css(".body img")}
    assert images == {
        "my a.png": place(PNG, "png"), "my again.png": place(PNG, "png"),
        "my loud.jpg": place(FILES[2][2], "jpg"), "my lie.gif": place(FILES[7][2], "gif"),
    }  # fmt: skip
    named = {a.text(): a.attributes["href"] for a in html.css(".body .elsewhere a")}
    assert named == {f"[picture: my {name}]": f"{UPLOADS}/{name}" for name, _, _, here in FILES if not here}
    for source in images.values():
        assert ask(site, source).status_code == 200


def test_a_picture_is_the_captured_bytes_and_can_run_nothing(shown: Paths, metadata: dict[str, Any]) -> None:
    site = datasette(shown, metadata)
    for name, mime, body, here in FILES:
        if here:
            answer = ask(site, place(body, pictures.SHOWN[mime.lower()]))
            assert answer.content == body and answer.headers["content-type"] == mime.lower(), name
            assert answer.headers["x-content-type-options"] == "nosniff"
            policy = answer.headers["content-security-policy"]
            assert "sandbox" in policy and "default-src 'none'" in policy and "script-src" not in policy


@pytest.mark.parametrize("name", [name for name, _, _, here in FILES if not here])
def test_what_can_hold_a_script_or_is_no_picture_is_served_at_no_address(
    shown: Paths, metadata: dict[str, Any], name: str
) -> None:
    site = datasette(shown, metadata)
    body = next(file[2] for file in FILES if file[0] == name)
    for ending in ("png", "jpg", "gif", "webp", "svg", "html", "pdf"):
        assert ask(site, place(body, ending)).status_code == 404
    assert body not in shown.published.read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        f"/-/media/{'0' * 64}.png", "/-/media", "/-/media/1.png", f"/-/media/{'0' * 64}", "/-/media/../../etc/passwd",
        "/-/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd.png", f"/-/media/{'0' * 64}.png/../../metadata.yml",
        f"/-/media/{place(PNG, 'png')[9:73].upper()}.png", f"{place(PNG, 'png')}%00", f"{place(PNG, 'png')}/x",
    ],
)  # fmt: skip
def test_another_address_is_not_found(shown: Paths, metadata: dict[str, Any], path: str) -> None:
    site = datasette(shown, metadata)
    answer = ask(site, path)
    while answer.status_code == 302:
        answer = ask(site, answer.headers["location"])
    assert answer.status_code == 404 and answer.headers["content-type"].startswith("text/html")
    assert b"root:" not in answer.content and PNG not in answer.content


def test_pictures_and_what_became_of_the_others_are_listed_each_file_kept_once(shown: Paths) -> None:
    connection = sqlite3.connect(shown.published)
    listed = {url.rsplit("/", 1)[1]: (state, reason, digest is not None)
              for url, state, reason, digest in connection.execute("select url, state, reason, digest from media")}  # fmt: skip
    kept = connection.execute("select count(*), count(distinct digest) from media_files").fetchone()
    connection.close()
    assert listed == {name: ("held", None, here) for name, _, _, here in FILES} | {
        "lost.png": ("missing", "status 404", False)
    }
    assert kept == (3, 3)


def test_a_masked_package_and_the_files_for_download_hold_no_picture(shown: Paths, tmp_path: Path) -> None:
    # What a picture shows cannot be masked.
    package.make(shown, tmp_path / "masked", thread=f"{FORUM}/t/1", public=True)
    assert all(PNG not in path.read_bytes() for path in (tmp_path / "masked").rglob("*") if path.is_file())
    with files.opened(shown) as copy:
        choice = choose(copy, thread=f"{FORUM}/t/1")
    with attached(shown) as archive:
        assert f"{UPLOADS}/a.png" in {row["url"] for row in gather(archive, choice, masked=False).captures}
    assert "media_files" not in {entry["table"] for entry in bulk.make(shown)["files"]}


@pytest.mark.parametrize("damage", ["lost", "other"])
def test_a_picture_that_is_not_in_the_warc_files_any_more_is_reported(
    tmp_path: Path, taxonomy: Taxonomy, damage: str
) -> None:
    paths = illustrated(tmp_path, FILES[:1])
    warc = next(paths.warcs.glob("*.warc.gz"))
    if damage == "lost":
        warc.unlink()
    else:
        with sqlite3.connect(paths.database) as connection:
            connection.execute("update captures set digest = 'sha256:00' where url like '%.png'")
        connection.close()
    with pytest.raises(DamagedError, match=r"\.warc\.gz"):
        build(paths, taxonomy)
    assert not paths.published.exists()

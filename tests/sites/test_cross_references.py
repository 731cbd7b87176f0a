"""Links between forums lead to threads by their identity, whatever form the address has, and follow their state."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.catalogue import archived_sites, known_sites
from crawler.changes import Capture
from crawler.observations import ThreadGone
from crawler.sites import Site
from crawler.store import Store
from tests.sites.stored import OSFE, Stored, moment_of, page, post

SAS = Site("sas", "discourse", "https://sellersasksellers.com")
NSFE = Site("nsfe-us", "amazon_nsfe", "https://sellercentral.amazon.com/seller-forums")
UUID = "84e3f6b1-42f7-4cf3-a189-a5cc8d78d838"
LINKS = [
    "https://sellercentral.amazon.com/forums/t/labels/7?page=2",
    "https://web.archive.org/web/20190501000000/https://sellercentral.amazon.com/forums/t/labels/7/3",
    f"https://sellercentral.amazon.in/seller-forums/discussions/t/{UUID}?postId={UUID}",
    "https://sellercentral.amazon.com/forums/message.jspa?messageID=2483353",
    "https://example.com/",
]


def linking(folder: Path) -> Stored:
    stored = Stored(folder, SAS)
    html = "".join(f'<p><a href="{url}">there</a></p>' for url in LINKS)
    stored.see(page(post(1, html)), 1, "live")
    return stored


def links(stored: Stored) -> list[tuple[object, ...]]:
    return [
        tuple(row)
        for row in stored.db.conn.execute(
            "select target_site_id, target_native_id, target_post_native_id, target_number, state from links order by id"
        )
    ]


def see(stored: Stored, site: Site, native_id: str, route: str, status: int | None = None) -> None:
    store = Store(stored.db.conn, site)
    store.add_site(moment_of(1))
    stored.db.conn.execute(
        "insert into captures (site_id, url, captured_at, status, digest, size, route, warc_filename,"
        " warc_record_offset, warc_record_length) values (?, 'u', ?, 200, 'd', 0, ?, ?, 0, 0)",
        (site.id, moment_of(2), route, native_id + str(status)),
    )
    row = stored.db.conn.execute("select max(id) from captures").fetchone()
    capture = Capture(row[0], moment_of(2), "test", route)
    if status:
        store.gone(ThreadGone(native_id, status), capture)
    else:
        store.thread(page(post(1), native_id=native_id), capture)


def test_links_name_threads_of_forums_that_are_not_held(tmp_path: Path) -> None:
    assert links(linking(tmp_path)) == [
        ("osfe-us", "7", None, None, "unknown"),
        ("osfe-us", "7", None, 3, "unknown"),
        ("nsfe-in", UUID, UUID, None, "unknown"),
        ("jive-us", None, "2483353", None, "unknown"),
        (None, None, None, None, "outside"),
    ]


def test_a_recovered_thread_is_recovered_for_every_link_to_it(tmp_path: Path) -> None:
    stored = linking(tmp_path)
    see(stored, OSFE, "7", "memento")
    assert [row[4] for row in links(stored)] == ["recovered", "recovered", "unknown", "unknown", "outside"]


def test_a_thread_held_from_one_country_s_host_is_held_for_links_to_another_s(tmp_path: Path) -> None:
    stored = linking(tmp_path)
    see(stored, NSFE, UUID, "live")
    assert links(stored)[2][4] == "live"


def test_that_a_thread_is_gone_before_it_was_saved_is_said_where_it_is_linked(tmp_path: Path) -> None:
    stored = linking(tmp_path)
    see(stored, OSFE, "7", "live", 404)
    assert [row[4] for row in links(stored)][:2] == ["gone", "gone"]
    see(stored, OSFE, "7", "memento")
    assert [row[4] for row in links(stored)][:2] == ["recovered", "recovered"]


def test_a_link_in_a_post_that_comes_later_finds_the_thread_that_is_held(tmp_path: Path) -> None:
    stored = Stored(tmp_path, SAS)
    see(stored, OSFE, "7", "memento")
    stored.see(page(post(1, f'<a href="{LINKS[0]}">there</a>'), native_id="9"), 1, "live")
    assert links(stored)[0][4] == "recovered"


@pytest.mark.parametrize("met_first", [True, False])
def test_another_name_of_a_forum_that_only_the_archive_knows_leads_to_its_threads(
    tmp_path: Path, met_first: bool
) -> None:
    other = Site("quay", "discourse", "https://quay.example/forums", hosts=("old.quay.example",))
    stored = Stored(tmp_path, SAS)
    if met_first:
        see(stored, other, "7", "memento")
        stored.store = Store(stored.db.conn, SAS)
    stored.see(page(post(1, '<a href="https://old.quay.example/forums/t/x/7/2">there</a>'), native_id="9"), 1, "live")
    if not met_first:
        assert links(stored) == [(None, None, None, None, "outside")]
        see(stored, other, "7", "memento")
    assert links(stored) == [("quay", "7", None, 2, "saved")]


def test_names_that_were_known_once_stay_known(tmp_path: Path) -> None:
    named = Site("quay", "discourse", "https://quay.example/forums", hosts=("old.quay.example",))
    stored = Stored(tmp_path, named)
    Store(stored.db.conn, Site("quay", "discourse", "https://quay.example/forums")).add_site(moment_of(2))
    (site,) = archived_sites(stored.db.conn)
    assert site == named


def test_a_forum_that_was_met_before_it_was_listed_is_linked_under_its_old_id(tmp_path: Path) -> None:
    stored = Stored(tmp_path, Site("sellersasksellers-com", "discourse", SAS.base_url))
    (sas,) = [site for site in known_sites(stored.db.conn, [SAS, NSFE]) if site.base_url == SAS.base_url]
    assert sas.id == "sellersasksellers-com"

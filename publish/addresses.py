"""Addresses of posts: at their source, and on the published site, where only the source's own ids are used."""

from __future__ import annotations

from urllib.parse import quote

from datasette.utils import tilde_decode, tilde_encode

# Posts on one page of a thread. By number, not by count, so that a permalink stays when a gap is filled.
PAGE_OF_POSTS = 100


def at_source(kind: str, thread_url: str, native_id: str, number: int) -> str:
    """The address of a post on its own forum. `kind` is the kind of the site, e.g. `discourse`."""
    if kind.startswith("discourse"):
        return f"{thread_url}/{number}"
    if kind == "amazon_nsfe":
        return f"{thread_url}?postId={quote(native_id, safe='')}"
    return thread_url


def thread(site_id: str, native_id: str, *, page: int = 1, public_url: str = "") -> str:
    """The page of a thread on this site, e.g. `/thread/sas/3686`; `public_url` (no slash at its end) goes before.

    Signs other than letters and digits are written as Datasette writes them (`~2F`), which no proxy touches.
    """
    path = f"{public_url}/thread/{tilde_encode(site_id)}/{tilde_encode(native_id)}"
    return path if page == 1 else f"{path}?page={page}"


def post(site_id: str, native_id: str, number: int, *, public_url: str = "") -> str:
    """A post on the page of its thread, e.g. `/thread/sas/3686#p4`."""
    return f"{thread(site_id, native_id, page=page_of(number), public_url=public_url)}#p{number}"


def reference(site_id: str, native_id: str) -> str:
    """The name of the place on a thread's page that says what became of another thread, e.g. `to-sas-3686`."""
    return f"to-{tilde_encode(site_id)}-{tilde_encode(native_id)}"


def read_part(part: str) -> str:
    """A forum or a native id from a part of such an address."""
    return str(tilde_decode(part))


def page_of(number: int) -> int:
    """The page of its thread on which a post stands, from 1."""
    return (max(number, 1) - 1) // PAGE_OF_POSTS + 1

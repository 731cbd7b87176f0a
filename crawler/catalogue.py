"""Which forum does the user mean? Names and addresses -> a site and what to take of it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from archive.errors import DataFileError, InputError
from crawler.identity import identify
from crawler.limits import parse_rate
from crawler.sites import ADAPTERS, Reference, Site

SITES_FILE = Path(__file__).parent.parent / "data" / "sites.yml"
KEYS = {"id", "kind", "base_url", "title", "hosts", "rate"}
# Pages that stand for the whole forum.
WHOLE_FORUM = frozenset(("", "latest", "categories", "top", "new", "hot"))
LOOPBACK = re.compile(r"^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?(?:/|$)")


@dataclass(frozen=True)
class Target:
    """A site, and what of it: everything (both None), one thread, or one category's list."""

    site: Site
    thread: str | None = None
    category_path: str | None = None


def load_sites(path: Path = SITES_FILE) -> list[Site]:
    """The sites of `data/sites.yml`. DataFileError with file, line, what is wrong and how to mend it."""
    try:
        text = path.read_text(encoding="utf-8")
        document, data = yaml.compose(text), yaml.safe_load(text)
    except OSError as error:
        raise DataFileError(
            f"{path}: cannot be read: {error.strerror}. It belongs to the program; restore it"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataFileError(f"{path}:{line}: not UTF-8. Save the file in that coding") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataFileError(f"{path}:{line}: not YAML: {error.problem}. Mend the line or the one before") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataFileError(f"{path}:1: not YAML: {error}. Mend the place that it names") from error
    entries = data.get("sites") if isinstance(data, dict) else None
    if not isinstance(entries, list) or document is None or list(data) != ["sites"]:
        raise DataFileError(f"{path}:1: one list `sites:` is expected, and nothing else. See the comment at its head")
    lines = [node.start_mark.line + 1 for node in document.value[-1][1].value]
    sites: dict[str, Site] = {}
    for line, entry in zip(lines, entries, strict=True):
        site = _site(f"{path}:{line}", entry)
        if site.id in sites:
            raise DataFileError(f"{path}:{line}: the id {site.id!r} is there twice. Give one of them another id")
        for other in sites.values():
            if (site.kind, site.base_url) == (other.kind, other.base_url):
                raise DataFileError(
                    f"{path}:{line}: {site.base_url} is the forum of {other.id!r} already. Remove one of them"
                )
        sites[site.id] = site
    return list(sites.values())


def archived_sites(conn: sqlite3.Connection) -> list[Site]:
    """The forums that an archive has met, as it knows them."""
    rows = conn.execute("select id, kind, base_url, title, hosts from sites order by id")
    return [Site(row[0], row[1], row[2], row[3], hosts=tuple(json.loads(row[4]))) for row in rows]


def known_sites(conn: sqlite3.Connection, listed: Iterable[Site]) -> list[Site]:
    """The listed forums, and those that the archive has met beside them. A forum that the archive has met under another
    id (by its address, before it was listed) keeps the id that its rows have."""
    archived = archived_sites(conn)
    ids = {(site.kind, site.base_url): site.id for site in archived}
    sites = {
        site.id: site for site in (replace(site, id=ids.get((site.kind, site.base_url), site.id)) for site in listed)
    }
    for site in archived:
        known = sites.setdefault(site.id, site)
        sites[site.id] = replace(known, hosts=tuple(dict.fromkeys((*known.hosts, *site.hosts))))
    return list(sites.values())


def to_ask(sites: Iterable[Site], listed: Iterable[Site], kind: str = "discourse") -> list[Site]:
    """The forums as a crawl takes them. That one is gone which is not listed was only presumed, when something of it was
    sought in web archives: whoever names it to a crawl has it asked, as one of `kind`."""
    known = {site.id for site in listed}
    return [
        replace(site, kind=kind) if site.id not in known and ADAPTERS[site.kind].NOT_LIVE else site for site in sites
    ]


def _site(where: str, entry: Any) -> Site:
    if not isinstance(entry, dict):
        raise DataFileError(f"{where}: an entry with id, kind and base_url is expected, not {entry!r}")
    if unknown := set(entry) - KEYS:
        raise DataFileError(f"{where}: unknown key {min(map(str, unknown))!r}. Known: {', '.join(sorted(KEYS))}")
    for key in ("id", "kind", "base_url"):
        if not isinstance(entry.get(key), str):
            raise DataFileError(f"{where}: `{key}` is missing or no text. Add it")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", entry["id"]):
        raise DataFileError(f"{where}: id {entry['id']!r}: use small letters, digits and hyphens only")
    if entry["kind"] not in ADAPTERS:
        raise DataFileError(f"{where}: unknown kind {entry['kind']!r}. Known: {', '.join(ADAPTERS)}")
    for key in ("title", "rate"):
        if entry.get(key) is not None and not isinstance(entry[key], str):
            raise DataFileError(f"{where}: {key}: a text is expected, not {entry[key]!r}. Put it into quotation marks")
    hosts = entry.get("hosts") or []
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise DataFileError(f"{where}: hosts: a list of names is expected, not {hosts!r}. Write [a.example, b.example]")
    if not _is_base(entry["base_url"]):
        raise DataFileError(f"{where}: base_url {entry['base_url']!r}: https://host[/path] without a slash at the end")
    if entry.get("rate") is not None:
        try:
            parse_rate(entry["rate"])
        except ValueError as error:
            raise DataFileError(f"{where}: rate: {error}") from error
    return Site(
        id=entry["id"],
        kind=entry["kind"],
        base_url=entry["base_url"],
        title=entry.get("title"),
        hosts=tuple(hosts),
        rate=entry.get("rate"),
    )


def _is_base(url: str) -> bool:
    """Whether `url` is the bare address of a forum: nothing but scheme, host, port and perhaps a folder."""
    try:
        parts = urlsplit(url)
        bare = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    return bare and re.fullmatch(r"https?://[^\s/?#]+(?:/[^\s?#]*[^/\s?#])?", url) is not None


def resolve(name: str, sites: list[Site], kind: str = "discourse") -> Target:
    """What `name` means: an id or host of a known site, or the address of a forum, a category or a thread.

    An address of a forum that is not in the list is taken as one of `kind`. InputError if it is no address.
    """
    for site in sites:
        if name == site.id:
            return Target(site)
    url = name if "://" in name else ("http://" if LOOPBACK.match(name) else "https://") + name
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
        port = parts.port
    except ValueError as error:
        raise InputError(f"{name!r} is no address: {error}") from error
    if (
        parts.scheme not in ("http", "https")
        or not re.fullmatch(r"[\w.:-]+", host)
        or ("." not in host and ":" not in host and host != "localhost")
    ):
        known = ", ".join(site.id for site in sites)
        raise InputError(f"{name!r} is neither a known site ({known}) nor the address of a forum (https://host/...)")
    if "@" in parts.netloc:
        raise InputError(f"{host}: an address without a name and a password is needed; the program never logs in")
    if found := identify(url, sites):
        return Target(found[0], found[1].thread, found[1].category_path)
    base_url = ADAPTERS[kind].base_of(url)
    base_path = urlsplit(base_url).path
    slug = re.sub(r"[^a-z0-9]+", "-", f"{host}{f'-{port}' if port else ''}{base_path}".lower()).strip("-")
    site = Site(id=slug, kind=kind, base_url=base_url)
    reference = ADAPTERS[kind].reference(site, url) or Reference()
    below = parts.path.removeprefix(base_path).strip("/")
    if not reference.thread and not reference.category_path and below not in WHOLE_FORUM:
        raise InputError(f"{name!r} names no thread, no category and no forum. The forum itself is {base_url}")
    return Target(site, reference.thread, reference.category_path)

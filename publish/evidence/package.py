"""Writing a package: a BagIt bag (RFC 8493) with a page to read, tables, WARC records, and what it all rests on."""

from __future__ import annotations

import json
import shutil
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import bagit
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from archive import clock
from archive.database import Paths
from archive.errors import InputError
from archive.version import VERSION
from archive.warc import WarcStore
from publish import wording
from publish.evidence import certainty, citing, records
from publish.evidence.choosing import choose
from publish.evidence.gathering import Gathered, Row, attached, by_post, gather
from publish.exports import files, formats
from publish.serve import TEMPLATES

PRIVATE = (
    "PRIVATE. This package holds user names, texts and captured pages as the forums showed them, of other people on the same"
    " pages too. Do not publish it; keep it as you keep personal data."
)
MASKED = (
    "MASKED. Sellers appear under pseudonyms; e-mail addresses, telephone, order, case and tracking numbers and merchant tokens"
    " are masked. The captured pages hold names and are therefore not in it: captures.csv has the digest of each and says"
    " where it lies in the WARC files of the archive."
)
README = """Evidence from an archive of what sellers say about programs that they must opt out of
{subject}

{privacy}

{counts}

index.html      the posts as one would read them: open it in a browser, no network is needed
posts.csv       the posts, with their source and the capture that proves each
tags.csv        which programs and themes each paragraph is about, on which words that rests, and by which rule
revisions.csv   earlier versions of posts that were edited
captures.csv    the chain of capture: what was asked of whom, when, by what route and with what answer, its digest; of what
                came from a web archive its address there (via), where anyone can check it
{warc}versions.json   versions of the program, the taxonomy and the published copy
{taxonomy}citation.txt    how to cite this package; citation.bib for BibTeX

How sure the tags are

{certainty}

Check that nothing was changed:  python -m bagit --validate FOLDER   (or any other BagIt tool)
{replay}Times are UTC. A digest is the SHA-256 of a page's body after content decoding. Cells of the CSV files that a spreadsheet
would take for a formula have an apostrophe before them.
"""


def make(
    paths: Paths, folder: Path, *, program: str = "", thread: str = "", query: str = "", public: bool = False
) -> Gathered:
    """Make the package in `folder`, which must not exist; what it holds.

    InputError for what cannot be chosen or written, DamagedError if a WARC record is not what the archive says.
    """
    if folder.exists():
        raise InputError(f"{folder} exists: name a new folder, so that nothing in it is taken for part of the package")
    with files.opened(paths) as copy:
        choice = choose(copy, program=program, thread=thread, query=query)
    with attached(paths) as archive:
        gathered = gather(archive, choice, masked=public)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place, so that it appears there whole.
        with tempfile.TemporaryDirectory(prefix=".evidence-", dir=folder.parent) as temporary:
            bag = Path(temporary) / "bag"
            bag.mkdir()
            _write(paths, gathered, bag)
            bagit.make_bag(str(bag), _info(gathered), checksums=["sha256", "sha512"])
            shutil.move(bag, folder)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror or error}") from error
    return gathered


def _write(paths: Paths, gathered: Gathered, folder: Path) -> None:
    if not gathered.masked:
        (folder / "warc").mkdir()
        store = WarcStore(paths.warcs, software=f"optout-archive {VERSION}")
        records.copy(store, gathered.captures, folder / "warc" / records.FILENAME)
    proofs = {capture["capture"]: capture for capture in gathered.captures}
    _csv(folder / "posts.csv", [_proved(post, proofs) for post in gathered.posts])
    _csv(folder / "tags.csv", gathered.tags)
    _csv(folder / "revisions.csv", [_proved(revision, proofs) for revision in gathered.revisions])
    _csv(folder / "captures.csv", gathered.captures)
    made = clock.now()
    (folder / "index.html").write_text(_page(gathered, proofs, made), encoding="utf-8")
    (folder / "versions.json").write_text(json.dumps(_versions(gathered, made), indent=1) + "\n", encoding="utf-8")
    if gathered.taxonomy:
        (folder / "taxonomy.json").write_text(gathered.taxonomy, encoding="utf-8")
    (folder / "citation.txt").write_text(citing.text(gathered, made) + "\n", encoding="utf-8")
    (folder / "citation.bib").write_text(citing.bibtex(gathered, made), encoding="utf-8")
    (folder / "README.txt").write_text(_readme(gathered), encoding="utf-8")


def _proved(row: Row, proofs: Mapping[int, Row]) -> Row:
    """A row with time, route, status and digest of its capture."""
    proof = proofs.get(row["capture_id"]) or {}
    return row | {
        f"capture_{name}": proof.get(name) for name in ("url", "captured_at", "status", "route", "via", "digest")
    }


def _csv(path: Path, rows: Sequence[Row]) -> None:
    columns = list(rows[0]) if rows else ["none"]
    form = formats.Csv()
    path.write_bytes(form.head(columns, len(rows)) + form.rows([tuple(row.values()) for row in rows]))


def _readme(gathered: Gathered) -> str:
    masked = gathered.masked
    return README.format(
        subject=gathered.subject,
        privacy=MASKED if masked else PRIVATE,
        counts=counts(gathered),
        certainty=_wrapped([*certainty.said(gathered), *certainty.of_themes(gathered)]),
        warc="" if masked else "warc/           the captured responses and requests themselves, as WARC records\n",
        taxonomy="taxonomy.json   the taxonomy that the tags are of: programs with sources, codebook of themes\n"
        if gathered.taxonomy
        else "",
        replay=""
        if masked
        else "Show the pages as captured:      wb-manager init e; wb-manager add e"
        " FOLDER/data/warc/*.warc.gz; wayback   (pywb)\n",
    )


def _wrapped(lines: Sequence[str]) -> str:
    return "\n".join(textwrap.fill(line, 120) for line in lines)


def counts(gathered: Gathered) -> str:
    """In words how much a package holds."""
    threads = len({(post["forum"], post["thread"]) for post in gathered.posts})
    return (
        f"{len(gathered.posts)} posts of {threads} threads, {len(gathered.tags)} tags,"
        f" {len(gathered.revisions)} earlier versions, {len(gathered.captures)} captures"
    )


def _info(gathered: Gathered) -> dict[str, str]:
    return {
        "External-Description": f"Evidence from an opt-out archive. {gathered.subject}. {counts(gathered)}.",
        "Internal-Sender-Description": MASKED if gathered.masked else PRIVATE,
        "Bag-Software-Agent": f"optout-archive {VERSION}, bagit {version('bagit')}",
    }


def _versions(gathered: Gathered, made: str) -> dict[str, Any]:
    about = gathered.about
    return {
        "made_at": made,
        "optout_archive": VERSION,
        "taxonomy": about.get("taxonomy_version"),
        "published_copy": {key: about.get(key) for key in ("built_at", "code_version", "fingerprint")},
        "tag_runs": sorted({tag["run_id"] for tag in gathered.tags}),
        "masked": gathered.masked,
    }


def _page(gathered: Gathered, proofs: Mapping[int, Row], made: str) -> str:
    tags, revisions = by_post(gathered.tags), by_post(gathered.revisions)
    threads: dict[tuple[str, str], list[Row]] = {}
    for post in gathered.posts:
        here = tags.get(post["post_id"], [])
        shown = _proved(post, proofs) | {
            "segments": segments(post["text"], here),
            "tags": _merged(here),
            "earlier": [_proved(revision, proofs) for revision in revisions.get(post["post_id"], [])],
        }
        threads.setdefault((post["forum"], post["thread"]), []).append(shown)
    # autoescape: every text here was written by strangers.
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("evidence.html").render(
        subject=gathered.subject, masked=gathered.masked, privacy=MASKED if gathered.masked else PRIVATE,
        counts=counts(gathered), certainty=certainty.said(gathered), of_themes=certainty.of_themes(gathered), threads=list(threads.values()), captures=gathered.captures, made=made,
        kept_where=lambda posts: wording.kept({post["capture_route"] for post in posts}),
        versions=_versions(gathered, made), citation=citing.text(gathered, made),
    )  # fmt: skip


def segments(text: str, tags: Sequence[Row]) -> list[tuple[str, str]]:
    """A text in stretches, each with what it is evidence of (`program` for a name, `described`, `theme`, or nothing)."""
    spans = [
        (tag["start"], tag["end"], "described" if tag["how"] == "described" else tag["kind"])
        for tag in tags
        if tag["evidence_in"] == "paragraph" and tag["start"] is not None and tag["end"] is not None
    ]
    cuts = sorted({0, len(text), *(at for start, end, _ in spans for at in (start, end) if 0 <= at <= len(text))})
    return [
        (text[start:end], " ".join(sorted({kind for first, last, kind in spans if first < end and start < last})))
        for start, end in pairwise(cuts)
    ]


def _merged(tags: Sequence[Row]) -> list[Row]:
    """One entry a program or theme and way that it came about, with all the words that it rests on."""
    merged: dict[tuple[str, ...], Row] = {}
    for tag in tags:
        origin = wording.origin(tag)
        entry = merged.setdefault(
            (tag["kind"], tag["tag"], origin, tag["rule"]),
            {
                "kind": tag["kind"],
                "name": tag["name"],
                "origin": origin,
                "rule": tag["rule"],
                "words": [],
                "scores": [],
            },
        )
        for name, value in (("words", tag["evidence"]), ("scores", tag["score"])):
            if value is not None and value != "" and value not in entry[name]:
                entry[name].append(value)
    return list(merged.values())

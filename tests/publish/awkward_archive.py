"""A small archive with invented people and invented sentences, made awkward on purpose."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from analysis.summaries import summarise
from archive.database import Paths, open_archive
from archive.markup import render
from taxonomy import load

FORUM = "https://forum.example"
# Nothing of this may be in a published file, whatever the case of its letters.
PRIVATE_NAMES = ("kelpkitchen", "brass_lantern", "MfnMarvin", "Zoë_Ångström", "Seller_Ab3dEf6hIj9kL")
# Sentences, what in them is private, and what is to stand instead.
WRITTEN = (
    ("I am on 07700900124.", "07700900124", "[phone]"),
    ("Paris 01 23 45 67 89", "01 23 45 67 89", "[phone]"),
    ("or 06.12.34.56.78!", "06.12.34.56.78", "[phone]"),
    ("call 5558675311", "5558675311", "[phone]"),
    ("text me at 5558675312 or 5558675313", "5558675313", "[phone]"),
    ("my phone is 9876543211", "9876543211", "[phone]"),
    ("WhatsApp: 919876543212", "919876543212", "[phone]"),
    ("write—555–867–5317—soon", "555–867–5317", "[phone]"),
    ("or 555‑867‑5318", "555‑867‑5318", "[phone]"),
    ("(555)\xa0867-5319", "867-5319", "[phone]"),
    ("https://wa.me/15558675315", "15558675315", "wa.me/[phone]"),
    ("打 138 1234 5678。", "138 1234 5678", "[phone]"),
    ("电话13812345679", "13812345679", "电话[phone]"),
    ("Telefonnummer: 0301234567", "0301234567", "[phone]"),
    ("order 112–1234567–7654323", "112–1234567–7654323", "[order id]"),
    ("order 112‑1234567‑7654324", "112‑1234567‑7654324", "[order id]"),
    ("order 112 1234567 7654322", "112 1234567 7654322", "[order id]"),
    ("order 112 - 1234567 - 7654325", "112 - 1234567 - 7654325", "[order id]"),
    ("order 14−12345−67891", "14−12345−67891", "[order id]"),
    ("cases 12345678906 and 12345678907", "12345678907", "cases [case id] and [case id]"),
    ("cases #12345678908, #12345678909", "12345678909", "#[case id]"),
    ("my case was 12345678910", "12345678910", "[case id]"),
    ("case_id=12345678911", "12345678911", "[case id]"),
    ("Fallnummer 12345678913", "12345678913", "[case id]"),
    ("numéro de dossier 12345678914", "12345678914", "[case id]"),
    ("dossier n°\u202f12345678915", "12345678915", "[case id]"),
    ("caso 12345678916", "12345678916", "[case id]"),
    ("joe＠shopmail.example", "shopmail", "[e-mail]"),
    ("joe (at) shopmail2 (dot) example", "shopmail2", "[e-mail]"),
    ("joe[at]shopmail3.example", "shopmail3", "[e-mail]"),
    ("token a2euq1wtgctbg3", "a2euq1wtgctbg3", "[merchant token]"),
    ("token axkqwrtzplmnbv", "axkqwrtzplmnbv", "[merchant token]"),
)  # fmt: skip
SECRETS = (
    "tess@tidewrack.example", "111-2345678-1234567", "A2EUQ1WTGCTBG2", "12345678901", "+44 20 7946 0958",
    "(555) 010-9999", "12-34567-89012", *(private for _, private, _ in WRITTEN),
)  # fmt: skip
MEMBERS = (*PRIVATE_NAMES, "Joe", "stamp")
STAFF = "Rowan_Marketplace"
PROGRAM = "amz.promise_optimization"
OTHER_PROGRAM = "amz.shipping_settings_automation"
THEME = "optout_obscure"
OTHER_THEME = "spin_skepticism"


def _measured(precision: float, recall: float) -> dict[str, Any]:
    def interval(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.1, "high": value + 0.1}

    return {"precision": interval(precision), "recall": interval(recall), "correct": 30, "incorrect": 10, "missed": 20}


# What an evaluation would have written; the numbers are invented.
MEASURED = {
    "taxonomy": "1+x",
    "tagger": "1",
    "programs": {
        "all": _measured(0.9, 0.7), "named": _measured(0.95, 0.8), "inherited": _measured(0.8, 0.6),
        "by_voice": {"seller": _measured(0.91, 0.71)}, "by_forum": {"sas": _measured(0.92, 0.72)},
    },
    "themes": {
        "all": _measured(0.75, 0.25) | {"labels": {THEME: _measured(0.85, 0.35)}},
        "by_voice": {"seller": _measured(0.76, 0.26)}, "by_forum": {"sas": _measured(0.77, 0.27)},
    },
    "false_alarms": {"value": 0.04, "low": 0.01, "high": 0.09},
    "voice": {"paragraphs": 60, "accuracy": {"value": 0.97, "low": 0.9, "high": 0.99}},
}  # fmt: skip
TITLE = "Promise Optimization: on by default, says @kelpkitchen"


class Archive:
    """Fills an archive through plain inserts, as the crawler and the tagger would."""

    def __init__(self, path: Path) -> None:
        self.paths = Paths(path)
        self.conn: sqlite3.Connection = open_archive(path, create=True).conn
        self.insert(
            "sites",
            id="sas",
            kind="discourse",
            base_url=FORUM,
            title="Sellers & Sellers",
            added_at="2024-01-01T00:00:00Z",
        )
        self.run = self.insert(
            "runs",
            verb="crawl",
            site_id="sas",
            target=FORUM,
            settings="{}",
            code_version="1",
            taxonomy_version="1+x",
            state="finished",
            started_at="2024-05-01T00:00:00Z",
            ended_at="2024-05-01T00:10:00Z",
            report="spoke to tess@tidewrack.example",
        )
        self.captures = 0
        self.authors = {name: self.insert("authors", site_id="sas", name=name, role="member") for name in MEMBERS}
        self.authors[STAFF] = self.insert("authors", site_id="sas", name=STAFF, role="staff")

    def insert(self, table: str, **values: Any) -> int:
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        cursor = self.conn.execute(f"insert into {table} ({columns}) values ({marks})", list(values.values()))
        return cursor.lastrowid or 0

    def capture(self, url: str, status: int = 200) -> int:
        self.captures += 1
        return self.insert(
            "captures",
            run_id=self.run,
            site_id="sas",
            url=url,
            captured_at="2024-05-01T00:05:00Z",
            status=status,
            mime="application/json",
            digest=f"sha256:{self.captures:064x}",
            size=100,
            route="live",
            via="/home/tess/saved.har",
            warc_filename="00001.warc.gz",
            warc_record_offset=self.captures * 1000,
            warc_record_length=900,
        )

    def thread(self, native_id: str, title: str, **values: Any) -> int:
        url = f"{FORUM}/t/{native_id}"
        defaults = {
            "category": "shipping", "tags": json.dumps(["opt-out"]), "created_at": "2024-03-21T10:00:00Z",
            "state": "live", "posts_listed": 3, "posts_held": 3, "first_seen_at": "2024-05-01T00:05:00Z",
            "last_seen_at": "2024-05-01T00:05:00Z", "site_id": "sas",
        }  # fmt: skip
        return self.insert(
            "threads",
            native_id=native_id,
            url=url,
            title=title,
            **(defaults | {"capture_id": self.capture(url + ".json")} | values),
        )

    def post(self, thread: int, number: int, author: str, html: str, **values: Any) -> int:
        created = values.pop("created_at", f"2024-03-21T10:{number % 60:02}:00Z")
        defaults = {
            "state": "present", "kind": "post", "likes": 1, "first_seen_at": "2024-05-01T00:05:00Z",
            "last_seen_at": "2024-05-01T00:05:00Z", "capture_id": 1, "digest": f"d{thread}-{number}",
        }  # fmt: skip
        text = render(html).text
        return self.insert(
            "posts",
            thread_id=thread,
            native_id=f"{thread}{number:03}",
            number=number,
            author_id=self.authors[author],
            created_at=created,
            text=text,
            html=html,
            **(defaults | values),
        )

    def paragraphs(self, post: int, voice: str = "seller", revision: int | None = None) -> list[int]:
        table, key = ("revisions", revision) if revision else ("posts", post)
        html = self.conn.execute(f"select html from {table} where id = ?", [key]).fetchone()[0]
        return [
            self.insert("paragraphs", post_id=post, revision_id=revision, position=at, kind=block.kind,
                        voice="quotation" if block.kind == "quote" else voice, voice_rule="test", start=block.start,
                        end=block.end, source=json.dumps(block.source) if block.kind == "quote" else None)
            for at, block in enumerate(render(html).blocks)
        ]  # fmt: skip

    def text(self, paragraph: int) -> str:
        sql = (
            "select coalesce(r.text, p.text) from paragraphs g join posts p on p.id = g.post_id"
            " left join revisions r on r.id = g.revision_id where g.id = ?"
        )
        found: str = self.conn.execute(sql, [paragraph]).fetchone()[0]
        return found

    def program(self, paragraph: int, words: str | None = None, program: str = PROGRAM, **values: Any) -> None:
        start = self.text(paragraph).index(words) if words else None
        defaults = {"how": "named", "start": start, "end": start + len(words) if words else None}  # type: ignore[operator]
        self.insert(
            "program_tags",
            paragraph_id=paragraph,
            program_id=program,
            run_id=self.run,
            **(defaults | {"rule": "alias", "score": 1.0} | values),
        )

    def theme(self, paragraph: int, words: str, theme: str = THEME) -> None:
        start = self.text(paragraph).index(words)
        self.insert(
            "theme_tags",
            paragraph_id=paragraph,
            theme_id=theme,
            start=start,
            end=start + len(words),
            rule="words",
            also="model",
            score=0.9,
            run_id=self.run,
        )

    def close(self) -> None:
        """Count, as a tag run does at its end, and let go."""
        figures = self.paths.database.with_name("figures.json")
        figures.write_text(json.dumps(MEASURED), encoding="utf-8")
        summarise(self.conn, load(), figures)
        self.conn.commit()
        self.conn.close()


def make(path: Path) -> Paths:
    """The archive that most tests read."""
    archive = Archive(path)
    thread = archive.thread("3686", TITLE, posts_listed=7, posts_held=6)
    archive.insert(
        "titles", thread_id=thread, observed_at="2024-04-01T00:00:00Z", title="kelpkitchen asks", capture_id=1
    )

    first = archive.post(
        thread,
        1,
        "kelpkitchen",
        "<p>kelpkitchen here 😀: Promise <b>Optimi</b>zation, and no <em>switch anywhere</em> in my settings.</p>"
        "<p>Write to tess@tidewrack.example or call +44 20 7946 0958, order 111-2345678-1234567.</p>"
        "<script>alert(1)</script><img src=x onerror=alert(2) alt='a map'>"
        "<p><a href='javascript:alert(3)' onclick='alert(4)'>click</a> <a href='/t/99/2'>there</a></p>",
    )
    paragraphs = archive.paragraphs(first)
    archive.program(paragraphs[0], "Promise Optimization")
    archive.theme(paragraphs[0], "no switch anywhere")
    archive.insert(
        "revisions",
        post_id=first,
        observed_at="2024-04-01T00:00:00Z",
        superseded_at="2024-05-01T00:05:00Z",
        text="Ask MfnMarvin, PO is on.",
        html="<p>Ask MfnMarvin, PO is on.</p>",
        digest="old",
        capture_id=1,
    )
    revised = archive.paragraphs(first, revision=1)
    archive.program(revised[0], "PO")

    second = archive.post(
        thread,
        2,
        "brass_lantern",
        '<aside class="quote" data-username="kelpkitchen" data-post="1"><div class="title">'
        '<img class="avatar" src="/user_avatar/forum.example/kelpkitchen/48/1.png">Kelp Kitchen:</div>'
        "<blockquote>no switch anywhere</blockquote></aside>"
        '<p><a class="mention" href="/u/kelpkitchen">@kelpkitchen</a> MFNMARVIN and kelp<i>kitchen</i> know the way out,'
        " ask @a_stranger too. A joey is no Joe; a stamp is a stamp. My token is A2EUQ1WTGCTBG2.</p>",
    )
    paragraphs = archive.paragraphs(second)
    archive.program(paragraphs[1], how="inherited", start=0, end=len("Promise Optimization"))
    archive.program(
        paragraphs[0],
        how="inherited",
        source_paragraph_id=1,
        start=archive.text(1).index("Promise"),
        end=archive.text(1).index("Promise") + len("Promise Optimization"),
    )
    archive.theme(paragraphs[1], "the way out")
    archive.insert(
        "links", post_id=second, url=f"{FORUM}/u/kelpkitchen", kind="mention", title="kelpkitchen", state="outside"
    )
    archive.insert(
        "links",
        post_id=second,
        url=f"{FORUM}/t/3686/1",
        kind="quote",
        title="kelpkitchen:",
        target_site_id="sas",
        target_native_id="3686",
        target_number=1,
        target_thread_id=thread,
        state="live",
    )

    third = archive.post(
        thread,
        3,
        STAFF,
        f"<p>{STAFF} says: use Shipping Settings Automation, Case ID 12345678901, or dial (555) 010-9999.</p>",
    )
    paragraphs = archive.paragraphs(third, voice="staff")
    archive.program(paragraphs[0], "Shipping Settings Automation", program=OTHER_PROGRAM)
    archive.post(
        thread, 5, "Joe", "<p>Gone <!-- kelpkitchen --> since.</p>", state="deleted", state_since="2024-05-01T00:05:00Z"
    )
    archive.post(
        thread,
        6,
        "stamp",
        '<p>=HYPERLINK("http://evil.example") &lt;script&gt;alert(5)&lt;/script&gt;</p>',
        state="hidden",
        state_since="2024-05-01T00:05:00Z",
    )
    archive.post(thread, 7, STAFF, "", kind="action", action="closed")
    archive.insert(
        "missing_posts",
        thread_id=thread,
        native_id="77",
        number=4,
        asked=2,
        reason="the source withholds it",
        explained=1,
        first_missed_at="2024-05-01T00:05:00Z",
        last_missed_at="2024-05-01T00:05:00Z",
    )

    gone = archive.thread(
        "99",
        '<b>Gone</b> & "forgotten" \u202etxet',
        state="gone",
        gone_at="2024-05-01T00:05:00Z",
        gone_status=404,
        created_at="2020-06-15T00:00:00Z",
        posts_listed=2,
        posts_held=2,
    )
    old = archive.post(
        gone,
        1,
        "MfnMarvin",
        "<p>أهلا — Promise Optimization was Seller_Ab3dEf6hIj9kL's word.</p>",
        created_at="2020-06-15T08:00:00Z",
    )
    paragraphs = archive.paragraphs(old)
    archive.program(paragraphs[0], "Promise Optimization")
    archive.theme(paragraphs[0], "word", OTHER_THEME)
    numbers = "".join(f"<p>{sentence}</p>" for sentence, _, _ in WRITTEN)
    archive.post(gone, 2, "Zoë_Ångström", f"<p>ZOË_ÅNGSTRÖM agrees with 12-34567-89012.</p>{numbers}", created_at=None)
    archive.insert(
        "links",
        post_id=first,
        url=f"{FORUM}/t/99/2",
        kind="link",
        title="there",
        target_site_id="sas",
        target_native_id="99",
        target_number=2,
        target_thread_id=gone,
        state="gone",
    )
    archive.close()
    return archive.paths

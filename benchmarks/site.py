"""How long publishing takes, and how fast the site and its exports answer: `python -m benchmarks.site [POSTS]`.

    python -m benchmarks.site 1000000 --folder /var/tmp/site      make, publish, serve and measure
    python -m benchmarks.site 1000000 --folder /var/tmp/site --keep   use what an earlier run made there

A private archive is written directly (no crawl), with the skew of real forums: words, authors, threads, programs and
themes after Zipf. Each page is asked for one at a time, over loopback, from a server that is held to one core where the
system can do that; printed are milliseconds at the 50th and the 95th percentile, over many addresses of each kind.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import sqlite3
import statistics
import subprocess
import tempfile
import time
from bisect import bisect
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from analysis.summaries import summarise
from archive import markup
from archive.database import Paths, open_archive
from publish.build import build
from publish.exports import bulk
from publish.serve import command, free_port
from taxonomy import Taxonomy, load

SITES = ("one", "two", "three")
WORDS, SENTENCES = 60_000, 60_000
CONSONANTS, VOWELS = "bcdfghjklmnprstvwz", "aeiou"
POSTS_A_THREAD = 16
ROWS_A_BATCH = 5_000
SECONDS_OF_2018 = 1_514_764_800
SECONDS_OF_2026 = 1_767_225_600
ASKED = 60


class Skewed:
    """Draws numbers from 0 on, low ones often: the n-th has weight 1 / (n + 1) ** power."""

    def __init__(self, size: int, power: float = 1.0) -> None:
        self._sums = list(accumulate(1 / (n + 1) ** power for n in range(size)))

    def draw(self, rng: random.Random) -> int:
        return bisect(self._sums, rng.random() * self._sums[-1])


class Maker:
    """Invents a forum: sentences of invented words, with names of programs and words of complaint among them."""

    def __init__(self, taxonomy: Taxonomy, posts: int, seed: int = 1) -> None:
        self.rng = rng = random.Random(seed)
        self.programs = [program for program in taxonomy.programs if program.aliases]
        self.themes = [theme.id for theme in taxonomy.codebook.themes]
        words = list(dict.fromkeys(self._word() for _ in range(WORDS * 2)))[:WORDS]
        drawn = Skewed(len(words))
        self.sentences = [
            " ".join(words[drawn.draw(rng)] for _ in range(rng.randint(6, 20))).capitalize() + "."
            for _ in range(SENTENCES)
        ]
        self.authors = max(posts // 20, 10)
        self.drawn_author = Skewed(self.authors, 0.9)
        self.drawn_program = Skewed(len(self.programs))
        self.drawn_theme = Skewed(len(self.themes))

    def _word(self) -> str:
        return "".join(self.rng.choice(CONSONANTS) + self.rng.choice(VOWELS) for _ in range(self.rng.randint(1, 4)))

    def paragraph(self) -> str:
        return " ".join(self.rng.choice(self.sentences) for _ in range(self.rng.randint(1, 4)))

    def length_of_thread(self) -> int:
        """Most are short, a few have thousands of posts."""
        return max(1, min(int(self.rng.paretovariate(1.15) * POSTS_A_THREAD / 5), 5_000))


def make(paths: Paths, posts: int) -> None:
    """Write an archive of so many posts."""
    maker = Maker(load(), posts)
    db = open_archive(paths.database, create=True).conn
    db.execute("pragma synchronous = off")
    db.execute("pragma foreign_keys = off")
    when = "2026-01-05T00:00:00Z"
    for site in SITES:
        _insert(
            db,
            "sites",
            id=site,
            kind="discourse",
            base_url=f"https://{site}.example",
            title=site.title(),
            added_at=when,
        )
    _insert(
        db,
        "runs",
        id=1,
        verb="crawl",
        settings="{}",
        code_version="1",
        state="finished",
        started_at=when,
        ended_at=when,
    )
    names = (
        (i + 1, SITES[i % len(SITES)], f"Kx{i}_zq", "staff" if i % 997 == 0 else "member") for i in range(maker.authors)
    )
    db.executemany("insert into authors (id, site_id, name, role) values (?, ?, ?, ?)", names)
    rows: dict[str, list[tuple[object, ...]]] = {}
    for table, row in _rows(maker, posts):
        rows.setdefault(table, []).append(row)
        if len(rows[table]) >= ROWS_A_BATCH:
            _flush(db, table, rows.pop(table))
    for table, left in rows.items():
        _flush(db, table, left)
    # What a tag run counts at its end.
    summarise(db, load())
    db.commit()
    db.execute("pragma wal_checkpoint(truncate)")
    db.close()


COLUMNS = {
    "captures": "id, run_id, site_id, url, captured_at, status, mime, digest, size, route, warc_filename,"
    " warc_record_offset, warc_record_length",
    "threads": "id, site_id, native_id, url, title, category, tags, created_at, last_activity_at, state, posts_listed,"
    " posts_held, first_seen_at, last_seen_at, capture_id",
    "posts": "id, thread_id, native_id, number, author_id, created_at, text, html, digest, state, kind, reply_to_number,"
    " likes, first_seen_at, last_seen_at, capture_id",
    "paragraphs": 'id, post_id, position, kind, voice, voice_rule, start, "end"',
    "program_tags": 'paragraph_id, program_id, how, start, "end", rule, score, run_id',
    "theme_tags": 'paragraph_id, theme_id, start, "end", rule, score, run_id',
    "links": "post_id, url, kind, title, target_site_id, target_native_id, target_thread_id, state",
    "tagged_posts": "post_id, digest, context_digest, taxonomy_version, code_version, run_id, words_digest",
    "missing_posts": "thread_id, native_id, number, asked, reason, explained, first_missed_at, last_missed_at",
}


def _rows(maker: Maker, posts: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    rng, seen = maker.rng, "2026-01-05T00:00:00Z"
    thread = post = paragraph = 0
    while post < posts:
        thread += 1
        site = SITES[thread % len(SITES)]
        length = min(maker.length_of_thread(), posts - post)
        program = maker.programs[maker.drawn_program.draw(rng)] if rng.random() < 0.5 else None
        name = rng.choice(program.aliases).text if program else ""
        title = f"{name} {maker.paragraph()[:60]}".strip()
        opened = rng.randint(SECONDS_OF_2018, SECONDS_OF_2026)
        url = f"https://{site}.example/t/{thread}"
        state = rng.choices(("live", "gone", "recovered"), (90, 7, 3))[0]
        missing = rng.random() < 0.05
        yield (
            "captures",
            (
                thread,
                1,
                site,
                url + ".json",
                seen,
                200,
                "application/json",
                f"sha256:{thread:064x}",
                9000,
                "live" if state != "recovered" else "memento",
                "optout-000001.warc.gz",
                thread * 9000,
                9000,
            ),
        )
        yield (
            "threads",
            (
                thread,
                site,
                str(thread),
                url,
                title,
                "shipping",
                "[]",
                _time(opened),
                _time(opened + length * 3600),
                state,
                length + missing,
                length,
                seen,
                seen,
                thread,
            ),
        )
        if missing:
            yield "missing_posts", (thread, f"m{thread}", length + 1, 2, "the source withholds it", 1, seen, seen)
        for number in range(1, length + 1):
            post += 1
            author = maker.drawn_author.draw(rng) + 1
            texts = [maker.paragraph() for _ in range(rng.randint(1, 3))]
            named = program is not None and (number == 1 or rng.random() < 0.2)
            if named:
                texts[0] = f"{name} again. {texts[0]}"
            html = "".join(f"<p>{text}</p>" for text in texts)
            if number > 1 and rng.random() < 0.1:
                html = (f'<aside class="quote" data-username="Kx{author}_zq" data-post="1"><blockquote><p>{texts[-1]}</p></blockquote>'
                        f'</aside><p><a class="mention" href="/u/Kx{author}_zq">@Kx{author}_zq</a> {texts[0]}</p>')  # fmt: skip
            if rng.random() < 0.05:
                target = rng.randint(1, thread)
                html += f'<p><a href="https://{site}.example/t/{target}">there</a></p>'
                yield (
                    "links",
                    (post, f"https://{site}.example/t/{target}", "link", "there", site, str(target), target, "live"),
                )
            shown = markup.render(html)
            written = opened + number * rng.randint(60, 7200)
            yield "posts", (post, thread, str(post), number, author, _time(written), shown.text, html, f"{post:x}",
                            rng.choices(("present", "deleted", "hidden"), (98, 1, 1))[0], "post",
                            1 if number > 1 else None, rng.randint(0, 9), seen, seen, thread)  # fmt: skip
            # Some texts are posted again and again.
            same = f"again {rng.randint(1, 1 + posts // 200)}" if rng.random() < 0.02 else f"{post:x}"
            yield "tagged_posts", (post, f"{post:x}", "", "1", "1", 1, same)
            for position, block in enumerate(shown.blocks):
                paragraph += 1
                voice = "quotation" if block.kind == "quote" else "staff" if author % 997 == 1 else "seller"
                yield "paragraphs", (paragraph, post, position, block.kind, voice, "made", block.start, block.end)
                if program and (position == 0 or rng.random() < 0.3):
                    at = shown.text.find(name, block.start, block.end)
                    how = ("named", at, at + len(name)) if at >= 0 else ("inherited", 0, len(name))
                    yield "program_tags", (paragraph, program.id, *how, "alias", 1.0, 1)
                if voice == "seller" and rng.random() < 0.25:
                    end = min(block.start + 40, block.end)
                    theme = maker.themes[maker.drawn_theme.draw(rng)]
                    yield "theme_tags", (paragraph, theme, block.start, end, "words", 0.9, 1)


def _flush(db: sqlite3.Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    db.executemany(f"insert into {table} ({COLUMNS[table]}) values ({marks})", rows)


def _insert(db: sqlite3.Connection, table: str, **values: object) -> None:
    db.execute(
        f"insert into {table} ({', '.join(values)}) values ({', '.join('?' * len(values))})", list(values.values())
    )


def _time(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def addresses(copy: Path, rng: random.Random) -> dict[str, list[str]]:
    """Addresses of each kind of page, drawn from what the copy holds."""
    with closing(sqlite3.connect(copy)) as db:

        def drawn(sql: str, count: int = ASKED) -> list[str]:
            found = [row[0] for row in db.execute(sql)]
            return [rng.choice(found) for _ in range(count)]

        vocabulary = [
            word
            for (text,) in db.execute("select text from posts where id % 997 = 0 limit 2000")
            for word in text.split()
        ]
        words = [rng.choice(vocabulary).strip(".,") for _ in range(ASKED)]
        programs = drawn("select id from programs where posts > 0")
        themes = drawn("select id from themes where posts > 0")
        most = db.execute("select id from programs order by posts desc limit 1").fetchone()[0]
        posts = drawn("select id from posts where id % 101 = 0")
        return {
            "home": ["/"] * ASKED,
            "search: a word of the forum": [f"/search?{urlencode({'q': word})}" for word in words],
            "search: two words": [f"/search?{urlencode({'q': f'{a} {b}'})}" for a, b in zip(words, reversed(words), strict=True)],
            "search: the most frequent program, by name": ["/search?q=promise+optimization"] * 5 + [
                f"/search?{urlencode({'q': f'again {word}'})}" for word in words[:20]],
            "search: a word that half the posts have": [f"/search?q=again&page={page}" for page in range(1, 21)],
            "search: a word within a program": [f"/search?{urlencode({'q': w, 'program': p})}" for w, p in zip(words, programs, strict=True)],
            "search: a program": [f"/search?program={program}" for program in programs],
            "search: a theme": [f"/search?theme={theme}" for theme in themes],
            "search: program and theme": [f"/search?program={p}&theme={t}" for p, t in zip(programs, themes, strict=True)],
            "program": [f"/program/{program}" for program in programs],
            "theme": [f"/theme/{theme}" for theme in themes],
            "forum": [f"/forum/{site}" for site in SITES] * (ASKED // len(SITES)),
            "matrix": ["/matrix"] * 20,
            "coverage": ["/coverage"] * 20,
            "method": ["/method"] * 20,
            "thread": drawn("select permalink from threads where id % 7 = 0"),
            "thread of 200 posts or more": drawn("select permalink from threads where posts_held >= 200"),
            "table posts": ["/archive/posts"] * 20,
            "table posts, deep": [f"/archive/posts?_next={post}" for post in posts],
            "table mentions, filtered": [f"/archive/mentions?program_id={program}" for program in programs],
            "table threads": ["/archive/threads"] * 20,
            "row of a post": [f"/archive/posts/{post}" for post in posts],
            "programs": ["/programs"] * 20,
            "themes": ["/themes"] * 20,
            "question: timeline": [f"/archive/program_timeline?program={most}"] * 20,
            "question: themes of a program": [f"/archive/program_complaints?program={program}" for program in programs],
            "question: what is talked of more": ["/archive/talked_of_more"] * 20,
        }  # fmt: skip


def measure(address: str, server: int, pages: dict[str, list[str]]) -> None:
    """Print milliseconds by kind of page, and those of them that the server's processor worked (on a busy machine the
    others grow, these do not); kinds that the site does not have are left out."""
    print(f"{'page':<46}{'p50 ms':>8}{'p95 ms':>8}{'cpu ms':>8}{'n':>5}")
    for kind, paths in pages.items():
        status, _ = _ask(address, paths[0])
        if status == 404:
            continue
        times = []
        worked = _worked(server)
        for path in paths:
            began = time.perf_counter()
            status, _ = _ask(address, path)
            times.append((time.perf_counter() - began) * 1000)
            if status != 200:
                print(f"{path}: HTTP {status}")
        high = statistics.quantiles(times, n=20)[-1]
        cpu = (_worked(server) - worked) * 1000 / len(times)
        print(f"{kind:<46}{statistics.median(times):>8.0f}{high:>8.0f}{cpu:>8.0f}{len(times):>5}", flush=True)


def _worked(process: int) -> float:
    """Seconds that a process has had a processor; not known outside Linux."""
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def exports(address: str, server: int) -> None:
    """Print rows a second of whole tables, as the reader sees them, and by the server's time on its processor."""
    for path in ("/archive/posts.csv", "/archive/mentions.csv", "/-/export/threads.csv", "/-/export/mentions.ndjson"):
        began, worked = time.perf_counter(), _worked(server)
        status, (headers, size) = _ask(address, path)
        seconds, cpu = time.perf_counter() - began, _worked(server) - worked
        rows = int(headers["x-total-rows"])
        told = f"{rows:,} rows, {size / 1e6:,.0f} MB, {seconds:.1f} s, {rows / seconds:,.0f} rows/s"
        print(f"{path}: HTTP {status}, {told}, {rows / max(cpu, 0.01):,.0f} rows/s of processor time", flush=True)


def _ask(address: str, path: str) -> tuple[int, tuple[dict[str, str], int]]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=600)
    with closing(connection):
        connection.request("GET", path.split("#")[0])
        answer = connection.getresponse()
        size = 0
        while block := answer.read(1 << 20):
            size += len(block)
        return answer.status, ({name.lower(): value for name, value in answer.getheaders()}, size)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure publishing, pages and exports on a made archive.")
    parser.add_argument("posts", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where to make the archive (default: a temporary folder)")
    parser.add_argument("--keep", action="store_true", help="use the archive and the copy that are there")
    parser.add_argument("--files", action="store_true", help="make the files for download, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        paths = Paths(folder / "archive.db")
        _timed("make the archive", lambda: make(paths, options.posts), unless=options.keep and paths.database.exists())
        _timed(
            "publish",
            lambda: build(paths, load(), progress=_stages()),
            unless=options.keep and paths.published.exists(),
        )
        print(
            f"archive {paths.database.stat().st_size / 1e6:,.0f} MB, copy {paths.published.stat().st_size / 1e6:,.0f} MB"
        )
        if options.files:
            _timed("files for download", lambda: bulk.make(paths))
        port = free_port("127.0.0.1", 0)
        server = subprocess.Popen(
            command(paths.published, port=port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with suppress(AttributeError, OSError):
                os.sched_setaffinity(server.pid, {0})
            address = f"http://127.0.0.1:{port}"
            while not _answers(address):
                time.sleep(0.2)
            measure(address, server.pid, addresses(paths.published, random.Random(2)))
            exports(address, server.pid)
        finally:
            server.terminate()
            server.wait()


def _answers(address: str) -> bool:
    with suppress(OSError):
        return _ask(address, "/-/versions.json")[0] == 200
    return False


def _stages() -> Callable[[str, int, int], None]:
    began, last = time.perf_counter(), [""]

    def tell(stage: str, done: int, total: int) -> None:
        if stage != last[0]:
            print(f"  {time.perf_counter() - began:7.1f} s  {stage}", flush=True)
            last[0] = stage

    return tell


def _timed(what: str, work: Callable[[], object], *, unless: bool = False) -> None:
    if unless:
        return
    began = time.perf_counter()
    work()
    print(f"{what}: {time.perf_counter() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()

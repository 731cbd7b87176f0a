"""Answers of the site's own pages, and what Datasette's pages need to fit in. The plugin only wires these."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from datasette import NotFound, Response
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Request

from publish import (
    addresses,
    citing,
    discovery,
    feeds,
    forum_page,
    home,
    misses,
    overviews,
    program_page,
    questions,
    search,
    search_page,
    theme_page,
    thread_page,
)
from publish.schema import DATABASE
from publish.site import Row, Site, style

# The site's own pages run no script at all; Datasette's have a few inline ones. Nothing comes from other hosts.
POLICY = (
    "default-src 'none'; style-src 'self'{inline}; script-src {scripts}; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OWN_POLICY = POLICY.format(inline="", scripts="'none'")
CORE_POLICY = POLICY.format(inline=" 'unsafe-inline'", scripts="'self' 'unsafe-inline'")
# A picture opened by itself is shown and can do nothing at all; the browser's own style centres it.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
# Where Datasette's own pages are, which have scripts; its page of an answer to SQL is known by its parameter.
CORE_PATHS = re.compile(r"-/(?!optout\.css|exports?(/|$)|media/).+")
ATOM = "application/atom+xml; charset=utf-8"


def database_of(datasette: Datasette) -> Database:
    """The published database, under whatever name it is served."""
    return datasette.databases.get(DATABASE) or datasette.get_database()


async def page(datasette: Datasette, request: Request, template: str, context: Row) -> Response:
    """A page of this site made of any template."""
    return await Site(datasette, request).answer(template, context)


async def thread(datasette: Datasette, request: Request) -> Response:
    """`/thread/<site>/<native id>?page=`. NotFound if the archive holds no such thread."""
    site = Site(datasette, request)
    site_id, native_id = (addresses.read_part(request.url_vars[name]) for name in ("site", "native_id"))
    page = request.args.get("page") or "1"
    number = int(page) if re.fullmatch("[0-9]{1,6}", page) else 1
    found = await thread_page.read(site.database, site_id, native_id, number, site.base)
    if found is None:
        raise NotFound(f"The archive holds no thread {native_id} of {site_id}.")
    return await site.answer("thread.html", found, indexed="all")


async def cite(datasette: Datasette, request: Request) -> Response:
    """`/thread/<site>/<native id>/cite/<number>`, with `.txt` or `.bib` the citation alone. NotFound without such a post."""
    site = Site(datasette, request)
    site_id, native_id = (addresses.read_part(request.url_vars[name]) for name in ("site", "native_id"))
    number = int(request.url_vars["number"])
    post = await site.row(citing.POST, [site_id, native_id, number])
    if post is None:
        raise NotFound(f"The archive holds no post {number} of thread {native_id} of {site_id}.")
    address = await site.absolute(post["permalink"])
    text, bibtex = citing.as_text(post, address), citing.as_bibtex(post, address)
    form = request.url_vars["form"]
    if form == ".txt":
        return Response.text(text + "\n")
    if form == ".bib":
        return Response(bibtex, headers={}, content_type="application/x-bibtex; charset=utf-8")
    own = addresses.thread(site_id, native_id) + f"/cite/{number}"
    return await site.answer("cite.html", {"post": post, "text": text, "bibtex": bibtex, "own": own}, indexed="all")


async def search_answer(datasette: Datasette, request: Request) -> Response:
    """`/search?q=&program=&theme=&site=&year=&voice=&how=&state=&sort=&page=`, and the same as a feed."""
    site = Site(datasette, request)
    arguments = {key: request.args.get(key) or "" for key in request.args}
    question = search.Question.read(arguments)
    if not request.path.endswith(".atom"):
        return await site.answer("search.html", await search_page.read(site, question, arguments), indexed="all")
    found = await site.rows(search.NEWEST_IDS, {"match": question.match})
    posts = await site.rows(feeds.OF_IDS.format(marks=", ".join("?" * len(found))), [row["id"] for row in found])
    asked = urlencode(question.of_feed)
    title = f"Search: {', '.join(question.of_feed.values()) or 'nothing'} (newest {feeds.ENTRIES})"
    return _feed(await feeds.feed(site, title, f"/search?{asked}", f"/search.atom?{asked}", posts))


async def program(datasette: Datasette, request: Request) -> Response:
    """`/program/<id>` and its feed."""
    return await _subject(datasette, request, "program", program_page.read, "programs")


async def theme(datasette: Datasette, request: Request) -> Response:
    """`/theme/<id>` and its feed."""
    return await _subject(datasette, request, "theme", theme_page.read, "themes")


async def forum(datasette: Datasette, request: Request) -> Response:
    """`/forum/<id>` and its feed."""
    return await _subject(datasette, request, "forum", forum_page.read, "sites")


async def _subject(datasette: Datasette, request: Request, kind: str, read: Any, table: str) -> Response:
    site = Site(datasette, request)
    key = addresses.read_part(request.url_vars["id"])
    if key.endswith(".atom") and (
        known := await site.row(f"select * from {table} where id = ?", [key.removesuffix(".atom")])
    ):
        name = known.get("name") or known.get("title")
        sql = feeds.OF_SITE if kind == "forum" else feeds.OF_TAG.format(column=f"{kind}_id")
        posts = await site.rows(sql, [known["id"]])
        return _feed(await feeds.feed(site, f"New posts: {name}", f"/{kind}/{known['id']}", f"/{kind}/{key}", posts))
    found = await read(site, key)
    if found is None:
        raise NotFound(f"There is no {kind} “{key}” here. All of them are listed at {site.here(f'/{kind}s')}.")
    return await site.answer(f"{kind}.html", found)


async def programs(datasette: Datasette, request: Request) -> Response:
    """`/programs?marketplace=&mode=`."""
    site = Site(datasette, request)
    chosen = (request.args.get(name) or "" for name in ("marketplace", "mode"))
    return await site.answer("programs.html", await overviews.programs(site, *chosen))


async def overview(datasette: Datasette, request: Request) -> Response:
    """`/themes`, `/forums`, `/matrix`, `/coverage`, `/method`."""
    site = Site(datasette, request)
    name = request.url_vars["name"]
    return await site.answer(f"{name}.html", await getattr(overviews, name)(site))


async def corrections(datasette: Datasette, request: Request) -> Response:
    """`/corrections`: how to ask that something be put right or taken out."""
    site = Site(datasette, request)
    return await site.answer("corrections.html", {"about": await site.about()})


async def feed(datasette: Datasette, request: Request) -> Response:
    """`/feed.atom`: the newest posts of all forums."""
    site = Site(datasette, request)
    return _feed(await feeds.feed(site, "New posts", "/", "/feed.atom", await site.rows(feeds.NEWEST)))


async def robots(datasette: Datasette, request: Request) -> Response:
    """`/robots.txt`."""
    return Response.text(await discovery.robots(Site(datasette, request)))


async def sitemap(datasette: Datasette, request: Request) -> Response:
    """`/sitemap.xml` and its parts. NotFound where the site is not to be indexed."""
    found = await discovery.sitemap(Site(datasette, request), request.url_vars.get("part") or "")
    if found is None:
        raise NotFound("There is no such sitemap.")
    return Response(found, headers={}, content_type="application/xml; charset=utf-8")


async def picture(datasette: Datasette, request: Request) -> Response:
    """A picture of a post, from the archive: `/-/media/HEX.png`. NotFound where there is none."""
    digest = f"sha256:{request.url_vars['digest']}"
    found = await Site(datasette, request).row("select mime, body from media_files where digest = ?", [digest])
    if found is None:
        raise NotFound("There is no such picture in this archive.")
    return Response(found["body"], headers={"cache-control": "max-age=31536000, immutable"}, content_type=found["mime"])


async def not_found(datasette: Datasette, request: Request, message: str) -> Response:
    """The answer for an address that leads nowhere."""
    if request.path.endswith(".json"):
        return Response.json({"ok": False, "error": message, "status": 404, "title": None}, status=404)
    site = Site(datasette, request)
    path = "/" + request.path.removeprefix(site.base).lstrip("/")
    return await site.answer("not_found.html", await misses.read(site, path, message), status=404)


async def misunderstood(datasette: Datasette, request: Request, message: str) -> Response:
    """The answer for an address that asks Datasette for something that there is not."""
    if request.path.endswith(".json"):
        return Response.json({"ok": False, "error": message, "status": 400, "title": None}, status=400)
    text = await datasette.render_template(
        "error.html", {"error": message, "status": 400, "title": None}, request=request
    )
    return Response.html(text, status=400)


async def first_page(datasette: Datasette, request: Request) -> Response:
    """`/`. Datasette's own would look at every table before it is asked for a template, which takes longer than all else."""
    await datasette.ensure_permissions(request.actor, ["view-instance"])
    site = Site(datasette, request)
    questions = await datasette.get_canned_queries(site.database.name, request.actor)
    return await site.answer("index.html", await home.read(site) | {
        "metadata": datasette.metadata(),
        "home_queries": [question | {"name": name} for name, question in questions.items() if name != "search"],
    })  # fmt: skip


async def query_context(datasette: Datasette, request: Request) -> Row:
    """What `query.html` needs: for each parameter of a ready-made question what it can be, and which are something else."""
    site = Site(datasette, request)
    known = await questions.choices(site)
    # Answers have the names of programs and themes; their pages are known by ids.
    subjects = {kind: {name: key for key, name in known[kind].items()} for kind in ("program", "theme")}
    question = str(request.url_vars.get("table") or "")
    known_question = await datasette.get_canned_query(site.database.name, question, request.actor) or {}
    asked = {name: request.args.get(name) or "" for name in known_question.get("params") or ()}

    def instead(parameter: str, value: str) -> str:
        return site.table(question, **(asked | {parameter: value}))

    async def total_rows(values: dict[str, str]) -> int | None:
        return await questions.total(site, known_question["sql"], values)

    return site.context() | {
        "choices": known, "subjects": subjects, "wrong": questions.wrong(question, asked, known), "instead": instead,
        "total_rows": total_rows,
    }  # fmt: skip


def style_sheet() -> Response:
    """The style sheet."""
    headers = {"cache-control": "max-age=31536000, immutable"}
    return Response(style()[0], headers=headers, content_type="text/css; charset=utf-8")


def headers(base: str, path: str, query: bytes, content_type: str) -> list[tuple[bytes, bytes]]:
    """Security headers of an answer; `base` is the path under which the site is served, e.g. `/`."""
    if content_type.startswith("image/"):
        policy = PICTURE_POLICY
    elif CORE_PATHS.fullmatch(path.removeprefix(base).removeprefix("/")) or b"sql=" in query:
        policy = CORE_POLICY
    else:
        policy = OWN_POLICY
    return [
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]


def _feed(text: str) -> Response:
    return Response(text, headers={"cache-control": "max-age=900"}, content_type=ATOM)

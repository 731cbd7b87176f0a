"""What a reader is told where the database cannot answer."""

from __future__ import annotations

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

# Seconds after which a page that took too long may be asked for again.
RETRY = 15
TOO_SLOW = (
    "This took longer than a page may take; perhaps many people are reading at this moment. Try again in {seconds}"
    " seconds, or ask for less: fewer words that everybody uses, one forum, one year."
)
RAW_SEARCH = (
    "The search or a filter is written in a way that the database does not understand: {error}. With _searchmode=raw a"
    " search is in the language of SQLite’s FTS5; without it, words are looked for as they are typed."
)


async def too_slow(datasette: Datasette, request: Request) -> Response:
    """The answer for a page whose query was stopped: 503, to be asked again."""
    message = TOO_SLOW.format(seconds=RETRY)
    told = {"ok": False, "error": message, "status": 503, "title": None}
    headers = {"retry-after": str(RETRY), "cache-control": "no-store"}
    if request.path.endswith(".json"):
        return Response.json(told, status=503, headers=headers)
    told["title"] = "This takes too long just now"
    text = await datasette.render_template("error.html", told, request=request)
    return Response.html(text, status=503, headers=headers)


def of_raw_search(request: Request, status: int | None) -> bool:
    """True if SQLite refused a table whose reader writes the query of the full-text index."""
    return (
        status == 400
        and request.args.get("_searchmode") == "raw"
        and any(name.startswith("_search") and name != "_searchmode" for name in request.args)
    )

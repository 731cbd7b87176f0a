"""Faults that a test sets on the demo forum: what real servers, caches and networks do wrong.

A fault matches a regular expression against the path with its query, and works for its next ``times``
requests (None: always). The first fault that matches wins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["answer", "truncated", "half", "reset", "stall", "vanish"]

# A challenge and a login page as a proxy or a closed forum sends them instead of JSON, with status 200.
CHALLENGE = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title>'
    '<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">'
    '<meta name="robots" content="noindex,nofollow">'
    '</head><body><div class="main-wrapper">'
    "<noscript>Enable JavaScript and cookies to continue</noscript></div></body></html>"
)
LOGIN = (
    '<!DOCTYPE html><html lang="en"><head><title>Login required</title>'
    '<meta name="generator" content="Discourse">'
    '</head><body class="crawler"><div id="main-outlet"><h2>Log In</h2><form action="/login" method="post">'
    '<input name="username"><input name="password" type="password"></form></div></body></html>'
)


@dataclass
class Fault:
    """One fault; the functions below make them.

    ``answer`` sends ``status``, ``headers`` and ``body``; ``truncated`` promises the right answer and sends
    half of its bytes; ``half`` sends half of its text with a length that matches; ``reset`` resets the
    connection; ``stall`` waits ``seconds`` before the right answer; ``vanish`` leaves post ``post_id`` out of
    ``posts.json``.
    """

    path: str
    kind: Kind
    times: int | None = 1
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    post_id: int = 0

    def matches(self, target: str) -> bool:
        """Whether the fault has something to say about this path with its query."""
        return self.times != 0 and re.search(self.path, target) is not None


def answer(
    path: str, status: int, body: str = "", headers: Mapping[str, str] | None = None, *, times: int | None = 1
) -> Fault:
    """Any answer: a status, a body, and headers (text/html unless they say otherwise)."""
    return Fault(path, "answer", times, status, {"Content-Type": "text/html; charset=utf-8", **(headers or {})}, body)


def middleware_limit(path: str, wait: int = 10, *, code: str = "ip_10_secs_limit", times: int | None = 1) -> Fault:
    """429 of the whole site: text/plain, with ``Retry-After`` (s) and ``Discourse-Rate-Limit-Error-Code``."""
    return answer(path, 429, limit_text(wait, code), limit_headers(wait, code), times=times)


def action_limit(path: str, wait: int = 39, *, times: int | None = 1) -> Fault:
    """429 of one action: JSON with ``extras.wait_seconds``, and ``Retry-After``."""
    body = {
        "errors": [f"You’ve performed this action too many times. Please wait {wait} seconds before trying again."],
        "error_type": "rate_limit",
        "extras": {"wait_seconds": wait, "time_left": f"{wait} seconds"},
    }
    headers = {"Content-Type": "application/json; charset=utf-8", "Retry-After": str(wait)}
    return answer(path, 429, json.dumps(body, ensure_ascii=False), headers, times=times)


def search_limit(path: str = "^/search", *, times: int | None = 1) -> Fault:
    """429 of the search: JSON that does not say how long to wait, and no ``Retry-After``."""
    return answer(path, 429, SEARCH_LIMIT, {"Content-Type": "application/json; charset=utf-8"}, times=times)


def unavailable(path: str, retry_after: int | None = 30, *, times: int | None = 1) -> Fault:
    """503, with ``Retry-After`` in seconds unless that is None."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return answer(
        path,
        503,
        "<html><head><title>503 Service Temporarily Unavailable</title></head></html>",
        headers,
        times=times,
    )


def challenge(path: str, *, times: int | None = 1) -> Fault:
    """A proxy's "Just a moment..." page with status 200."""
    return answer(path, 200, CHALLENGE, times=times)


def login_page(path: str, *, times: int | None = 1) -> Fault:
    """A page that asks to log in, with status 200."""
    return answer(path, 200, LOGIN, times=times)


def redirect_loop(path: str, *, times: int | None = None) -> Fault:
    """302 to the very address that was asked for. The server fills in ``Location``."""
    return answer(path, 302, headers={"Location": ""}, times=times)


def truncated(path: str, *, times: int | None = 1) -> Fault:
    """``Content-Length`` of the whole body, half of its bytes, then the connection closes."""
    return Fault(path, "truncated", times)


def half_json(path: str, *, times: int | None = 1) -> Fault:
    """Half of the body with status 200 and a length that matches."""
    return Fault(path, "half", times)


def reset(path: str, *, times: int | None = 1) -> Fault:
    """The connection is reset before any byte of the answer."""
    return Fault(path, "reset", times)


def stall(path: str, seconds: float, *, times: int | None = 1) -> Fault:
    """Nothing for ``seconds``, then the right answer."""
    return Fault(path, "stall", times, seconds=seconds)


def vanishing_post(post_id: int, *, times: int | None = None) -> Fault:
    """A post in the stream of ``t/<id>.json`` but not in ``posts.json``: deleted between two calls."""
    return Fault(r"^/t/\d+/posts(\.json)?\?", "vanish", times, post_id=post_id)


# I18n rate_limiter.slow_down, in SearchController's failed_json.
SEARCH_LIMIT = json.dumps(
    {"failed": "FAILED", "message": "You have performed this action too many times, please try again later."}
)


def limit_text(wait: int, code: str) -> str:
    """The body of Middleware::RequestTracker's 429."""
    return f"Slow down, you're making too many requests.\nPlease retry again in {wait} seconds.\nError code: {code}.\n"


def limit_headers(wait: int, code: str) -> dict[str, str]:
    """The headers of Middleware::RequestTracker's 429."""
    return {"Content-Type": "text/plain", "Retry-After": str(wait), "Discourse-Rate-Limit-Error-Code": code}

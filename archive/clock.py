"""Times as the archive writes them: UTC, ISO 8601, whole seconds, `2026-11-23T05:06:07Z`."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The present, e.g. `2026-11-23T05:06:07Z`."""
    return iso(datetime.now(UTC))


def iso(moment: datetime) -> str:
    """`moment` (aware) in the archive's form."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse(text: str) -> datetime:
    """The moment that an ISO 8601 text names; without an offset it is taken as UTC. ValueError if it is none."""
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def normal(text: str | None) -> str | None:
    """A source's time in the archive's form, or None where it is missing or not a time."""
    if not isinstance(text, str):
        return None
    try:
        return iso(parse(text))
    except (ValueError, OverflowError):
        return None

"""What goes into the store and what comes out of it: a stored response, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass, field

LIVE = "live"


@dataclass(frozen=True)
class Capture:
    """The stored response that an observation was read from. `route`: `live`, `memento` or `import`."""

    id: int
    captured_at: str
    via: str
    route: str = LIVE

    @property
    def live(self) -> bool:
        """Whether the source itself answered, so that silence about something means something."""
        return self.route == LIVE


@dataclass
class Changes:
    """What one response changed, for the run's counters."""

    new_threads: int = 0
    new_posts: int = 0
    edited_posts: int = 0
    vanished_posts: int = 0
    gone_threads: int = 0
    thread_id: int | None = None
    texts: list[str] = field(default_factory=list)
    """Texts of posts that are new or edited."""

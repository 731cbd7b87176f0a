"""The demonstration forum: written threads, served over HTTP on loopback as a Discourse would serve them."""

from demo.limits import Limits
from demo.samples import forum_from_topic_json
from demo.server import DemoForum, Request
from demo.threads import DemoDataError, Forum, load_forum, read_forum
from demo.written import WrittenForum

__all__ = [
    "DemoDataError",
    "DemoForum",
    "Forum",
    "Limits",
    "Request",
    "WrittenForum",
    "forum_from_topic_json",
    "load_forum",
    "read_forum",
]

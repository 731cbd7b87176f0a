"""Reading a YAML file so that a fault in it is reported with its place and its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml


class DemoDataError(ValueError):
    """A written file that cannot be served.

    ``file`` is its path, ``where`` the place inside it (as in ``posts[3].body[0]``), ``what`` the fault and
    ``mend`` what to do about it.
    """

    def __init__(self, file: Path, where: str, what: str, mend: str) -> None:
        super().__init__(f"{file}: {where}: {what}. {mend}")
        self.file, self.where, self.what, self.mend = file, where, what, mend


class _Loader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; a writer wants to hear about the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.MarkedYAMLError(
                problem=f"the key {sorted(map(str, twice))[0]!r} stands twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def read_yaml(file: Path) -> Any:
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise DemoDataError(file, "file", "it does not exist", "See data/demo/README.md for the form") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise DemoDataError(
            file,
            f"line {line}",
            f"not YAML: {error.problem}",
            'A text with ": ", " #" or a leading quote needs quotation marks',
        ) from error


@dataclass(frozen=True)
class Place:
    """A mapping inside a file, that knows where it is."""

    file: Path
    where: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def fault(self, key: str, what: str, mend: str) -> DemoDataError:
        return DemoDataError(self.file, f"{self.where}.{key}".strip(".") or "file", what, mend)

    def mapping(self, value: Any) -> Place:
        if not isinstance(value, dict):
            raise self.fault("", f"a mapping was expected, not {type(value).__name__}", "See data/demo/README.md")
        return replace(self, data=value)

    def only(self, *keys: str) -> None:
        for key in self.data:
            if key not in keys:
                raise self.fault(str(key), "this key is not known", f"Known here: {', '.join(keys)}")

    def inside(self, key: str) -> Place:
        return replace(self, where=f"{self.where}.{key}".strip("."), data={}).mapping(self.data[key])

    def items(self, key: str) -> Iterator[tuple[Place, Any]]:
        value = self.data.get(key, [])
        if not isinstance(value, list):
            raise self.fault(key, "a list was expected", "Begin each entry with a dash")
        for index, entry in enumerate(value):
            yield replace(self, where=f"{self.where}.{key}[{index}]".strip("."), data={}), entry

    def text(self, key: str, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if value is None:
            raise self.fault(key, "it is missing", "Add it")
        if not isinstance(value, str):
            raise self.fault(key, f"a text was expected, not {value!r}", "Put it into quotation marks")
        return value.rstrip("\n")

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(Place(place.file, place.where, {"text": value}).text("text") for place, value in self.items(key))

    def number(self, key: str, default: int | None = None) -> int:
        value = self.data.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.fault(key, f"a whole number was expected, not {value!r}", "Write digits only")
        return value

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise self.fault(key, f"{value!r} is not known", f"One of: {', '.join(choices)}")
        return value

    def time(self, key: str) -> datetime:
        value = self.data.get(key)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                raise self.fault(key, f"{value!r} is no time", "Write it as 2024-10-26T14:03:00Z") from None
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.fault(key, f"a time in UTC was expected, not {value!r}", "Write it as 2024-10-26T14:03:00Z")
        return value.astimezone(UTC)

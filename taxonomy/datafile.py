"""Reading a YAML file that people edit, so that every complaint names the file and the line."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
import yaml

from archive.errors import DataFileError

Where = tuple[Hashable, ...]
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML reads 2026-11-23 as a date; the schemas, and JSON, want it as it was written.
AS_WRITTEN = "tag:yaml.org,2002:timestamp"
LARGEST = 5_000_000
DEEPEST = 40


class DataFile:
    """The content of one file, plain Python, and the line on which each part of it stands."""

    def __init__(self, path: Path, schema: Path | None = None) -> None:
        """Read `path` and hold it against `schema`. DataFileError if either fails."""
        self.path = path
        self.lines: dict[Where, int] = {}
        try:
            source = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DataFileError(f"{path}: the file is missing. Put it back, or name the right folder.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise DataFileError(f"{path}: cannot be read as UTF-8 text: {error}. Save it as UTF-8.") from error
        if len(source) > LARGEST:
            raise DataFileError(f"{path}: {len(source)} characters; at most {LARGEST} are read. Split or shorten it.")
        try:
            self.data: Any = self._read(source)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            raise DataFileError(
                f"{path}:{line}: not valid YAML: {problem}. Mend the line, or the one before it."
            ) from error
        if schema is not None:
            self._check(schema)

    def fail(self, where: Where, what: str, mend: str) -> NoReturn:
        """Raise the DataFileError for the part at `where`, a path of keys and places from the top."""
        raise DataFileError(f"{self.path}:{self.line(where)}: {what}. {mend}")

    def line(self, where: Where) -> int:
        """The line of the part at `where`, or of the nearest part around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def _read(self, source: str) -> Any:
        # libyaml builds its tree by recursion, and falls over its stack; its events come one by one.
        depth = 0
        for event in yaml.parse(source, Loader=Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                self.lines[()] = event.start_mark.line + 1 if event.start_mark else 1
                self.fail((), f"nested more than {DEEPEST} deep", "Flatten it.")
        loader = Loader(source)
        try:
            node = loader.get_single_node()
            return None if node is None else self._value(loader, node, (), set())
        finally:
            loader.dispose()

    def _value(self, loader: Any, node: yaml.Node, where: Where, seen: set[int]) -> Any:
        self.lines[where] = node.start_mark.line + 1
        # A node met twice is an anchor's: a few lines of them can stand for gigabytes.
        if id(node) in seen:
            self.fail(where, "refers to an anchor (*name)", "Write the value out.")
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            mapping: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                key = self._value(loader, key_node, (*where, "key", id(key_node)), seen)
                if not isinstance(key, Hashable):
                    self.fail(where, "a key is not a plain word", "Use plain words as keys.")
                if key in mapping:
                    self.lines[(*where, key)] = key_node.start_mark.line + 1
                    self.fail((*where, key), f"the key {key!r} stands twice", "Keep one of the two.")
                mapping[key] = self._value(loader, value_node, (*where, key), seen)
            return mapping
        if isinstance(node, yaml.SequenceNode):
            return [self._value(loader, child, (*where, place), seen) for place, child in enumerate(node.value)]
        if node.tag == AS_WRITTEN:
            return node.value
        try:
            return loader.construct_object(node)
        except (ValueError, OverflowError) as error:
            self.fail(where, f"{node.value!r} cannot be read: {error}", "Put it in quotes, or correct it.")

    def _check(self, schema: Path) -> None:
        rules = json.loads(schema.read_text(encoding="utf-8"))
        errors = jsonschema.Draft202012Validator(rules).iter_errors(self.data)
        worst = jsonschema.exceptions.best_match(errors)
        if worst is None:
            return
        where = tuple(worst.absolute_path)
        name = ".".join(str(part) for part in where) or "the file"
        message = worst.message if len(worst.message) < 300 else worst.message[:300] + " ..."
        hint = worst.schema.get("description", "") if isinstance(worst.schema, dict) else ""
        self.fail(where, f"{name}: {message}", f"{hint} The form is in {schema.name}.".strip())

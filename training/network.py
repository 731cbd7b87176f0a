"""The encoder: MiniLM, trained further on the labelled paragraphs, and written as 8-bit weights for onnxruntime.

What goes in: the thread's title, a separator, and up to `LONGEST` pieces of the paragraph. Themes, whether it is about a
program and describes one, and whether a platform speaks, are read off the paragraph's own pieces, programs off those of the title too. Each theme
heeds some pieces more than others, and its score is a sum over them; programs heed all alike (to let them choose brought
nothing).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from analysis.encoder import LONGEST, framed
from training.pretrained import Pretrained

WIDTH, HEADS, LAYERS = 384, 12, 6
EPOCHS = 4
BATCH = 24
RATE, HEAD_RATE = 1.6e-4, 2e-3
# Each layer learns so much more slowly than the one above it; the embedding, which knows words, stays as it is.
# J. Howard, S. Ruder, arXiv:1801.06146.
SLOWER = 0.85
WARM_UP = 0.06
DROPOUT = 0.1
# What is kept is the running mean of the weights: of so many steps, about, 1 / (1 - this).
# B. Polyak, A. Juditsky, SIAM Journal on Control and Optimization 30 (1992).
AVERAGED = 0.998
# How much the other tasks count beside the themes.
BESIDE = 0.5
# What is written beside the encoder: see `biases`.
BIASES = ("theme_bias", "program_bias")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """A text as pieces, with where its own begin, and its labels. `theme` has 0 or 1 for each theme, for any, for being
    about a program, for describing one, and for being no seller's words, and `for_themes` how much it teaches of each; the
    shares in `program` sum to 1."""

    ids: tuple[int, ...]
    own: int
    theme: Floats
    program: Floats
    for_themes: Floats
    for_programs: float


class Dropout(nn.Module):
    """Drops the same values of all pieces of a text (Y. Gal, Z. Ghahramani, arXiv:1512.05287): to draw for each piece apart
    takes a seventh of the training."""

    def forward(self, states: Tensor) -> Tensor:
        kept = torch.ones(states.shape[0], 1, states.shape[2], dtype=states.dtype)
        return states * functional.dropout(kept, DROPOUT, self.training)


class Layer(nn.Module):
    """A layer of BERT (J. Devlin et al., arXiv:1810.04805)."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.attended = nn.LayerNorm(WIDTH, eps=1e-12)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = Dropout()

    def forward(self, states: Tensor, mask: Tensor | None) -> Tensor:
        def heads(projected: Tensor) -> Tensor:
            return projected.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)

        queries, keys, values = heads(self.query(states)), heads(self.key(states)), heads(self.value(states))
        weights = queries @ keys.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
        if mask is not None:
            weights = weights + mask
        mixed = (weights.softmax(-1) @ values).transpose(1, 2).flatten(2)
        states = self.attended(states + self.dropout(self.out(mixed)))
        return self.norm(states + self.dropout(self.narrow(functional.gelu(self.wide(states)))))


class Encoder(nn.Module):
    """Pieces to a state for each."""

    def __init__(self, pretrained: Pretrained) -> None:
        super().__init__()
        self.words = nn.Embedding(len(pretrained.pieces), WIDTH)
        self.places = nn.Embedding(512, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.dropout = Dropout()
        self.load_state_dict({name: torch.tensor(values) for name, values in pretrained.encoder().items()})
        for part in (self.words, self.places, self.norm):
            part.requires_grad_(False)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        states = self.words(ids) + self.places(torch.arange(ids.shape[1]))
        states = self.dropout(self.norm(states))
        for layer in self.layers:
            states = layer(states, mask)
        return states


class Network(nn.Module):
    """The encoder with its heads."""

    def __init__(self, pretrained: Pretrained, themes: int, programs: int) -> None:
        super().__init__()
        self.encoder = Encoder(pretrained)
        self.dropout = Dropout()
        self.themes, self.programs = nn.Linear(WIDTH, themes), nn.Linear(WIDTH, programs)
        self.heed = nn.Linear(WIDTH, themes, bias=False)
        for layer in (self.themes, self.heed):
            nn.init.zeros_(layer.weight)
        # Of a hundred pairs of paragraph and theme some four hold.
        nn.init.constant_(self.themes.bias, -3.0)

    def forward(self, ids: Tensor, there: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        """`there` is 1 for every piece but the filling, `own` for the paragraph's."""
        states = self.encoder(ids, (1 - there)[:, None, None, :] * -1e4)
        # All but the mark at the end.
        both = there * functional.pad(there, (0, 1))[:, 1:]
        states, dropped = states.float(), self.dropout(states).float()
        shares = (self.heed(states).float() + (1 - own)[..., None] * -1e4).softmax(1)
        themes = (shares * (dropped @ self.themes.weight.T).float()).sum(1) + self.themes.bias
        mean = (dropped * both[..., None]).sum(1) / both.sum(1, keepdim=True)
        return themes, (mean @ self.programs.weight.T).float() + self.programs.bias


def trained(pretrained: Pretrained, samples: Sequence[Sample], seed: int, say: Callable[[str], None]) -> Network:
    """A network that has read the samples `EPOCHS` times."""
    torch.manual_seed(seed)
    chance = random.Random(seed)
    network = Network(pretrained, len(samples[0].theme), len(samples[0].program))
    layers = [
        {"params": list(layer.parameters()), "lr": RATE * SLOWER**above}
        for above, layer in enumerate(reversed(network.encoder.layers))
    ]
    heads = [*network.themes.parameters(), *network.programs.parameters(), *network.heed.parameters()]
    optimizer = torch.optim.AdamW([*layers, {"params": heads, "lr": HEAD_RATE}], weight_decay=0.01)
    learning = [values for group in optimizer.param_groups for values in group["params"]]
    steps = EPOCHS * math.ceil(len(samples) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * max(0.0, (steps - step) / steps)
    )
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))
    network.train()
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in batches(samples, chance):
            ids, there, own = tensors(batch)
            wanted = torch.tensor(np.array([sample.theme for sample in batch]))
            program = torch.tensor(np.array([sample.program for sample in batch]))
            for_themes = torch.tensor(np.array([sample.for_themes for sample in batch]))
            for_programs = torch.tensor([sample.for_programs for sample in batch])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                themes, programs = network(ids, there, own)
            loss = functional.binary_cross_entropy_with_logits(themes.float(), wanted, reduction="none")
            beside = -(program * programs.float().log_softmax(1)).sum(1)
            mean = ((loss * for_themes).sum(1) + BESIDE * beside * for_programs).mean()
            optimizer.zero_grad()
            mean.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.step()
            schedule.step()
            averaged.update_parameters(network)
            total += float(mean.detach()) * len(batch)
        say(f"epoch {epoch + 1} of {EPOCHS}: loss {total / len(samples):.3f}")
    kept = averaged.module
    assert isinstance(kept, Network)
    return kept.eval()


def batches(samples: Sequence[Sample], chance: random.Random) -> Iterator[list[Sample]]:
    """All samples in random order, those of a batch of like length."""
    order = list(samples)
    chance.shuffle(order)
    groups = [sorted(order[at : at + 16 * BATCH], key=lambda s: len(s.ids)) for at in range(0, len(order), 16 * BATCH)]
    found = [group[at : at + BATCH] for group in groups for at in range(0, len(group), BATCH)]
    chance.shuffle(found)
    yield from found


def tensors(batch: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Pieces, which of them are there, and which are the paragraph's own."""
    longest = max(len(sample.ids) for sample in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    there, own = torch.zeros(len(batch), longest), torch.zeros(len(batch), longest)
    for row, sample in enumerate(batch):
        ids[row, : len(sample.ids)] = torch.tensor(sample.ids)
        there[row, : len(sample.ids)] = 1
        own[row, sample.own : len(sample.ids) - 1] = 1
    return ids, there, own


class Labelling(nn.Module):
    """What the tagger is to see: of each piece, how much each label heeds it and how much it speaks for the label."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.encoder = network.encoder
        programs = network.programs.weight.detach()
        weights = (network.heed.weight.detach(), torch.zeros_like(programs), network.themes.weight.detach(), programs)
        self.register_buffer("labels", torch.cat(weights).T.contiguous())

    def forward(self, ids: Tensor) -> Tensor:
        return (self.encoder(ids) @ self.labels).unflatten(-1, (2, -1))


def export(network: Network, path: Path) -> None:
    """Write the encoder with 8-bit weights. Input `ids` (1, pieces), output `found` (1, pieces, 2, labels): see
    `analysis.encoder.Encoded`. The labels' own weights stay as they are: they are few, and all rests on them."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # type: ignore[import-untyped]

    whole = path.with_suffix(".float.onnx")
    torch.onnx.export(
        Labelling(network).eval(),
        (torch.tensor([framed([5, 6, 7], [8, 9])[0]]),),
        str(whole),
        input_names=["ids"],
        output_names=["found"],
        dynamic_axes={"ids": {1: "pieces"}, "found": {1: "pieces"}},
        dynamo=False,
    )
    quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=["/MatMul"])
    whole.unlink()


def biases(network: Network) -> dict[str, Floats]:
    """What is added to the scores of the themes, with the questions after them, and of the programs."""
    return {
        "theme_bias": network.themes.bias.detach().numpy().copy(),
        "program_bias": network.programs.bias.detach().numpy().copy(),
    }


def sample(
    title: Sequence[int], text: Sequence[int], theme: Floats, program: Floats, for_themes: Floats, for_programs: float
) -> Sample:
    ids, own = framed(title, text[:LONGEST])
    return Sample(tuple(ids), own, theme, program, for_themes, for_programs)

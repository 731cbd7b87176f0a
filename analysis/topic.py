"""What a thread is on: a belief over programs that names and descriptions move, and that fades as the talk moves on.

A forward filter (the forward pass of a hidden Markov model: L. Rabiner, Proceedings of the IEEE 77, 1989): from one
paragraph to the next the topic stays or, rarely, changes; a name speaks strongly for its program, a description as
strongly as the model's probability of it. The title speaks first. The numbers were chosen on training threads that the
model had not seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# From one paragraph about a program to the next the topic changes so often ...
CHANGES = 0.35
# ... and then, so often, to a program that was spoken of before.
RETURNS = 0.3
# Some program that was not spoken of: as many as the taxonomy has, about. Fixed, so that one more moves nothing.
PROGRAMS = 50
# How much likelier a paragraph names a program that it is about than another one.
NAME = 20.0
# How far a description is believed: the power of the model's probability, and the least that it leaves to a program.
TRUST, LEAST = 0.9, 0.001
# From this probability on a paragraph's words say themselves which program they describe.
DESCRIBES = 0.45
# So sure must be what speaks for a program first, in a thread that named none.
FIRST = 0.5
# From one post to the next so much of the belief goes back to what the title says: after long talk of other things only
# the title still counts.
FADES = 0.06
# How much surer than by a name one knows what an answer is about from the post that it quotes or answers.
LOOKED_UP = 100.0
# What is believed less is forgotten.
FORGOTTEN = 0.002
# What is believed so much is what the thread is on; a second program beside it has at least that share of its belief.
LIKELY, BESIDE = 0.2, 0.8
NAMED, DESCRIBED = "name", "description"


@dataclass(frozen=True)
class Evidence:
    """The words that speak for a program: in a paragraph (its row id), or in the title (`paragraph_id` None).

    `how`: `name`, `description`, or the post that was looked up: `quoted post`, `answered post`.
    """

    program_id: str
    paragraph_id: int | None
    start: int
    end: int
    how: str = NAMED


@dataclass(frozen=True)
class Topic:
    """`beliefs`: the programs with some evidence and their probabilities, likeliest first; the rest is any other's.

    `evidence`: for each of them the words that speak for it: its latest name, or where it was never named its first
    description.
    """

    beliefs: tuple[tuple[str, float], ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def likeliest(self) -> list[tuple[Evidence, float]]:
        """The program that the thread is on, and a second one if it is as good as on both; none if that is open."""
        places = {entry.program_id: entry for entry in self.evidence}
        found = [(places[program], belief) for program, belief in self.beliefs[:2] if program in places]
        if not found or found[0][0].program_id != self.beliefs[0][0] or sum(belief for _, belief in found) < LIKELY:
            return []
        if len(found) == 2 and found[1][1] < BESIDE * found[0][1]:
            del found[1]
        return found if len(found) == 2 or found[0][1] >= LIKELY else []

    def named(self, evidence: Sequence[Evidence], strength: float = NAME) -> Topic:
        """After words that name programs."""
        if not evidence:
            return self
        named = {entry.program_id: entry for entry in reversed(evidence)}
        return self._moved(dict.fromkeys(named, strength), 1.0, named)

    def looked_up(self, evidence: Sequence[Evidence]) -> Topic:
        """After a reference to a post of which the programs are known."""
        return self.named(evidence, NAME * LOOKED_UP)

    def faded(self, opening: Topic) -> Topic:
        """One post later, in a thread of which the title alone says `opening`."""
        first, held = dict(opening.beliefs), dict(self.beliefs)
        beliefs = {
            program: held.get(program, 0.0) * (1 - FADES) + first.get(program, 0.0) * FADES
            for program in dict.fromkeys((*held, *first))
        }
        places = {entry.program_id: entry for entry in (*opening.evidence, *self.evidence)}
        return _topic(beliefs, places)

    def described(self, chances: Mapping[str, float], place: Evidence) -> Topic:
        """After words of which the model says with what probability they describe each program.

        `place` says where they stand; its program is not looked at.
        """
        likely = {program: max(chance, LEAST) ** TRUST for program, chance in chances.items()}
        held = {entry.program_id for entry in self.evidence}
        if not held and max(chances.values(), default=0.0) < FIRST:
            return self
        new = {
            program: Evidence(program, place.paragraph_id, place.start, place.end, DESCRIBED)
            for program, chance in chances.items()
            if chance >= DESCRIBES and program not in held
        }
        return self._moved(likely, LEAST**TRUST, new)

    def _moved(self, likely: Mapping[str, float], otherwise: float, new: Mapping[str, Evidence]) -> Topic:
        held = dict(self.beliefs)
        rest = max(0.0, 1.0 - sum(held.values())) / max(1, PROGRAMS - len(held))
        back = CHANGES * RETURNS / len(held) if held else 0.0
        anywhere = CHANGES * (1 - RETURNS if held else 1) / PROGRAMS
        beliefs = {
            program: (held.get(program, rest) * (1 - CHANGES) + (back if program in held else 0.0) + anywhere)
            * likely.get(program, otherwise)
            for program in dict.fromkeys((*held, *likely))
        }
        others = (rest * (1 - CHANGES) + anywhere) * otherwise * max(0, PROGRAMS - len(beliefs))
        total = sum(beliefs.values()) + others
        places = {entry.program_id: entry for entry in self.evidence} | dict(new)
        return _topic({program: belief / total for program, belief in beliefs.items()}, places)

    def dump(self) -> str:
        """As text, to be kept with the post after which it holds."""
        rows = [(entry.program_id, entry.paragraph_id, entry.start, entry.end, entry.how) for entry in self.evidence]
        return json.dumps([self.beliefs, rows], separators=(",", ":"))


def _topic(beliefs: Mapping[str, float], places: Mapping[str, Evidence]) -> Topic:
    kept = sorted(
        # Rounded, so that what is kept with a post is what the next one follows on.
        ((program, round(belief, 4)) for program, belief in beliefs.items() if belief > FORGOTTEN),
        key=lambda entry: (-entry[1], entry[0]),
    )
    return Topic(tuple(kept), tuple(places[program] for program, _ in kept if program in places))


def load(text: str) -> Topic:
    """What `Topic.dump` wrote."""
    beliefs, rows = json.loads(text)
    return Topic(tuple((program, belief) for program, belief in beliefs), tuple(Evidence(*row) for row in rows))

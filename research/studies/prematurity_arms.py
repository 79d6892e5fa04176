"""What the training sets of the study of prematurity have besides real beats."""

from __future__ import annotations

from dataclasses import dataclass

from diffecg.composition.personal_beats import PREMATURE
from diffecg.datasets.windows import Windows
from research.studies.oversampling import Oversampler, from_pool, repeat
from research.studies.rhythm_transfer import borrow_rhythm, permute_rhythm, premature_beats

NOTHING, WEIGHTS, REPEATED = "nothing", "nothing, class weights", "real beats, repeated"
OWN, PERMUTED = "generated, own RR", "generated, RR permuted"
BORROWED = "generated without RR, RR of real beats"
PERSONAL, LIMIT = "real N beats made premature", "real beats of other subjects"
NONE = "none"
SCOPES = {NONE: (), "S": (PREMATURE,), "S and V": (PREMATURE, "V")}
"""Labels that beats are added to, by name in the tables."""
COMPARISONS = (
    (OWN, PERMUTED),
    (OWN, BORROWED),
    (OWN, REPEATED),
    (PERMUTED, BORROWED),
    (LIMIT, OWN),
    (PERSONAL, REPEATED),
    (PERSONAL, OWN),
)
"""Pairs of arms of which the first is compared with the second."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """The beats that training sets are made of."""

    train: Windows
    """Real beats of the training subjects, with RR intervals."""
    joint: Windows
    """Generated beats with the RR intervals that they were generated with."""
    plain: Windows
    """Generated beats without RR intervals."""
    other: Windows
    """Real beats of the other subjects that the model of the joint beats was trained on."""

    def oversamplers(self) -> dict[str, Oversampler]:
        """Return by arm what adds beats; all arms add as many beats of a label."""
        own, plain = from_pool(self.joint), from_pool(self.plain)
        return {
            REPEATED: repeat,
            OWN: own,
            PERMUTED: lambda *request: permute_rhythm(own(*request), request[2]),
            BORROWED: lambda *request: borrow_rhythm(plain(*request), request[0], request[2]),
            LIMIT: from_pool(self.other),
            PERSONAL: lambda train, counts, seed: premature_beats(train, counts[PREMATURE], seed),
        }


def arms_of(scope: str) -> list[str]:
    """Return the arms of a scope; only S beats can be made of N beats."""
    if not SCOPES[scope]:
        return [NOTHING, WEIGHTS]
    arms = [REPEATED, OWN, PERMUTED, BORROWED, LIMIT]
    return [*arms, PERSONAL] if SCOPES[scope] == (PREMATURE,) else arms


def added_counts(train: Windows, scope: str, target: int) -> dict[str, int]:
    """Return how many beats of each label raise its number to ``target``."""
    counts = train.counts()
    return {label: max(0, target - counts[label]) for label in SCOPES[scope] if label in counts}

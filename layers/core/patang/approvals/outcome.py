"""What a person's word on a proposal comes to."""

from typing import Literal, NamedTuple

from patang.approvals.proposal import Proposal

__all__ = ["DecisionResult", "Outcome", "Reduction", "Verdict"]

# REFUSED: approved, and then not sent. NOT_IN_PERSON: a program's yes to what takes a person's.
type DecisionResult = Literal[
    "APPROVED",
    "DECLINED",
    "ALREADY_DECIDED",
    "EXPIRED",
    "TERMS_CHANGED",
    "UNKNOWN",
    "REFUSED",
    "NOT_IN_PERSON",
]


class Verdict(NamedTuple):
    """What a decision came to, and why it came to nothing where the result does not say it."""

    result: DecisionResult
    why: str = ""


class Outcome(NamedTuple):
    """A decision; the proposal where its workflow is to hear of it."""

    result: DecisionResult
    proposal: Proposal | None = None


class Reduction(NamedTuple):
    """What a wish for less came to: REDUCED and the hash of the terms to say yes to now, NOT_REDUCED and why
    not, or what a decision would be told. The proposal as in Outcome."""

    result: DecisionResult | Literal["REDUCED", "NOT_REDUCED"]
    terms_digest: str | None = None
    why: str = ""
    proposal: Proposal | None = None

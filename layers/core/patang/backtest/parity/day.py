"""What a desk recorded of an account's day: proposals, what they came to, why others were refused."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from pydantic import ValidationError

from patang.approvals.proposal import Proposal
from patang.audit.decisions import FOLDER
from patang.backtest.opening import Declined, Opening
from patang.errors import BadInput
from patang.keys import account_partition
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.ports import ObjectStore, StateStore
from patang.records import load_all
from patang.risk.explanation import AccountDecisions
from patang.risk.reservations import DERIVATIVES
from patang.settings import Mode

__all__ = ["RecordedDay", "recorded_day"]

# Gates that look at the desk's working, of which a replay knows nothing.
_OPERATIONAL = frozenset(
    {
        "CONTENTION",
        "EGRESS_IP_MISMATCH",
        "HALTED",
        "HIGH_LATENCY",
        "MARGIN_INSUFFICIENT",
        "RECONCILIATION",
        "SESSION_EXPIRED",
        "STOP_TRADING",
        "TOO_MANY_EXCEPTIONS",
    }
)


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """An account's day. `proposals` are by the id of their signal, `positions` those entered on the day by
    the id of the entry's intent; `refused` is the gate of each signal that was not proposed. `opening` is how
    the account stood before; `carried` are symbols that it already held. `assessed` are the cycles in which
    the account was asked: a desk that was busy, or stopped, has left some out. None: all of them."""

    account: str
    day: date
    proposals: Mapping[str, Proposal]
    positions: Mapping[str, Position]
    refused: Mapping[str, str]
    opening: Opening
    carried: tuple[str, ...]
    assessed: frozenset[datetime] | None = None

    def position_of(self, signal_id: str) -> Position | None:
        """What was bought for a signal."""
        proposal = self.proposals.get(signal_id)
        return None if proposal is None else self.positions.get(proposal.intent_id or "")

    def declined(self, proposal: Proposal, rests: timedelta) -> Declined | None:
        """Why the day has bought nothing for a proposal: somebody's no, the price, the exchange, how the desk
        itself worked. None where it has, or where the proposal is the replay's own idea.

        It keeps its room for as long as an order `rests`, at most until the day proposed the next: by then it
        had room for that.
        """
        known = self.proposals.get(proposal.signal.signal_id)
        if known is None:
            gate = self.refused.get(proposal.signal.signal_id, "")
            return Declined(gate, proposal.as_of) if gate in _OPERATIONAL else None
        if self.position_of(proposal.signal.signal_id) is not None:
            return None
        later = (other.as_of for other in self.proposals.values() if other.as_of > proposal.as_of)
        return Declined(known.outcome or known.state, min((proposal.as_of + rests, *later)))


def recorded_day(store: StateStore, objects: ObjectStore, account: str, day: date, mode: Mode) -> RecordedDay:
    """Reads the day. Raises BadInput for decisions that do not parse."""
    partition = account_partition(account)
    positions = [p for p in load_all(store, Position, partition, "POSITION#") if p.mode == mode]
    proposals = load_all(store, Proposal, partition, "PROPOSAL#")
    answers = list(_answers(objects, account, day))
    return RecordedDay(
        account=account,
        day=day,
        proposals={
            p.signal.signal_id: p
            for p in sorted(proposals, key=lambda p: (p.as_of, p.order_id))
            if p.as_of.astimezone(IST).date() == day
        },
        positions={p.entry_intent_id: p for p in positions if _entered(p) == day},
        refused={
            decision.signal_id: decision.outcome
            for answer in answers
            for decision in answer.decisions
            if decision.outcome != "PROPOSED"
        },
        opening=_opening([p for p in positions if _entered(p) < day], day),
        carried=tuple(sorted(p.symbol for p in positions if _entered(p) < day and _left(p) >= day)),
        assessed=frozenset(answer.as_of for answer in answers),
    )


def _entered(position: Position) -> date:
    return position.entry_time.astimezone(IST).date()


def _left(position: Position) -> date:
    """The day on which it was sold; for what is still held any later one."""
    if position.state != "CLOSED" or position.exit_time is None:
        return date.max
    return position.exit_time.astimezone(IST).date()


def _opening(before: Iterable[Position], day: date) -> Opening:
    known = list(before)
    closed = sorted(
        (p for p in known if _left(p) < day), key=lambda p: (p.exit_time or p.entry_time, p.position_id)
    )
    made = list(accumulate((p.realised_pnl or Decimal(0) for p in closed), initial=Decimal(0)))
    options = [p.entry_time for p in known if p.exchange in DERIVATIVES]
    return Opening(made[-1], max(made), max(options, default=None))


def _answers(objects: ObjectStore, account: str, day: date) -> Iterator[AccountDecisions]:
    """What the account made of each cycle in which it was asked."""
    for path in objects.list(f"{FOLDER}/{day}/"):
        if not path.rpartition("/")[2].startswith(f"{account}-"):
            continue
        try:
            told = AccountDecisions.model_validate_json(objects.get(path) or b"")
        except ValidationError as error:
            raise BadInput(f"the decisions {path} do not parse: {error}") from error
        if told.account == account:
            yield told

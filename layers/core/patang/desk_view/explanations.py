"""Why a signal came about, and what each account made of it: what was kept, read back and checked."""

import re
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from patang.approvals.proposal import Proposal
from patang.audit.decisions import Sealed, opened
from patang.audit.event import AuditEvent
from patang.desk_view.shapes import signal_view
from patang.desk_view.views import SignalView
from patang.errors import StopTrading
from patang.keys import outbox_partition, proposal_key, signal_partition
from patang.market.cycle import run_id_of
from patang.market.sessions import IST
from patang.model.contributions import Explained
from patang.ports import Key, ObjectStore, StateStore
from patang.records import load
from patang.risk.explanation import AccountDecision, AccountDecisions, GateDecision
from patang.settings.changes import DESK_CHAIN
from patang.strategies.explanation import LeftAlone, MarketDecisions
from patang.strategies.rules import KeptRule
from patang.strategies.signal import Signal

__all__ = ["AccountExplained", "CycleExplained", "Explanations", "Seal", "SignalExplained"]

_SIGNAL = re.compile(r"S(\d{12})-")
_CYCLE = re.compile(r"\d{4}-\d{2}-\d{2}-\d{4}")


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Seal(_View):
    """Where the decisions lie at length, and whether they are what the audit log sealed; `wrong`: why not."""

    path: str
    sha256: str
    intact: bool
    wrong: str = ""


class AccountExplained(_View):
    """One account's answer. `decision` is None where its cycle is not over, or says nothing of the signal;
    `order_state` and `order_outcome` are those of the order that was proposed, `intent_id` is of what was
    sent of it."""

    account: str
    decision: AccountDecision | None = None
    order_state: str | None = None
    order_outcome: str | None = None
    intent_id: str | None = None
    seal: Seal | None = None


class SignalExplained(_View):
    """A signal with the rules that it passed or failed, what each input gave to the model's answers, and what
    the accounts made of it."""

    signal: SignalView
    bid: float
    ask: float
    rules: tuple[KeptRule, ...]
    contributions: Explained | None
    undefined: dict[str, str]
    accounts: tuple[AccountExplained, ...]
    seal: Seal | None


class CycleExplained(_View):
    """A cycle: its signals by id, and everything that the strategies left alone. `reason`: why no signal.

    A cycle that the gate has ended was never looked at: `gate` has the numbers that it has seen.
    """

    run_id: str
    reason: str
    signals: tuple[str, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    gate: dict[str, float | str] = {}
    seal: Seal | None = None


class Explanations:
    """Reads what (signals) and (risk) have kept."""

    def __init__(self, store: StateStore, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects

    def signal(self, signal_id: str, accounts: Sequence[str]) -> SignalExplained | None:
        """The signal with the answers of these accounts; None if there is no such signal."""
        named = _SIGNAL.match(signal_id)
        as_of = None if named is None else _moment(named[1], "%Y%m%d%H%M")
        if as_of is None:
            return None
        key = Key(signal_partition(as_of.date()), f"{as_of:%H%M}#{signal_id}")
        signal = load(self._store, Signal, key)
        if signal is None:
            return None
        seal, _ = self._read(DESK_CHAIN, "decided", as_of)
        return SignalExplained(
            signal=signal_view(signal, with_features=True),
            bid=float(signal.bid),
            ask=float(signal.ask),
            rules=signal.rules,
            contributions=signal.contributions,
            undefined=signal.undefined,
            accounts=tuple(self._of_account(account, signal) for account in accounts),
            seal=seal,
        )

    def cycle(self, run_id: str) -> CycleExplained | None:
        """A cycle by its name, such as 2026-08-18-1000; None if nothing is kept of it."""
        as_of = _moment(run_id, "%Y-%m-%d-%H%M") if _CYCLE.fullmatch(run_id) else None
        if as_of is None:
            return None
        seal, content = self._read(DESK_CHAIN, "decided", as_of)
        if seal is None:
            return self._gated(run_id, as_of)
        if content is None:
            raise StopTrading(seal.wrong)
        kept = MarketDecisions.model_validate_json(content)
        return CycleExplained(
            run_id=kept.run_id,
            reason=kept.reason,
            signals=tuple(signal.signal_id for signal in kept.signals),
            left_alone=kept.left_alone,
            seal=seal,
        )

    def _gated(self, run_id: str, as_of: datetime) -> CycleExplained | None:
        seal, content = self._read(DESK_CHAIN, "gated", as_of)
        if seal is not None:
            if content is None:
                raise StopTrading(seal.wrong)
            kept = GateDecision.model_validate_json(content)
            late = {f"{shard}_late": str(late).lower() for shard, late in kept.shards.items()}
            return CycleExplained(run_id=run_id, reason=kept.reason, gate=kept.numbers | late, seal=seal)
        event = self._event(DESK_CHAIN, "gated", as_of)
        if event is None:
            return None
        # Events of the first form held the numbers themselves.
        numbers = {name: value for name, value in event.details.items() if name != "reason"}
        return CycleExplained(run_id=run_id, reason=event.details["reason"], gate=numbers)

    def _of_account(self, account: str, signal: Signal) -> AccountExplained:
        seal, content = self._read(account, "assessed", signal.as_of)
        kept = () if content is None else AccountDecisions.model_validate_json(content).decisions
        decision = next((d for d in kept if d.signal_id == signal.signal_id), None)
        order_id = None if decision is None else decision.order_id
        order = None if order_id is None else load(self._store, Proposal, proposal_key(account, order_id))
        return AccountExplained(
            account=account,
            decision=decision,
            order_state=None if order is None else order.state,
            order_outcome=None if order is None else order.outcome,
            intent_id=None if order is None else order.intent_id,
            seal=seal,
        )

    def _read(self, account: str, kind: str, as_of: datetime) -> tuple[Seal | None, bytes | None]:
        """What the cycle's event has sealed, and its content unless it is not what was sealed."""
        event = self._event(account, kind, as_of)
        if event is None or "decisions" not in event.details:
            return None, None
        sealed = Sealed.model_validate(event.details["decisions"])
        try:
            content = opened(self._objects, sealed)
        except StopTrading as error:
            return Seal(**sealed.model_dump(), intact=False, wrong=str(error)), None
        return Seal(**sealed.model_dump(), intact=True), content

    def _event(self, account: str, kind: str, as_of: datetime) -> AuditEvent | None:
        key = Key(outbox_partition(account, as_of.date()), f"{kind}#{run_id_of(as_of)}")
        return load(self._store, AuditEvent, key)


def _moment(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=IST)
    except ValueError:
        return None

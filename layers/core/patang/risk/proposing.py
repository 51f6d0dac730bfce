"""The best proposal that an account may make now: what is decided, and what is held back for it. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from patang.approvals.proposal import Proposal
from patang.portfolio.account_state import RiskState
from patang.risk.account_view import AccountView
from patang.risk.assessment import Assessed, assess
from patang.risk.explanation import AccountDecision
from patang.risk.reservations import reserve
from patang.risk.slippage import Slippage
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["Choice", "choose", "order_id_of"]

_PAISA = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Choice:
    """What an account does next about a cycle's signals: `proposal`, `best` behind it and the `state` that
    holds its money and its place. The rest is decided anew on that state."""

    proposal: Proposal
    best: Assessed
    state: RiskState


def order_id_of(account: str, signal: Signal) -> str:
    """The one order an account can make of a signal; also the name of the order's workflow."""
    digest = hashlib.sha256(f"{account}\x1f{signal.signal_id}".encode()).hexdigest()
    return f"o{signal.as_of:%Y%m%d%H%M}-{digest[:8]}"


def choose(
    view: AccountView,
    account: str,
    run_id: str,
    signals: Sequence[Signal],
    settings: Settings,
    slippage: Slippage,
    as_of: datetime,
) -> tuple[Choice | None, Mapping[str, AccountDecision]]:
    """The best proposal of those that the account may make now, None where it may make none, and by signal
    why each of the others was refused. Raises StopTrading where the day has no sourced charges.
    """
    passed, refused = assess(view, signals, settings, slippage, as_of)
    if not passed:
        return None, refused
    best = passed[0]
    proposal = Proposal(
        account=account,
        order_id=order_id_of(account, best.signal),
        run_id=run_id,
        as_of=as_of,
        signal=best.signal,
        quantity=best.sizing.quantity,
        expected_net_profit=_to_paisa(best.profit.net),
        expected_charges=_to_paisa(best.profit.charges.total),
        risk_amount=_to_paisa(best.sizing.risk_amount),
    )
    return Choice(proposal, best, reserve(view.state, proposal, best.sizing.exposure)), refused


def _to_paisa(amount: Decimal) -> Decimal:
    return amount.quantize(_PAISA, ROUND_HALF_EVEN)

"""What an entry order's fills and end do: the position, the reservation, the proposal."""

from datetime import datetime

from patang.approvals.proposal import Proposal
from patang.errors import StopTrading
from patang.execution.following.consequences import Notice, Settlement, fill_of, name_of, position_id_of
from patang.execution.guarding.stop_risk import reserved_for_stop
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.keys import position_key, proposal_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.portfolio.ledger import after_entry, opened
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.records import create, load, replace
from patang.risk.reservations import DERIVATIVES, keep_rest

__all__ = ["settle_entry"]


def settle_entry(
    store: StateStore,
    done: Settlement,
    old: OrderIntent,
    new: OrderIntent,
    as_of: datetime,
    now: datetime,
) -> None:
    proposal = load(store, Proposal, proposal_key(new.account, new.order_id or ""))
    if proposal is None:
        raise StopTrading(f"entry {new.intent_id} belongs to proposal {new.order_id!r}, which is not stored")
    grown = new.filled_quantity > old.filled_quantity
    entered = _grow_position(store, done, proposal, new, as_of, now) if grown else None
    _hold_less(store, done, proposal, old, new, entered, as_of)
    if not new.is_final:
        return
    outcome = _outcome(new)
    done.writes.append(replace(proposal.evolve(state="CONCLUDED", outcome=outcome)))
    if new.filled_quantity == 0:
        why = f": {new.status_message or new.reason}" if new.status_message or new.reason else ""
        alarm = "entry_rejected" if new.state == "REJECTED" else None
        done.notices.append(
            Notice(f"Entry {new.state.lower()}", f"{name_of(new)} bought nothing{why}.", alarm, "order")
        )


def _grow_position(
    store: StateStore,
    done: Settlement,
    proposal: Proposal,
    new: OrderIntent,
    as_of: datetime,
    now: datetime,
) -> Position | None:
    fill = fill_of(new, as_of)
    if fill is None:
        return None
    expected = new.expected_price or fill.price
    position_id = position_id_of(new)
    position = load(store, Position, position_key(new.account, position_id))
    if position is None:
        entered = opened(
            position_id,
            new.account,
            proposal.signal,
            new.terms.product,
            new.intent_id,
            expected,
            fill,
            mode=new.terms.mode,
        )
        done.writes.append(create(entered))
    else:
        entered = after_entry(position, proposal.signal, expected, fill)
        done.writes.append(replace(entered))
    done.writes.append(
        journal(
            new.account,
            "POSITION_ENTERED",
            f"{position_id}#{fill.quantity}",
            as_of,
            now,
            position_id=position_id,
            symbol=entered.symbol,
            quantity=entered.quantity,
            entry_price=entered.entry_price,
            entry_charges=entered.entry_charges,
            slippage=entered.entry_slippage,
            stop_loss_price=entered.stop_loss_price,
            target_price=entered.target_price,
            exit_by=entered.exit_by.isoformat() if entered.exit_by else None,
        )
    )
    bought = f"Bought {entered.quantity} {entered.symbol} at {fill.price}"
    text = f"{bought}; stop {entered.stop_loss_price}, target {entered.target_price}."
    done.notices.append(Notice("Position entered", text, kind="position"))
    return entered


def _hold_less(
    store: StateStore,
    done: Settlement,
    proposal: Proposal,
    old: OrderIntent,
    new: OrderIntent,
    entered: Position | None,
    as_of: datetime,
) -> None:
    """The reservation is kept for what may still come, no longer for what the position holds.

    The state of risk is written even where it stays the same: a decision that has seen it, and has not seen
    the position, must not stand. Options pause from the latest fill known, whichever was told last.
    """
    risk = load(store, RiskState, risk_key(new.account))
    known = risk or RiskState(account=new.account)
    changed = keep_rest(known, proposal, old, new)
    if proposal.order_id not in known.reservations:
        changed = reserved_for_stop(changed, entered, new, as_of.astimezone(IST).date())
    if new.terms.exchange in DERIVATIVES and new.filled_quantity > old.filled_quantity:
        changed = changed.evolve(last_option_entry=max(as_of, changed.last_option_entry or as_of))
    if entered is not None:
        changed = changed.with_position(entered)
    done.writes.append(create(changed) if risk is None else replace(changed))


def _outcome(new: OrderIntent) -> str:
    if new.filled_quantity >= new.terms.quantity:
        return "FILLED"
    return "PARTLY_FILLED" if new.filled_quantity else new.state

"""What must hold of an account's stored items after every write, told from the items alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from patang.execution.intent import FINAL_STATES
from patang.keys import account_partition
from patang.ports import Key
from patang.risk.charges import round_trip_charges, segment_of
from patang.settings import Settings

__all__ = ["assert_reserved_is_what_may_be_bought", "assert_within_limits"]

type Items = Mapping[Key, Mapping[str, Any]]

D = Decimal
_FNO = ("NFO", "BFO")


def assert_within_limits(items: Items, account: str, settings: Settings) -> None:
    """Positions and reservations together stay within every limit of the settings, at worst prices."""
    capital, risk = settings.capital.starting_capital_inr, settings.risk
    # (option, underlying, strategy, rupees) of everything that is held or may be bought.
    held = [
        (p["exchange"] in _FNO, p["underlying"], p["strategy"], D(p["entry_price"]) * p["quantity"])
        for p in _of(items, account, "POSITION#")
        if p["state"] != "CLOSED"
    ]
    reserved = [
        (r["option"], r["symbol"], r["strategy"], D(r["exposure"]))
        for r in _reservations(items, account).values()
    ]
    both = held + reserved
    places = {(option, underlying) for option, underlying, _, _ in both}
    assert len(places) <= risk.max_concurrent_positions, f"{len(places)} positions"
    options = sum(option for option, _ in places)
    assert options <= risk.max_concurrent_options, f"{options} options"
    if settings.options.cooldown_hours:
        # Told of minutes: no two entries of options lie as far apart as a cool-down.
        assert options <= 1, f"{options} options within a cool-down"
    for _, underlying in places:
        _at_most(
            capital, risk.max_symbol_exposure_pct, (e for _, u, _, e in both if u == underlying), underlying
        )
    for option, share in ((True, settings.options), (False, settings.equity)):
        by_strategy = {strategy for o, _, strategy, _ in both if o == option}
        for name in by_strategy:
            _at_most(capital, share.capital_share_pct, (e for _, _, s, e in both if s == name), name)
    _at_most(capital, risk.max_portfolio_exposure_pct, (e for *_, e in both), "the portfolio")
    _at_most(capital, 100 - risk.margin_buffer_pct, (e for *_, e in both), "cash")
    losses = _losses_at_stops(items, account)
    _at_most(capital, settings.capital.daily_loss_limit_pct, losses, "what all stops lose together")
    for proposal in _of(items, account, "PROPOSAL#"):
        _at_most(capital, risk.risk_per_trade_pct, [D(proposal["risk_amount"])], proposal["order_id"])
    for reservation in _reservations(items, account).values():
        _at_most(capital, risk.risk_per_trade_pct, [D(reservation["risk_amount"])], reservation["symbol"])


def assert_reserved_is_what_may_be_bought(items: Items, account: str) -> None:
    """A reservation for each order that may still buy, of what it may cost, and no other."""
    expected = {}
    intents = {i["intent_id"]: i for i in _of(items, account, "INTENT#") if i["kind"] == "ENTRY"}
    for proposal in _of(items, account, "PROPOSAL#"):
        intent = intents.get(proposal.get("intent_id", ""))
        if intent is not None and intent["state"] not in FINAL_STATES:
            rest = intent["terms"]["quantity"] - intent["filled_quantity"]
            expected[proposal["order_id"]] = rest * D(intent["terms"]["price"])
        elif intent is None and proposal["state"] != "CONCLUDED":
            expected[proposal["order_id"]] = proposal["quantity"] * D(proposal["signal"]["entry_price"])
    reserved = _reservations(items, account)
    assert set(reserved) == {order_id for order_id, cost in expected.items() if cost}
    for order_id, reservation in reserved.items():
        assert D(reservation["exposure"]) >= expected[order_id], order_id
        if (bound := reservation.get("intent_id")) is not None:
            assert intents[bound]["order_id"] == order_id


def _losses_at_stops(items: Items, account: str) -> list[Decimal]:
    """Rupees, charges included, of everything that is held or may be bought; nothing has been sold yet.

    An order of which part is bought loses at worst what it would have lost as a whole.
    """
    reserved = _reservations(items, account)
    whole = {p["order_id"]: D(p["risk_amount"]) for p in _of(items, account, "PROPOSAL#")}
    orders = {i["intent_id"]: i["order_id"] for i in _of(items, account, "INTENT#") if i["kind"] == "ENTRY"}
    losses = [whole[order_id] for order_id in reserved]
    for position in _of(items, account, "POSITION#"):
        if orders[position["entry_intent_id"]] in reserved:
            continue
        price, stop, quantity = (
            D(position["entry_price"]), D(position["stop_loss_price"]), int(position["quantity"])
        )  # fmt: skip
        exchange = position["exchange"]
        segment = segment_of(exchange, position["symbol"], position["product"])
        day = datetime.fromisoformat(position["entry_time"]).date()
        charges = round_trip_charges(segment, exchange, price, stop, quantity, day)
        losses.append((price - stop) * quantity + charges.total)
    return losses


def _of(items: Items, account: str, prefix: str) -> list[Mapping[str, Any]]:
    partition = account_partition(account)
    return [item for key, item in items.items() if key.partition == partition and key.sort.startswith(prefix)]


def _reservations(items: Items, account: str) -> Mapping[str, Mapping[str, Any]]:
    (state,) = _of(items, account, "RISK") or ({},)
    found: Mapping[str, Mapping[str, Any]] = state.get("reservations", {})
    return found


def _at_most(capital: Decimal, percent: Decimal, amounts: Iterable[Decimal], what: str) -> None:
    total = sum(amounts, D(0))
    assert total <= capital * percent / 100, f"{what}: {total} rupees of {capital * percent / 100}"

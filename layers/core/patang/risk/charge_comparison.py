"""What the broker charged against what we expected, per day and component.

The broker's word is its virtual contract note (`POST /charges/orders`): a row an order, each on its own,
with the exchange's and IPFT's charge in one figure, without the depository's charge. Which of its figures
are rounded is not documented, and differs: so STT and stamp duty may be half a rupee an order off, the rest
a paisa. What is farther off is a finding, mostly a rate that has changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel, ConfigDict

from patang.errors import BadInput
from patang.keys import charges_key
from patang.ports import Key
from patang.records import Record
from patang.risk.charges import Charges, exact_charges
from patang.risk.contract_note import ExecutedOrder

__all__ = ["ChargeComparison", "ChargeFinding", "compare_charges"]

# Rupees an order.
_TOLERANCE = {
    "brokerage": Decimal("0.01"),
    "stt": Decimal("0.5"),
    "exchange_transaction": Decimal("0.01"),
    "sebi": Decimal("0.01"),
    "stamp_duty": Decimal("0.5"),
    "gst": Decimal("0.01"),
}
_NAMES_AT_THE_BROKER = {
    "brokerage": "brokerage",
    "stt": "transaction_tax",
    "exchange_transaction": "exchange_turnover_charge",
    "sebi": "sebi_turnover_charge",
    "stamp_duty": "stamp_duty",
}
_PAISA = Decimal("0.01")


class ChargeFinding(BaseModel):
    """A component that is off by more than rounding explains; rupees over the day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    component: str
    expected: Decimal
    charged: Decimal
    tolerance: Decimal

    def __str__(self) -> str:
        more = self.charged - self.expected
        return f"{self.component}: {self.charged} charged, {self.expected} expected ({more:+})"


class ChargeComparison(Record):
    """One account's day. `expected` and `charged` by component, with `total`; `exchange_transaction` has IPFT
    in it. `left_out` orders were traded on exchanges whose rates we do not keep."""

    account: str
    day: date
    orders: int
    left_out: int = 0
    expected: dict[str, Decimal]
    charged: dict[str, Decimal]
    findings: tuple[ChargeFinding, ...] = ()

    def key(self) -> Key:
        return charges_key(self.account, self.day)


def compare_charges(
    account: str,
    day: date,
    orders: Sequence[ExecutedOrder],
    rows: Sequence[Mapping[str, Any]],
    *,
    left_out: int = 0,
) -> ChargeComparison:
    """Compare the broker's `rows`, one an order and in their order, with what `orders` should have cost.

    Raises BadInput where a row is not its order's or does not parse, StopTrading where the day has no
    sourced rate.
    """
    if len(rows) != len(orders):
        raise BadInput(f"the broker's contract note has {len(rows)} rows for {len(orders)} orders")
    exact, charged = Charges(), dict.fromkeys(_TOLERANCE, Decimal(0))
    for order, row in zip(orders, rows, strict=True):
        told = (row.get("exchange"), row.get("tradingsymbol"), row.get("transaction_type"))
        if told != (order.exchange, order.symbol, order.side):
            raise BadInput(f"the broker's row of {told} is not that of {order.side} {order.symbol}")
        exact += replace(
            exact_charges(order.segment, order.exchange, order.side, order.turnover, day), dp=Decimal(0)
        )
        for component, amount in _charged(row).items():
            charged[component] += amount
    expected = {name: getattr(exact, name) for name in _TOLERANCE}
    expected["exchange_transaction"] += exact.ipft
    findings = _findings(expected, charged, len(orders))
    for amounts in (expected, charged):
        amounts["total"] = sum(amounts.values(), Decimal(0))
    return ChargeComparison(
        account=account,
        day=day,
        orders=len(orders),
        left_out=left_out,
        expected=_to_paisa(expected),
        charged=_to_paisa(charged),
        findings=findings,
    )


def _charged(row: Mapping[str, Any]) -> dict[str, Decimal]:
    charges = row.get("charges")
    if not isinstance(charges, Mapping):
        raise BadInput(f"the broker's row has no charges: {dict(row)!r}")
    kind = charges.get("transaction_tax_type", "stt")
    if kind != "stt":
        raise BadInput(f"the broker took {kind} on {row.get('tradingsymbol')}: only stt is compared")
    found = {name: _amount(charges, theirs) for name, theirs in _NAMES_AT_THE_BROKER.items()}
    gst = charges.get("gst")
    return found | {"gst": _amount(gst if isinstance(gst, Mapping) else {}, "total")}


def _amount(charges: Mapping[str, Any], name: str) -> Decimal:
    value = charges.get(name)
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise BadInput(f"{name} of the broker's contract note is {value!r}, not an amount") from error
    if not amount.is_finite():
        raise BadInput(f"{name} of the broker's contract note is {value!r}, not an amount")
    return amount


def _findings(
    expected: Mapping[str, Decimal], charged: Mapping[str, Decimal], orders: int
) -> tuple[ChargeFinding, ...]:
    return tuple(
        ChargeFinding(
            component=name,
            expected=expected[name].quantize(_PAISA, ROUND_HALF_UP),
            charged=charged[name].quantize(_PAISA, ROUND_HALF_UP),
            tolerance=tolerance * orders,
        )
        for name, tolerance in _TOLERANCE.items()
        if abs(charged[name] - expected[name]) > tolerance * orders
    )


def _to_paisa(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {name: amount.quantize(_PAISA, ROUND_HALF_UP) for name, amount in amounts.items()}

"""`patang charges`: what buying and selling again costs, at the rates of a day."""

import argparse
import json
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from rich.console import Console
from rich.table import Table

from patang.adapters.system import SystemClock
from patang.errors import PatangError
from patang.risk.charges import (
    Charges,
    Segment,
    break_even,
    component_charge,
    exercise_charges,
    leg_charges,
    round_trip_charges,
)
from patang_workbench.cli.days import as_day
from patang_workbench.cli.running import CommandError

__all__ = ["add_arguments", "run"]

_SEGMENTS = get_args(Segment.__value__)
_EXCHANGES = {"NSE": "NSE", "NFO": "NSE", "BSE": "BSE", "BFO": "BSE"}
_LABELS = {
    "brokerage": "brokerage",
    "stt": "STT",
    "exchange_transaction": "exchange transaction",
    "sebi": "SEBI",
    "stamp_duty": "stamp duty",
    "ipft": "IPFT",
    "gst": "GST",
    "dp": "depository (DP)",
    "square_off": "square-off by the broker",
}
_NOTES = """One order each way, of any number of executions. Rounded as the broker's calculator does: STT and
stamp duty to the rupee, the rest to the paisa. A delivery sale has the depository's charge of its scrip and
day in it. Exit code: 0 printed, 1 no sourced rates for that day, 2 not understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the trade and how it is shown."""
    parser.epilog = _NOTES
    parser.add_argument("--segment", required=True, choices=_SEGMENTS)
    parser.add_argument("--exchange", default="NSE", type=str.upper, choices=_EXCHANGES)
    parser.add_argument("--buy", required=True, type=_price, metavar="RUPEES", help="price a unit")
    parser.add_argument(
        "--sell", required=True, type=_price_or_nothing, metavar="RUPEES", help="price a unit"
    )
    parser.add_argument("--quantity", required=True, type=_units, metavar="UNITS", help="units, not lots")
    parser.add_argument("--date", type=as_day, metavar="DAY", help="YYYY-MM-DD, whose rates hold (today)")
    parser.add_argument(
        "--exercised",
        action="store_true",
        help="options: not sold but exercised, --sell being its intrinsic value (0: it lapsed)",
    )
    parser.add_argument(
        "--squared-off", action="store_true", help="the broker closed the intraday position itself"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print the break-up of one trade."""
    day = options.date or SystemClock().now().date()
    try:
        charges = _charges(options, options.sell, day).rounded()
        even = break_even(
            options.buy, options.quantity, lambda sell: _charges(options, sell, day).in_rupees()
        )
    except PatangError as error:
        raise CommandError(str(error)) from error
    gross = options.quantity * (options.sell - options.buy)
    result = {
        "segment": options.segment,
        "exchange": _EXCHANGES[options.exchange],
        "date": day.isoformat(),
        "quantity": options.quantity,
        "buy_price": float(options.buy),
        "sell_price": float(options.sell),
        "turnover": float(options.quantity * (options.sell + options.buy)),
        "charges": {name: float(getattr(charges, name)) for name in _LABELS}
        | {"total": float(charges.total)},
        "gross_pnl": float(gross),
        "net_pnl": float(gross - charges.total),
        "break_even_price": float(even),
        "break_even_move": float(even - options.buy),
    }
    if options.json:
        print(json.dumps(result))
    else:
        _print_table(result)
    return 0


def _charges(options: argparse.Namespace, sell: Decimal, day: date) -> Charges:
    segment, exchange, quantity = options.segment, options.exchange, options.quantity
    if options.exercised:
        if segment != "options":
            raise CommandError(f"--exercised goes with --segment options, not {segment}")
        if options.squared_off:
            raise CommandError("an option is either --exercised or --squared-off")
        bought = leg_charges(segment, exchange, "BUY", options.buy, quantity, day)
        return bought + exercise_charges(exchange, sell, quantity, day)
    charges = round_trip_charges(segment, exchange, options.buy, sell, quantity, day)
    if options.squared_off:
        if segment == "equity-delivery":
            raise CommandError("the broker squares off intraday positions, never equity-delivery")
        fee = component_charge("square_off", segment, exchange, "SELL", Decimal(0), day)
        charges += Charges(square_off=fee)
    return charges


def _print_table(result: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    charges = result["charges"]
    for name, label in _LABELS.items():
        if charges[name] or name not in ("dp", "square_off"):
            table.add_row(label, f"{charges[name]:,.2f}")
    table.add_section()
    table.add_row("charges", f"{charges['total']:,.2f}")
    table.add_row("gross profit", f"{result['gross_pnl']:,.2f}")
    table.add_row("net profit", f"{result['net_pnl']:,.2f}")
    table.add_row("break-even price", f"{result['break_even_price']:,.2f}")
    print(
        f"{result['segment']} on {result['exchange']}, {result['quantity']} units at the rates of "
        f"{result['date']}, in rupees"
    )
    Console(width=60, markup=False, highlight=False).print(table)


def _price(text: str) -> Decimal:
    price = _price_or_nothing(text)
    if price == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no price above zero")
    return price


def _price_or_nothing(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no price") from error
    if not price.is_finite() or price < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no price of zero or more")
    return price


def _units(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of units above zero")
    return int(text)

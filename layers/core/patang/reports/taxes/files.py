"""What the owner tells beside the desk's own records: tables in the store, a line a fact.

taxes/<account>/purchases.csv   shares that the desk did not buy, as they were on the day of their purchase
taxes/<account>/tradebook*.csv  the broker's trade book, as Console exports it, a file a segment or period
taxes/<account>/notes*.csv      the sums of the contract notes that the broker has mailed, a line a note
taxes/actions.csv               splits and bonuses
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction

from pydantic import ValidationError

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.portfolio.rebasing import Ratio
from patang.ports import ObjectStore
from patang.reports.deals import CASH, Deal
from patang.reports.taxes.lots import CorporateAction, Lot
from patang.reports.taxes.mailed_notes import COMPONENTS, MailedNote
from patang.risk.charges import Charges

__all__ = [
    "ACTIONS_PATH",
    "as_text",
    "load_actions",
    "load_notes",
    "load_purchases",
    "load_tradebook",
    "read_actions",
    "read_notes",
    "read_purchases",
    "read_tradebook",
]

ACTIONS_PATH = "taxes/actions.csv"

_PAISA = Decimal("0.01")
# How Console names what Kite calls NFO and BFO: an exchange and a segment.
_DERIVATIVES = {"NSE": "NFO", "BSE": "BFO"}
_SIDES = {"buy": "BUY", "sell": "SELL"}
_MOST_UNITS = 1_000_000_000
# Beyond it no arithmetic of shares is exact, and no ratio is right.
_MOST_GROWTH = 1_000_000_000
_LONGEST_NUMBER = 40
_LONGEST_WAIT_FOR_A_BONUS = timedelta(days=366)
_OTHER_FORMS = {
    "%PDF": "a PDF, which the desk cannot read (contract notes are locked by a password besides)",
    "PK\x03\x04": "an Excel file or another archive, which the desk cannot read",
}


def load_actions(objects: ObjectStore) -> list[CorporateAction]:
    """The splits and bonuses that were told; none where no file is. Raises BadInput."""
    content = objects.get(ACTIONS_PATH)
    return [] if content is None else read_actions(as_text(content))


def load_purchases(objects: ObjectStore, account: str) -> list[Lot]:
    """The purchases of an account that were told. Raises BadInput."""
    content = objects.get(f"taxes/{account}/purchases.csv")
    return [] if content is None else read_purchases(account, as_text(content))


def load_tradebook(objects: ObjectStore, account: str) -> list[Deal] | None:
    """The trade book of an account, a trade once however many of its files hold it; None where there is no
    file. Raises BadInput."""
    texts = _texts(objects, f"taxes/{account}/tradebook")
    if not texts:
        return None
    lines: dict[tuple[str, ...], Deal] = {}
    for text in texts:
        lines |= read_tradebook(account, text)
    return sorted(lines.values(), key=lambda deal: (deal.time, deal.order))


def load_notes(objects: ObjectStore, account: str) -> list[MailedNote]:
    """The mailed contract notes of an account that were told. Raises BadInput."""
    return [note for text in _texts(objects, f"taxes/{account}/notes") for note in read_notes(text)]


def read_actions(text: str) -> list[CorporateAction]:
    """Columns symbol, ex_day, kind (split, bonus), ratio (old:new shares, 1:2), allotted. Raises BadInput,
    also for an action that is told twice and for ratios of a share that cannot all be right."""
    found = list(_read("corporate actions", text, ("symbol", "ex_day", "kind", "ratio"), _action))
    for told, times in Counter((each.symbol, each.ex_day, each.kind) for each in found).items():
        if times > 1:
            symbol, ex_day, kind = told
            raise BadInput(f"corporate actions: the {kind} of {symbol} on {ex_day} stands there twice")
    grown: dict[str, Fraction] = defaultdict(lambda: Fraction(1))
    for each in found:
        ratio = Ratio.parse(each.ratio)
        grown[each.symbol] *= Fraction(ratio.after, ratio.before)
        if not Fraction(1, _MOST_GROWTH) <= grown[each.symbol] <= _MOST_GROWTH:
            raise BadInput(
                f"corporate actions: the ratios of {each.symbol} together cannot be right: "
                "a ratio is old:new shares, such as 1:2"
            )
    return found


def read_purchases(account: str, text: str) -> list[Lot]:
    """Columns symbol, bought_on, quantity, price, and where known exchange, charges (rupees without STT),
    stt, fmv_2018 (the highest price of 31 January 2018, a unit). Raises BadInput."""
    columns = ("symbol", "bought_on", "quantity", "price")
    return list(_read("purchases", text, columns, lambda line: _purchase(account, line)))


def read_tradebook(account: str, text: str) -> dict[tuple[str, ...], Deal]:
    """Trades by what tells them apart: Console's columns symbol, trade_date, exchange, segment, trade_type,
    quantity, price, trade_id, order_id, order_execution_time, among others. Raises BadInput.

    The book does not say under which product a trade was done: shares are taken as CNC, contracts as NRML.
    """
    columns = ("symbol", "trade_date", "exchange", "trade_type", "quantity", "price", "trade_id", "order_id")
    return dict(_read("the trade book", text, columns, lambda line: _trade(account, line)))


def read_notes(text: str) -> list[MailedNote]:
    """Columns day, brokerage, stt, exchange_transaction (with IPFT and clearing), sebi, stamp_duty, gst: the
    rupees at the foot of a note, without their sign. Raises BadInput."""
    return list(_read("contract notes", text, ("day", *COMPONENTS), _note))


def _texts(objects: ObjectStore, prefix: str) -> list[str]:
    paths = [path for path in objects.list(prefix) if path.endswith(".csv")]
    return [as_text(objects.get(path) or b"") for path in paths]


def _read[Row](
    what: str, text: str, columns: Sequence[str], row: Callable[[Mapping[str, str]], Row]
) -> Iterator[Row]:
    for begin, form in _OTHER_FORMS.items():
        if text.lstrip("\ufeff \r\n\t").startswith(begin):
            raise BadInput(
                f"{what}: this is {form}: give comma-separated text (CSV) whose first line has the columns "
                f"{', '.join(columns)}"
            )
    lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = {name: (name or "").strip().lower() for name in lines.fieldnames or ()}
        missing = [column for column in columns if column not in names.values()]
        if missing:
            raise BadInput(f"{what}: the first line lacks {', '.join(missing)}")
        for line in lines:
            told = {names[name]: (value or "").strip() for name, value in line.items() if name in names}
            if not any(told.values()):
                continue
            try:
                yield row(told)
            except (ValueError, InvalidOperation, BadInput) as error:
                raise BadInput(f"{what}, line {lines.line_num}: {_said(error)}") from error
    except csv.Error as error:
        raise BadInput(f"{what}, line {lines.line_num}: {error}") from error


def _action(line: Mapping[str, str]) -> CorporateAction:
    Ratio.parse(line["ratio"])
    told: dict[str, object] = {name: value for name, value in line.items() if value}
    ex_day = _day_of("ex_day", line["ex_day"])
    told |= {"symbol": _symbol(line["symbol"]), "ex_day": ex_day}
    if line.get("allotted"):
        allotted = _day_of("allotted", line["allotted"])
        if not ex_day <= allotted <= ex_day + _LONGEST_WAIT_FOR_A_BONUS:
            raise BadInput(
                f"allotted is {allotted}: bonus shares are allotted from the ex_day ({ex_day}) on, "
                "within a year"
            )
        told["allotted"] = allotted
    return CorporateAction.model_validate(told)


def _purchase(account: str, line: Mapping[str, str]) -> Lot:
    quantity = _units(line["quantity"])
    worth = line.get("fmv_2018")
    return Lot(
        account=account,
        exchange=line.get("exchange") or "NSE",
        symbol=_symbol(line["symbol"]),
        opened=_day(line["bought_on"]),
        quantity=quantity,
        value=_in_paise(_amount(line["price"]) * quantity),
        # Whatever they were: of the charges of a purchase STT alone is treated another way.
        charges=Charges(
            brokerage=_in_paise(_amount(line.get("charges") or "0")),
            stt=_in_paise(_amount(line.get("stt") or "0")),
        ),
        origin="opening",
        fmv_2018=_amount(worth) if worth else None,
    )


def _note(line: Mapping[str, str]) -> MailedNote:
    charges = {name: _in_paise(_amount(line[name] or "0")) for name in COMPONENTS}
    return MailedNote(day=_day(line["day"]), charges=charges)


def _trade(account: str, line: Mapping[str, str]) -> tuple[tuple[str, ...], Deal]:
    exchange, segment = line["exchange"].upper(), line.get("segment", "").upper()
    if exchange in CASH and segment in ("FO", "F&O", "FUT", "OPT", "NFO", "BFO"):
        exchange = _DERIVATIVES[exchange]
    if line["trade_type"].lower() not in _SIDES:
        raise BadInput(f"trade_type is {line['trade_type']!r}, neither buy nor sell")
    deal = Deal.model_validate(
        {
            "account": account,
            "exchange": exchange,
            "symbol": _symbol(line["symbol"]),
            "product": "CNC" if exchange in CASH else "NRML",
            "side": _SIDES[line["trade_type"].lower()],
            "quantity": _units(line["quantity"]),
            "price": _amount(line["price"]),
            "time": _moment(line["trade_date"], line.get("order_execution_time", "")),
            "order": _number("order_id", line["order_id"]),
            "source": "tradebook",
        }
    )
    return (line["trade_date"], exchange, _number("trade_id", line["trade_id"]), deal.order), deal


def _moment(day: str, at: str) -> datetime:
    """The book's times are IST without saying so; without one the trade stands at the day's begin."""
    if at:
        told = datetime.fromisoformat(at)
        _covered(told.date())
        return told.replace(tzinfo=IST) if told.tzinfo is None else told
    return datetime.combine(_day(day), time(), IST)


def _day_of(column: str, text: str) -> date:
    try:
        return _day(text)
    except (ValueError, BadInput) as error:
        raise BadInput(f"{column} is {text!r}: write a day of 1900 to 2099 as 2026-08-18") from error


def _day(text: str) -> date:
    return _covered(date.fromisoformat(text))


def _covered(day: date) -> date:
    # Beyond it a slip of the pen, which sums over days and zones cannot take.
    if not 1900 <= day.year < 2100:
        raise BadInput(f"{day} is no day of 1900 to 2099: write it as 2026-08-18")
    return day


def _symbol(text: str) -> str:
    if not text or len(text) > 40 or not text.isprintable():
        raise BadInput(f"symbol is {text!r}: give the broker's trading symbol")
    return text.upper()


def _number(column: str, text: str) -> str:
    """What the exchange or the broker numbers a trade or an order by."""
    if len(text) > _LONGEST_NUMBER or not text.isprintable():
        raise BadInput(f"{column} is {text[:60]!r}: give the number that stands in the trade book")
    return text


def _units(text: str) -> int:
    quantity = Decimal(text)
    if not quantity.is_finite() or quantity != quantity.to_integral_value() or not 0 < quantity < _MOST_UNITS:
        raise BadInput(f"quantity is {text!r}: give whole units, one or more")
    return int(quantity)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise BadInput(f"{text!r} is no amount: give rupees such as 1234.50") from error
    if not amount.is_finite() or not 0 <= amount < _MOST_UNITS:
        raise BadInput(f"{text!r} is no amount: give rupees such as 1234.50")
    return amount


def _in_paise(amount: Decimal) -> Decimal:
    return amount.quantize(_PAISA, ROUND_HALF_UP)


def as_text(content: bytes) -> str:
    """What a file says, with or without a mark of its order of bytes."""
    return content.decode("utf-8-sig", "replace")


def _said(error: Exception) -> str:
    """A sentence that a person can act on."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))} is {first['input']!r}: {first['msg']}"
    if isinstance(error, InvalidOperation):
        return "a number cannot be read"
    return str(error)

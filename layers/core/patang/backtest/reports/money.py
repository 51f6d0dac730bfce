"""Where the money of a backtest came from and where it went."""

from patang.backtest.figures import Group, Metrics
from patang.backtest.reports.pieces import Cell, Part, Section, Table, Text, of_sign, share_bars
from patang.backtest.reports.wording import amount, number, percent, plain

__all__ = ["group_section", "minutes_text", "money_section"]

_NAMES = {
    "stt": "STT",
    "exchange_transaction": "exchange transaction",
    "sebi": "SEBI",
    "stamp_duty": "stamp duty",
    "ipft": "IPFT",
    "gst": "GST",
    "dp": "depository (DP)",
    "square_off": "square-off by the broker",
}


def money_section(metrics: Metrics) -> Section:
    """From the gross result to the net one, by component of the charges."""
    all_ = metrics.all
    lines = [("gross result", all_.gross_pnl)]
    lines += [(_NAMES.get(name, name), -rupees) for name, rupees in metrics.costs.items()]
    lines.append(("net result", all_.net_pnl))
    bars = share_bars([value for _, value in lines])
    rows = [
        (Cell(name, head=True), Cell(amount(value, signed=True), of_sign(value), bar))
        for (name, value), bar in zip(lines, bars, strict=True)
    ]
    slipped = (
        f"Spread and slippage took {amount(all_.slippage)} of the gross result: it would have been "
        f"{amount(all_.gross_pnl + all_.slippage, signed=True)} at the prices that were decided at."
    )
    return Section("Costs", [Table("From gross to net", ("part", "rupees"), rows), Text(slipped, "quiet")])


def group_section(metrics: Metrics) -> Section:
    """The result by strategy, symbol and reason of the exit."""
    parts: list[Part] = []
    for name, groups in (
        ("strategy", metrics.by_strategy),
        ("symbol", metrics.by_symbol),
        ("reason of the exit", metrics.by_reason),
    ):
        bars = share_bars([group.net_pnl for group in groups.values()])
        rows = [_row(key, each, bar) for (key, each), bar in zip(groups.items(), bars, strict=True)]
        columns = (name, "net result", "trades", "won", "net a trade", "profit factor", "held")
        parts.append(Table(f"By {name}", columns, rows))
    return Section("Where it came from", parts)


def minutes_text(minutes: float | None) -> str:
    """How long something was held."""
    if minutes is None:
        return plain(None)
    return f"{minutes:.0f} min" if minutes < 600 else f"{minutes / 60:.1f} h"


def _row(name: str, group: Group, bar: float) -> tuple[Cell, ...]:
    return (
        Cell(name, head=True),
        Cell(amount(group.net_pnl, signed=True), of_sign(group.net_pnl), bar),
        Cell(f"{group.trades:,}"),
        Cell(percent(group.hit_rate_pct, 1)),
        Cell(amount(group.expectancy, signed=True)),
        Cell(number(group.profit_factor)),
        Cell(minutes_text(group.average_hold_minutes)),
    )

"""The report of a backtest: what became of the capital, where it came from, and what was left alone."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from pydantic import BaseModel

from patang.backtest.figures import Group, Metrics
from patang.backtest.metrics import drawdowns, metrics_of
from patang.backtest.reports.calibration import bin_table, bins_of, reliability_chart
from patang.backtest.reports.curves import drawdown_chart, equity_chart
from patang.backtest.reports.money import group_section, minutes_text, money_section
from patang.backtest.reports.outcome_sections import month_table
from patang.backtest.reports.pieces import (
    Cell,
    Facts,
    Page,
    Part,
    Section,
    Table,
    Text,
    card_facts,
    of_sign,
    share_bars,
)
from patang.backtest.reports.prices import ChartBars, shown_trades
from patang.backtest.reports.trade_charts import close_up, overview
from patang.backtest.reports.wording import amount, moment, number, percent, plain
from patang.backtest.trade import BacktestResult, Trade
from patang.settings import Settings

__all__ = ["backtest_page"]

# A page with more rows is slow to open on a telephone; trades.parquet has all of them.
_MOST_TRADES = 500


def backtest_page(run: BacktestResult, bars: Sequence[ChartBars]) -> Page:
    """The page of a backtest; `bars` are those its trades are drawn on. Raises StopTrading as metrics do."""
    metrics = metrics_of(run)
    return Page(
        title=f"Backtest, {run.first} to {run.last}",
        what=f"Backtest of {run.source}",
        verdict=_verdict(run, metrics.all),
        warnings=_warnings(run),
        sections=[
            _result(run, metrics),
            _capital(run, metrics),
            *(_traded(run, bars, metrics) if run.trades else ()),
            _refusals(run.refusals),
            *((_trades(run.trades),) if run.trades else ()),
            _data(run),
        ],
    )


def _traded(run: BacktestResult, bars: Sequence[ChartBars], metrics: Metrics) -> list[Section]:
    """What there is to tell of trades."""
    sections = [_prices(run, bars), money_section(metrics), group_section(metrics)]
    return [*sections, _predictions(run.trades)]


def _verdict(run: BacktestResult, all_: Group) -> Text:
    if not run.trades:
        return Text("Nothing was traded.", "warn")
    return Text(
        f"{all_.trades:,} trades came to {amount(all_.net_pnl, signed=True)} after charges, from "
        f"{amount(all_.gross_pnl, signed=True)} before them.",
        of_sign(all_.net_pnl),
    )


def _warnings(run: BacktestResult) -> list[str]:
    told = []
    if run.foreknown_sessions:
        models = ", ".join(f"{name} until {last}" for name, last in sorted(run.learned_until.items()))
        told.append(
            f"Not a test: the models were trained on what came in {run.foreknown_sessions} of "
            f"{len(run.days)} sessions ({models}). Only later sessions can say what they are worth."
        )
    modelled = sum(trade.prices == "modelled" for trade in run.trades)
    if modelled:
        told.append(
            f"Modelled prices: those of {modelled} of {len(run.trades)} trades were made from the underlying "
            "by a model, not recorded. They say nothing sure of what an option would have cost."
        )
    if run.skipped:
        told.append(f"Sessions left out: {len(run.skipped)}. The last section names them.")
    return told


def _result(run: BacktestResult, metrics: Metrics) -> Section:
    """The figures to know first."""
    all_, net = metrics.all, metrics.net_return_pct
    figures = [
        ("net return", Cell(percent(net, signed=True), of_sign(net))),
        ("growth a year", Cell(percent(metrics.growth_a_year_pct, signed=True))),
        ("Sharpe ratio", Cell(number(metrics.sharpe))),
        ("Sortino ratio", Cell(number(metrics.sortino))),
        ("deepest drawdown", Cell(percent(metrics.max_drawdown_pct))),
        ("longest drawdown", Cell(f"{metrics.drawdown_sessions} of {len(run.days)} sessions")),
        ("trades", Cell(f"{all_.trades:,}")),
        ("won", Cell(percent(all_.hit_rate_pct, 1))),
        ("net a trade", Cell(amount(all_.expectancy, signed=True), of_sign(all_.expectancy or 0.0))),
        ("profit factor", Cell(number(all_.profit_factor))),
        ("held on average", Cell(minutes_text(all_.average_hold_minutes))),
        ("charges", Cell(amount(all_.charges))),
    ]
    return Section("Result", [Facts(figures, large=True)])


def _capital(run: BacktestResult, metrics: Metrics) -> Section:
    if not run.days:
        return Section("Capital", [Text("No session was played.")])
    days, capital = [result.day for result in run.days], float(run.capital)
    equity = np.asarray([float(result.equity) for result in run.days])
    by_month = {(int(month[:4]), int(month[5:])): pct for month, pct in metrics.months.items()}
    charts = [equity_chart(days, equity, capital), drawdown_chart(days, drawdowns(equity, capital))]
    return Section("Capital", [*charts, month_table("Percent by month", by_month, compounded=True)])


def _prices(run: BacktestResult, bars: Sequence[ChartBars]) -> Section:
    title = "Trades on the price"
    if not bars:
        return Section(title, [Text("The bars were not kept with this run: there is nothing to draw on.")])
    longest: dict[str, ChartBars] = {}
    minutes: dict[str, ChartBars] = {}
    for each in bars:
        if each.minutes == 1:
            minutes[each.symbol] = each
        longest[each.symbol] = max(
            longest.get(each.symbol, each), each, key=lambda b: (b.minutes, len(b.starts))
        )
    charts: list[Markup] = []
    for symbol, each in longest.items():
        trades = [trade for trade in run.trades if trade.underlying == symbol]
        charts.append(overview(each, trades))
    near = [close_up(minutes[t.underlying], t) for t in shown_trades(run.trades) if t.underlying in minutes]
    return Section(title, charts, tiled=near)


def _predictions(trades: Sequence[Trade]) -> Section:
    title = "Calibration and reliability"
    won = [trade.net_pnl > 0 for trade in trades]
    bins = bins_of([trade.p_win for trade in trades], won)
    if not bins:
        return Section(title, [Text(f"{len(trades)} trades are too few to compare with what was predicted.")])
    promised = sum(float(trade.expected_net_profit) for trade in trades)
    kept = sum(float(trade.net_pnl) for trade in trades)
    hoped, came = (percent(100 * float(np.mean(values)), 1) for values in ([t.p_win for t in trades], won))
    told = f"{len(trades)} trades: predicted to win {hoped}, won {came}"
    sums = (
        f"Expected net profit summed {amount(promised, signed=True)}, realised {amount(kept, signed=True)}."
    )
    return Section(title, [Text(sums)], tiled=[reliability_chart(bins, told), bin_table(bins)])


def _refusals(refusals: Mapping[str, int]) -> Section:
    if not refusals:
        return Section("Refusals", [Text("No gate said no.")])
    ranked = sorted(refusals.items(), key=lambda item: (-item[1], item[0]))
    bars = share_bars([float(count) for _, count in ranked])
    rows = [
        (Cell(gate, head=True), Cell(f"{count:,}", bar=bar))
        for (gate, count), bar in zip(ranked, bars, strict=True)
    ]
    return Section("Refusals", [Table("How often each gate said no", ("gate", "refusals"), rows)])


def _trades(trades: Sequence[Trade]) -> Section:
    columns = (
        "bought", "sold", "what", "reason", "quantity", "entry", "exit", "charges", "net", "net %", "p(win)",
        "prices",
    )  # fmt: skip
    shown = trades[-_MOST_TRADES:]
    rows = [_trade(trade) for trade in shown]
    told = (
        f"{len(trades):,} trades"
        if len(shown) == len(trades)
        else (f"The last {len(shown)} of {len(trades):,} trades; trades.parquet has all of them")
    )
    return Section("Trades", [Table(told, columns, rows, texts=4, folded=True)])


def _trade(trade: Trade) -> tuple[Cell, ...]:
    sign = of_sign(float(trade.net_pnl))
    return (
        Cell(moment(trade.entered_at)),
        Cell(moment(trade.exited_at)),
        Cell(f"{trade.symbol} ({trade.strategy})", head=True),
        Cell(trade.exit_reason),
        Cell(f"{trade.quantity:,}"),
        Cell(amount(trade.entry_price)),
        Cell(amount(trade.exit_price)),
        Cell(amount(trade.charges)),
        Cell(amount(trade.net_pnl, signed=True), sign),
        Cell(percent(trade.net_return_pct, signed=True), sign),
        Cell(number(trade.p_win, 3)),
        Cell(trade.prices, "warn" if trade.prices == "modelled" else ""),
    )


def _data(run: BacktestResult) -> Section:
    card = {
        "history": run.source,
        "first day": str(run.first),
        "last day": str(run.last),
        "sessions": len(run.days),
        "bars": f"{run.bars:,}",
        "cycles": f"{run.cycles:,}",
        "seed": run.seed,
        "capital": amount(run.capital),
        "models": dict(run.models),
    }
    changed = _differences(run.settings, Settings(), "")
    parts: list[Part] = [card_facts(card)]
    if changed:
        rows = [(Cell(name, head=True), Cell(value, prose=True)) for name, value in changed]
        title = "Settings that are not the defaults"
        parts.append(Table(title, ("setting", "value"), rows, texts=2, folded=True))
    else:
        parts.append(Text("All settings are the defaults.", "quiet"))
    if run.skipped:
        rows = [
            (Cell(str(day), head=True), Cell(reason, prose=True))
            for day, reason in sorted(run.skipped.items())
        ]
        parts.append(Table("Sessions left out", ("day", "reason"), rows, texts=2))
    return Section("Data and settings", parts)


def _differences(these: BaseModel, those: BaseModel, within: str) -> list[tuple[str, str]]:
    """The fields, at any depth, in which two trees differ."""
    found: list[tuple[str, str]] = []
    for name in type(these).model_fields:
        this, that = getattr(these, name), getattr(those, name)
        if this == that:
            continue
        if isinstance(this, BaseModel) and type(this) is type(that):
            found += _differences(this, that, f"{within}{name}.")
        else:
            found.append((f"{within}{name}", plain(this)))
    return found

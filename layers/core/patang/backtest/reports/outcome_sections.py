"""What became of the entries that no model of theirs had seen: by day, by prediction, and what they cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import prod

import numpy as np
from numpy.typing import NDArray

from patang.backtest.reports.curves import result_chart
from patang.backtest.reports.pieces import Cell, Section, Table, Text, of_sign, share_bars
from patang.backtest.reports.wording import number, percent
from patang.market.sessions import IST
from patang.training.evidence import Outcomes

__all__ = ["cost_section", "month_table", "result_section", "sorted_section", "taken_mean"]

type Floats = NDArray[np.float64]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TENTHS, _FEWEST = 10, 50


def month_table(caption: str, by_month: Mapping[tuple[int, int], float], *, compounded: bool) -> Table:
    """Percent by month and year; `by_month` maps (year, month). `compounded`: months are returns on what was
    there when they began, else they add up."""
    rows = []
    for year in sorted({year for year, _ in by_month}):
        known = [by_month.get((year, month)) for month in range(1, 13)]
        cells = [_signed(value) for value in known]
        told = [value for value in known if value is not None]
        whole = 100 * (prod(1 + value / 100 for value in told) - 1) if compounded else sum(told)
        rows.append([Cell(str(year), head=True), *cells, _signed(whole)])
    return Table(caption, ("year", *_MONTHS, "whole year" if compounded else "sum"), rows)


def result_section(seen: Outcomes, final: Outcomes) -> Section:
    """The summed net results of the taken entries, in the walk-forward and then in the final window."""
    by_day: dict[date, float] = defaultdict(float)
    by_month: dict[tuple[int, int], float] = defaultdict(float)
    for outcomes in (seen, final):
        for entered, net, taken in zip(outcomes.entered, outcomes.net_pct, outcomes.taken, strict=True):
            if taken:
                day = entered.astimezone(IST).date()
                by_day[day] += net
                by_month[day.year, day.month] += net
    if not by_day:
        return Section("Result", [Text("The model takes none of the entries: nothing was earned or lost.")])
    days = sorted(by_day)
    begins = [(_first_day(final.entered), "final window")] if final.entered else []
    chart = result_chart(days, np.cumsum([by_day[day] for day in days]), begins)
    months = month_table("Percent by month", by_month, compounded=False)
    told = (
        "Net of charges, spread and slippage, percent of each entry's price, the same stake for each. "
        "Entries overlap in time, so this is not the curve of an account: a backtest draws that."
    )
    return Section("Result", [chart, Text(told, "quiet"), months])


def taken_mean(seen: Outcomes, final: Outcomes) -> float | None:
    """The mean net result of the taken entries, percent, weighted by uniqueness; None without any."""
    net, weight, taken = (_column(name, seen, final) for name in ("net_pct", "weight", "taken"))
    some = taken.astype(bool)
    return float(np.average(net[some], weights=weight[some])) if some.any() else None


def sorted_section(seen: Outcomes, final: Outcomes) -> Section:
    """Mean net results by tenths of the predicted probability: they should rise."""
    p, net, weight = (_column(name, seen, final) for name in ("p_win", "net_pct", "weight"))
    count = min(_TENTHS, len(p) // _FEWEST)
    if count < 2:
        return Section("By prediction", [Text(f"{len(p)} entries are too few to sort them into groups.")])
    groups = np.array_split(np.argsort(p, kind="stable"), count)
    means = [float(np.average(net[group], weights=weight[group])) for group in groups]
    rows = [
        (
            Cell(f"{percent(100 * p[group].min(), 1)} – {percent(100 * p[group].max(), 1)}", head=True),
            Cell(percent(mean, 3, signed=True), of_sign(mean), bar),
            Cell(percent(100 * float((net[group] > 0).mean()), 1)),
            Cell(f"{len(group):,}"),
            Cell(number(weight[group].sum(), 1)),
        )
        for group, mean, bar in zip(groups, means, share_bars(means), strict=True)
    ]
    columns = ("p(win)", "mean net result", "won", "entries", "effective")
    told = "All entries, taken or not, weighted by uniqueness. A model that can tell has a rising column."
    return Section("By prediction", [Text(told, "quiet"), Table("By predicted probability", columns, rows)])


def cost_section(seen: Outcomes, final: Outcomes) -> Section:
    """What is left of the mean gross result, of all entries and of those taken."""
    gross, net, slippage = (_column(name, seen, final) for name in ("gross_pct", "net_pct", "slippage_pct"))
    taken = _column("taken", seen, final).astype(bool)
    columns = ["mean of an entry", "all"]
    chosen = [np.ones(len(net), bool)]
    if taken.any():
        columns.append("taken")
        chosen.append(taken)
    if not len(net):
        return Section("Costs", [Text("There are no entries.")])
    parts = {
        "gross result": gross,
        "slippage": -slippage,
        "charges and spread": net - gross + slippage,
        "net result": net,
    }
    rows = []
    bars = share_bars([float(values.mean()) for values in parts.values()])
    for (name, values), bar in zip(parts.items(), bars, strict=True):
        means = [float(values[some].mean()) for some in chosen]
        cells = [Cell(percent(mean, 4, signed=True), of_sign(mean)) for mean in means]
        cells[0] = Cell(cells[0].text, cells[0].kind, bar)
        rows.append((Cell(name, head=True), *cells))
    return Section("Costs", [Table("Percent of the entry price", columns, rows)])


def _column(name: str, seen: Outcomes, final: Outcomes) -> Floats:
    return np.asarray([*getattr(seen, name), *getattr(final, name)], float)


def _first_day(moments: Sequence[datetime]) -> date:
    return min(moments).astimezone(IST).date()


def _signed(value: float | None) -> Cell:
    return Cell(percent(value, 2, signed=True), "" if value is None else of_sign(value))

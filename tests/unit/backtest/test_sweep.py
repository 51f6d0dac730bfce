"""A cell is the live rules and the fast path, and depends on nothing but itself and its bars."""

from decimal import Decimal
from itertools import pairwise

import pytest

from patang.backtest.history import SymbolHistory
from patang.backtest.sweep import Cell, CellResult, grid, run_cell, run_cells
from patang.errors import BadInput
from patang_workbench.research.synthetic import edge_history, noise_history

CHOICES = {"stop_atr": [4.0, 8.0], "min_adx": [20.0, 35.0], "max_hold_minutes": [30]}


@pytest.fixture(scope="module")
def bars() -> SymbolHistory:
    return noise_history(2, ["SBIN"], 4).symbols[0]


def cells(bars: SymbolHistory) -> list[Cell]:
    first, last = (bars.starts[row].astype("datetime64[s]").astype(object).date() for row in (0, -1))
    return [Cell(symbol="SBIN", first=first, last=last, parameters=choice) for choice in grid(CHOICES)]


def test_neighbours_share_what_they_find_and_nothing_else(bars: SymbolHistory) -> None:
    asked = cells(bars)
    together = list(run_cells(asked, bars))
    assert together == [run_cell(cell, bars) for cell in asked]
    assert len({result.net_pnl for result in together}) == 4
    by_adx = {result.cell.parameters["min_adx"]: result.wishes for result in together}
    assert by_adx[35.0] < by_adx[20.0]


def test_a_result_is_the_sum_of_its_trades_and_survives_json(bars: SymbolHistory) -> None:
    result = run_cell(cells(bars)[0], bars)
    assert result.trades > 5
    assert sum(result.reasons.values()) == result.trades >= result.won
    assert result.net_pnl == result.gross_pnl - result.charges
    assert sum(result.day_pnl.values()) == pytest.approx(result.net_pnl, abs=Decimal("0.05"))
    assert result.drawdown >= -min(result.net_pnl, Decimal(0))
    assert CellResult.model_validate_json(result.model_dump_json()) == result


def test_a_window_does_not_see_beyond_its_end(bars: SymbolHistory) -> None:
    """The same on bars that were cut off there, and windows add up where nothing is held overnight."""
    asked = cells(bars)[0]
    days = sorted(run_cell(asked, bars).day_pnl)
    early = asked.model_copy(update={"last": days[1]})
    known = bars.rows(bars.days <= (days[1] - days[0]).days + bars.days[0])
    assert len(known) < len(bars)
    assert run_cell(early, bars) == run_cell(early, known)
    late = asked.model_copy(update={"first": days[2]})
    whole, parts = run_cell(asked, bars), [run_cell(cell, bars) for cell in (early, late)]
    assert sum(part.trades for part in parts) == whole.trades
    assert sum(part.net_pnl for part in parts) == pytest.approx(whole.net_pnl, abs=Decimal("0.03"))


def test_a_planted_edge_is_worth_more_than_noise() -> None:
    def before_costs(share: SymbolHistory) -> Decimal:
        return sum((result.gross_pnl for result in run_cells(cells(share), share)), Decimal(0))

    planted = edge_history(2, 1.0, ["SBIN"], 4).symbols[0]
    assert before_costs(planted) > before_costs(noise_history(2, ["SBIN"], 4).symbols[0])


def test_slippage_and_capital_are_the_cells_own(bars: SymbolHistory) -> None:
    asked = cells(bars)[0]
    free = run_cell(asked.model_copy(update={"slippage_pct": Decimal(0)}), bars)
    dear = run_cell(asked.model_copy(update={"slippage_pct": Decimal("0.2")}), bars)
    assert dear.slippage > free.slippage + free.trades * 50
    poor = run_cell(asked.model_copy(update={"capital": Decimal(10)}), bars)
    assert (poor.trades, poor.net_pnl, poor.day_pnl) == (0, 0, {})


def test_settings_of_the_desk_are_kept_under_the_choice(bars: SymbolHistory) -> None:
    asked = cells(bars)[0]
    longer = asked.model_copy(update={"settings": {"risk": {"symbol_cooldown_minutes": 240}}})
    assert run_cell(longer, bars).trades < run_cell(asked, bars).trades


def test_choices_of_exits_change_fastest() -> None:
    tried = [choice["min_adx"] for choice in grid(CHOICES)]
    assert tried == [20.0, 20.0, 35.0, 35.0]
    assert sum(before != after for before, after in pairwise(tried)) == 1


def test_what_cannot_be_run_is_refused(bars: SymbolHistory) -> None:
    asked = cells(bars)[0]
    with pytest.raises(BadInput, match="the cell is of INFY"):
        run_cell(asked.model_copy(update={"symbol": "INFY"}), bars)
    with pytest.raises(BadInput, match="stop_at: Extra"):
        run_cell(asked.model_copy(update={"parameters": {"stop_at": 3}}), bars)
    with pytest.raises(BadInput, match="min_adx has no value"):
        list(grid({"min_adx": []}))
    index = noise_history(2, ["NIFTY"], 2).symbols[0]
    with pytest.raises(BadInput, match="NIFTY is no share"):
        run_cell(asked.model_copy(update={"symbol": "NIFTY"}), index)

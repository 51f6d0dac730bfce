"""What the dashboard draws each minute: money made, invested, slipped, and whether accounts enter."""

from datetime import timedelta
from decimal import Decimal

from patang.accounts.account import Account
from patang.keys import account_key
from patang.portfolio.position_book import PositionBook
from patang.ports import Delete
from patang.records import load, replace
from patang.risk.desk_figures import DeskFigures
from patang.risk.halts import Halts
from tests.fakes import RecordedMetrics
from tests.unit.execution.stages import bought, entry_of
from tests.unit.execution.trading_desk import TradingDesk


def figures_of(desk: TradingDesk) -> dict[str, float]:
    metrics = RecordedMetrics()
    account = load(desk.store, Account, account_key("main"))
    assert account is not None
    asleep = account.evolve(account="other", enabled=False)
    DeskFigures(desk.store, lambda: [account, asleep], desk.get_settings, desk.clock, metrics).tell(
        desk.market_time
    )
    return metrics.counts


def test_a_position_is_exposure_and_what_it_cost_beyond_its_price_is_slippage() -> None:
    desk = TradingDesk()
    position = bought(desk)
    desk.store.write(replace(position.evolve(entry_slippage=Decimal("0.25"))))
    figures = figures_of(desk)
    assert figures["open_positions"] == 1
    assert figures["exposure_inr"] == float(position.entry_price * position.quantity)
    assert figures["slippage_inr"] == 0.25 * position.quantity
    # Bought and not moved: what it has made are the charges, in and out.
    assert figures["day_result_inr"] == figures["unrealised_inr"] < 0
    assert figures["accounts_stopped"] == 0
    assert entry_of(desk).state == "COMPLETE"


def test_slippage_is_of_the_day_and_a_sale_below_its_price_adds_to_it() -> None:
    desk = TradingDesk()
    position = bought(desk)
    sold = position.evolve(
        entry_time=position.entry_time - timedelta(days=1),
        entry_slippage=Decimal("0.25"),
        exit_time=desk.market_time,
        exit_slippage=Decimal("-0.50"),
        exited_quantity=position.quantity,
    )
    desk.store.write(replace(sold))
    assert figures_of(desk)["slippage_inr"] == 0.50 * position.quantity


def test_a_stopped_account_is_counted() -> None:
    desk = TradingDesk()
    bought(desk)
    stops = Halts(desk.store, desk.clock, desk.get_settings, lambda: desk.notifier, desk.metrics)
    stops.halt("main", "owner", "enough", desk.market_time)
    assert figures_of(desk)["accounts_stopped"] == 1


def test_an_account_that_cannot_be_valued_is_said_and_left_out() -> None:
    desk = TradingDesk()
    position = bought(desk)
    # The account's book names it, and it is gone.
    book = PositionBook.of((position,))
    desk.store.write(replace(desk.risk().evolve(book=book)), Delete(position.key()))
    figures = figures_of(desk)
    assert figures["account_unvalued"] == 1
    assert (figures["open_positions"], figures["exposure_inr"], figures["slippage_inr"]) == (0, 0, 0)

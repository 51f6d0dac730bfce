"""`patang halt`, `resume`, `flatten` and `cash` on a desk in memory."""

import json
from decimal import Decimal
from typing import Any

import pytest

from patang.accounts.account import Account
from patang.accounts.funds import CashMovements
from patang.desk_view.service import DeskView
from patang.execution.leaving.flatten import Flatten
from patang.execution.orders.broken import Broken
from patang.execution.orders.foreign_holdings import ForeignHolding
from patang.execution.orders.request_book import Receipt
from patang.keys import risk_key
from patang.portfolio.account_state import RiskState
from patang.records import create, load
from patang.settings import Settings
from patang_workbench.cli import cash, main, stopping
from tests.unit.execution.trading_desk import TradingDesk
from tests.unit.risk.samples import halts, mark, position


class Wired:
    """A TradingDesk behind the names that patang.app.Desk has."""

    def __init__(self, desk: TradingDesk) -> None:
        self.desk = desk

    def accounts(self) -> Any:
        return self

    def list(self) -> list[Account]:
        owned = {"kite_user_id": "AB1234", "api_key": "key", "principal": "owner"}
        return [Account(account=name, label=name, **owned) for name in ("main", "second")]

    def desk_view(self) -> DeskView:
        settings = self.desk.get_settings
        return DeskView(self.desk.store, self, None, self.desk.clock, settings, settings)

    def halts(self) -> Any:
        desk = self.desk
        return halts(desk.store, desk.settings, desk.clock, desk.notifier, desk.metrics)

    def cash_movements(self) -> CashMovements:
        return CashMovements(self.desk.store, self.desk.clock)

    def standing_settings(self) -> Settings:
        return self.desk.settings

    @property
    def clock(self) -> Any:
        return self.desk.clock

    def foreign_holdings(self) -> Any:
        return self.desk.foreign

    def flatten(self) -> Flatten:
        desk = self.desk
        return Flatten(desk.store, self.halts(), desk.exits(), desk.amendments(), desk.get_settings)


class Holdings:
    """Foreign holdings of which the second account has two, one that may not be sold now."""

    def __init__(self) -> None:
        self.sold: list[tuple[str, int]] = []

    def of(self, account: str, as_of: Any) -> tuple[ForeignHolding, ...]:
        if account == "main":
            return ()
        return (ForeignHolding("NSE", "TCS", "CNC", 4), ForeignHolding("NSE", "ITC", "CNC", 9))

    def sell(self, account: str, holdings: Any, request_id: str, actor: str) -> tuple[Receipt, ...]:
        self.sold += [(holding.tradingsymbol, holding.quantity) for holding in holdings]
        refused = Receipt(account, request_id, accepted=False, broken=(Broken("quantity", "9", "wait"),))
        return (Receipt(account, request_id, accepted=True, intent_ids=("O1",)), refused)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> TradingDesk:
    desk = TradingDesk()
    desk.foreign = Holdings()
    for module in (cash, stopping):
        monkeypatch.setattr(module, "deployed_desk", lambda _stage: Wired(desk))
        monkeypatch.setattr(module, "caller", lambda: "arn:aws:iam::1:user/asha")
    return desk


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return json.loads(capsys.readouterr().out)


def test_the_kill_switch_halts_every_account(desk: TradingDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["halt", "--reason", "news", "--json"]) == 0
    assert [(row["account"], row["state"], row["changed"]) for row in said(capsys)] == [
        ("main", "HALTED", True),
        ("second", "HALTED", True),
    ]
    state = load(desk.store, RiskState, risk_key("second"))
    assert (state.halt_reason, state.halted_by) == ("news", "arn:aws:iam::1:user/asha")
    assert main(["halt", "--json"]) == 1
    assert not any(row["changed"] for row in said(capsys))


def test_one_account_is_resumed(desk: TradingDesk, capsys: pytest.CaptureFixture[str]) -> None:
    main(["halt"])
    capsys.readouterr()
    assert main(["resume", "--account", "main", "--json"]) == 0
    (row,) = said(capsys)
    assert row == {"account": "main", "changed": True, "state": "ACTIVE", "because": None}
    assert load(desk.store, RiskState, risk_key("second")).state == "HALTED"


def test_an_account_that_is_not_there_is_named(desk: TradingDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["halt", "--account", "third"]) == 1
    assert "'third'" in capsys.readouterr().err


def test_flatten_sells_after_a_clear_yes_only(
    desk: TradingDesk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = position("TCS", mode=desk.settings.mode)
    desk.store.write(create(held), create(mark(held, as_of=desk.market_time)))
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    assert main(["flatten"]) == 1
    assert desk.intents() == []
    capsys.readouterr()
    assert main(["flatten", "--yes", "--json"]) == 0
    first, second = said(capsys)
    assert (first["exits"], second["exits"]) == ([held.position_id], [])
    assert [intent.kind for intent in desk.intents()] == ["EXIT"]


def test_money_that_the_broker_has_told_of_is_no_news(
    desk: TradingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"equity": {"available": {"intraday_payin": 40_000}}}
    cash = CashMovements(desk.store, desk.clock)
    cash.by_broker("main", told, desk.settings.mode, desk.market_time)
    assert main(["cash", "main", "50000"]) == 0
    out = capsys.readouterr().out
    assert "50000.00 rupees paid in" in out
    assert "10000.00 of the 50000.00 were news" in out


def test_money_paid_in_and_out_is_booked_by_name(
    desk: TradingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cash", "main", "50000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["net_paid_in"] == 50_000
    assert main(["cash", "--json", "main", "--", "-20000.50"]) == 0
    assert json.loads(capsys.readouterr().out)["net_paid_in"] == 29_999.5
    assert load(desk.store, RiskState, risk_key("main")).net_paid_in == Decimal("29999.5")
    assert main(["cash", "main", "1000", "--day", "2026-08-14"]) == 0
    assert "30999.50 rupees paid in" in capsys.readouterr().out
    assert main(["cash", "main", "1000", "--day", "2099-01-01"]) == 1
    with pytest.raises(SystemExit):
        main(["cash", "main", "1000", "--day", "yesterday"])
    assert main(["cash", "main", "0"]) == 1
    assert main(["cash", "third", "1"]) == 1
    with pytest.raises(SystemExit):
        main(["cash", "main", "much"])


def test_foreign_holdings_are_left_alone_unless_they_are_asked_for(desk: TradingDesk) -> None:
    assert main(["flatten", "--yes"]) == 0
    assert desk.foreign.sold == []


@pytest.mark.parametrize(("word", "sold"), [("flatten", []), ("foreign", [("TCS", 4), ("ITC", 9)])])
def test_foreign_holdings_need_a_yes_of_their_own(
    desk: TradingDesk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    word: str,
    sold: list[tuple[str, int]],
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: word)
    assert main(["flatten", "--yes", "--foreign"]) == 0
    assert desk.foreign.sold == sold
    assert "4 NSE:TCS (CNC)" in capsys.readouterr().out


def test_what_came_of_foreign_holdings_is_told_by_holding(
    desk: TradingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flatten", "--account", "second", "--yes", "--foreign", "--yes-foreign", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert [(f["tradingsymbol"], f["intents"], f["refused"]) for f in row["foreign"]] == [
        ("TCS", ["O1"], []),
        ("ITC", [], ["quantity is 9: wait"]),
    ]

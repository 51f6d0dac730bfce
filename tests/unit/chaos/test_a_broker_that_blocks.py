"""A bad day at a broker who refuses with HTTP 400 what his risk management blocks, and keeps a row of it in
the book; who shows a MARKET order as a limit, and answers a cut order with a flat list."""

from dataclasses import replace
from functools import partial

import pytest

from patang_workbench.chaos import room
from patang_workbench.chaos.day import ChaosDay, DayPlan
from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.ledger import ledger
from tests.fakes import MemoryStore

# Rupees: some entries can be paid and some cannot.
LITTLE = 20_000.0


@pytest.mark.parametrize("seed", ["blocks a", "blocks b"])
def test_nothing_is_sent_twice_lost_or_sold_beyond_what_is_held(
    monkeypatch: pytest.MonkeyPatch, seed: str
) -> None:
    monkeypatch.setattr(room, "ExchangeSettings", partial(_with_little, Settings))
    day = ChaosDay(DayPlan(seed, accounts=3, trades=6, badness=1.5), MemoryStore(), MemoryStore())
    exchange = day.room.exchange
    exchange.rules = replace(exchange.rules, blocked="http_400", echo="as_limit", autoslice="flat")
    result = day.run()
    assert result.findings == []
    assert sum(entry.status == "REJECTED" for entry in ledger(exchange)) >= 3
    assert result.fills > 0


def _with_little(settings: type[Settings], **fields: object) -> Settings:
    return settings(**(fields | {"cash": LITTLE}))

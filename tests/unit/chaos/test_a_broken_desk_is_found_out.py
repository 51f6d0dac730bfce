"""The campaign can fail: a desk that is broken on purpose is found out, and for what is broken."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from patang.execution.amendments import Amendments
from patang.execution.following import entries, updates
from patang.execution.lane.order_lane import OrderLane
from patang.execution.lane.resolution import Resolution
from patang.execution.leaving import closing, exits
from patang.execution.orders.sellable import Sellable
from patang.execution.protection.protector import Protector
from patang.ports import Put
from patang.records import load
from patang_workbench.chaos import day
from patang_workbench.chaos.day import ChaosDay
from patang_workbench.chaos.plan import DayPlan
from tests.fakes import MemoryStore

type Break = Callable[[pytest.MonkeyPatch], None]


def a_lane_that_sends_what_it_does_not_know(patch: pytest.MonkeyPatch) -> None:
    def look_up(lane: Any, intent: Any) -> Any:
        return lane._send(intent) if intent.state in ("SENDING", "UNKNOWN") else intent

    patch.setattr(OrderLane, "_look_up", look_up)


def a_claim_without_its_condition(patch: pytest.MonkeyPatch) -> None:
    def claim(lane: Any, intent: Any, seen: Any) -> Any:
        claimed = intent.evolve(state="SENDING", sending_at=lane._clock.now(), **seen)
        attributes = claimed.model_dump(mode="json", exclude_none=True)
        lane._store.write(Put(claimed.key(), attributes, claimed.index()))
        return claimed

    patch.setattr(OrderLane, "_claim", claim)


def updates_that_believe_the_last_one(patch: pytest.MonkeyPatch) -> None:
    def followed(intent: Any, order: Any) -> Any:
        return intent.evolve(
            state=updates._BROKER_FINALS.get(order.status, "ACKED"),
            broker_order_id=order.order_id,
            broker_status=order.status,
            filled_quantity=order.filled_quantity,
            average_price=Decimal(order.average_price) or None,
        )

    patch.setattr(updates, "followed", followed)


def a_sell_beside_the_protection(patch: pytest.MonkeyPatch) -> None:
    real = closing.closing

    def beside(position: Any, _laid: Any, *rest: Any) -> Any:
        bare = real(position.evolve(protection=None), None, *rest)
        kept = bare.position.evolve(protection=position.protection)
        return closing.Step(kept, bare.asked, bare.changed)

    patch.setattr(exits, "closing", beside)


def a_doubt_that_nobody_resolves(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Resolution, "resolve", lambda *_: None)


def protection_that_is_never_laid(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Protector, "keep", lambda *_: None)


def a_position_that_misses_later_fills(patch: pytest.MonkeyPatch) -> None:
    real = entries._grow_position

    def grow(store: Any, done: Any, proposal: Any, new: Any, *rest: Any) -> None:
        key = entries.position_key(new.account, entries.position_id_of(new))
        if load(store, entries.Position, key) is None:
            real(store, done, proposal, new, *rest)

    patch.setattr(entries, "_grow_position", grow)


def a_person_who_may_sell_whatever_is_held(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sellable, "units", property(lambda there: there.net_long))


def a_stop_of_a_cover_order_that_counts_as_its_own(patch: pytest.MonkeyPatch) -> None:
    """Its fills are taken for those of the first leg."""
    real = updates.followed

    def followed(intent: Any, order: Any) -> Any:
        return real(intent, replace(order, transaction_type=intent.terms.transaction_type))

    patch.setattr(updates, "followed", followed)


def an_entry_that_is_never_cancelled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Amendments, "cancel", lambda *_: None)


# With a day on which it is found out at once, and how often people ask for something. The days after that one
# are tried too: what a desk does on a day changes with it.
BROKEN: list[tuple[Break, set[str], int, float]] = [
    (a_lane_that_sends_what_it_does_not_know, {"duplicate"}, 0, 0.0),
    (a_claim_without_its_condition, {"duplicate"}, 0, 0.0),
    (updates_that_believe_the_last_one, {"lost"}, 0, 0.0),
    (a_sell_beside_the_protection, {"naked"}, 0, 0.0),
    (a_doubt_that_nobody_resolves, {"unexplained"}, 2, 0.0),
    (protection_that_is_never_laid, {"unexplained"}, 3, 0.0),
    (a_position_that_misses_later_fills, {"position"}, 2, 0.0),
    (a_person_who_may_sell_whatever_is_held, {"naked"}, 0, 0.2),
    (a_stop_of_a_cover_order_that_counts_as_its_own, {"lost"}, 0, 0.2),
    (an_entry_that_is_never_cancelled, {"unexplained"}, 0, 0.0),
]


@pytest.mark.parametrize(
    ("broken", "kinds", "first", "asks"), BROKEN, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_broken_desk_is_found_out(
    broken: Break, kinds: set[str], first: int, asks: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    # What does not mend itself in these calm seconds does not in more.
    monkeypatch.setattr(day, "_CALM_AT_MOST", 400)
    found: set[str] = set()
    for number in range(first, first + 12):
        plan = DayPlan(f"broken {number}", accounts=3, trades=4, badness=3.0, asks=asks)
        found |= {finding.kind for finding in ChaosDay(plan, MemoryStore(), MemoryStore()).run().findings}
        if kinds <= found:
            return
    raise AssertionError(f"nothing but {found or 'peace'} was found where {kinds} ought to be")

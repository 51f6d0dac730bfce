"""What of a desk needs its owner, and how urgently."""

from datetime import timedelta

import pytest

from patang.desk_view.concerns import concerns
from patang.desk_view.views import DataView, PositionView, ProtectionView, SessionView
from tests.unit.api.sample_desk import NOW, busy, two_owners

DESK = busy(two_owners())
STATUS = DESK.desk_view().status(("main",))
FINE = STATUS.model_copy(update={"positions": (), "approvals": ()})


def position(resting=None, state="OPEN", age=timedelta(minutes=5)):
    [held] = STATUS.positions
    return held.model_copy(update={"resting": resting, "state": state, "entry_time": NOW - age})


def protection(state, age=timedelta(minutes=5)):
    return ProtectionView(kind="SL", state=state, since=NOW - age, quantity=20, trigger_price=988.1)


def of(**changed):
    return [(one.weight, one.text) for one in concerns(FINE.model_copy(update=changed))]


def test_a_desk_that_is_well_has_none():
    assert of() == []


@pytest.mark.parametrize(
    "held",
    [
        position(protection("RESTING")),
        position(protection("LAYING", timedelta(seconds=20))),
        position(age=timedelta(seconds=20)),
        position(protection("LIFTING"), state="CLOSING"),
    ],
)
def test_what_is_held_and_rests_or_is_being_laid_is_well(held: PositionView):
    assert of(positions=(held,)) == []


@pytest.mark.parametrize("held", [position(), position(protection("GONE")), position(protection("LAYING"))])
def test_what_is_held_without_a_stop_is_for_now(held: PositionView):
    [(weight, text)] = of(positions=(held,))
    assert weight == "act"
    assert text.startswith("RELIANCE has no stop at the broker")


def test_old_prices_matter_most_while_something_is_open():
    held = position(protection("RESTING"))
    assert [weight for weight, _ in of(data=DataView(), positions=(held,))] == ["act"]
    assert [weight for weight, _ in of(data=DataView())] == ["know"]


def test_an_approval_that_waits_leads_to_its_page():
    [one] = concerns(FINE.model_copy(update={"approvals": STATUS.approvals}))
    assert one.weight == "act"
    assert one.text == "Buy 65 NIFTY26AUG24500CE waits for your yes"
    assert one.link == f"/proposals/main/{STATUS.approvals[0].order_id}"


def test_a_dead_session_leads_to_the_login():
    dead = SessionView(account="main", label="", state="EXPIRED")
    [one] = concerns(FINE.model_copy(update={"sessions": (dead,)}))
    assert (one.weight, one.link) == ("act", "/login?account=main")


def test_halts_and_closed_gates_are_told_with_their_reasons():
    [risk] = STATUS.risk
    halted = risk.model_copy(
        update={"halted": True, "state": "HALTED", "halt_reason": "news", "halted_by": "person:asha"}
    )
    closed = risk.model_copy(update={"blocked_by": "COOLDOWN", "blocked_because": "a loss 4 minutes ago"})
    assert of(risk=(halted,)) == [("act", "main is halted by asha: news")]
    assert of(risk=(closed,)) == [("know", "main takes no new entry now: a loss 4 minutes ago")]


def test_the_worst_comes_first():
    dead = SessionView(account="main", label="", state="MISSING")
    weights = [w for w, _ in of(subscription_problems=("nobody confirmed",), sessions=(dead,))]
    assert weights == ["act", "know"]

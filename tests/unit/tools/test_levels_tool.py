"""adjust_position: another stop or target by a program, which raises a stop and lowers none."""

import pytest

from patang.identity.principal import ALL_SCOPES, Principal
from patang.keys import position_key
from patang.portfolio.position import Position
from patang.records import load, replace
from patang.tools.calling import call
from tests.unit.api.sample_desk import busy, two_owners


@pytest.fixture
def desk():
    return busy(two_owners())


def adjusted(desk, actor="token:t1 of asha", **args):
    who = Principal("asha", actor, ("main",), ALL_SCOPES)
    return call(desk.caller(who), "adjust_position", {"position_id": "p1"} | args)


def held(desk) -> Position:
    return load(desk.store, Position, position_key("main", "p1"))


def test_a_stop_is_raised_and_the_answer_says_what_it_was(desk):
    answered = adjusted(desk, stop_loss_price=1000, reason="half of the way")
    assert answered.status == 200
    assert answered.reply.message == "RELIANCE: stop 988.10 -> 1000."
    assert (answered.reply.stop_before, answered.reply.position.by_hand) == (988.1, ("stop",))
    assert held(desk).stop_loss_price == 1000


def test_a_lower_stop_is_its_owners(desk):
    answered = adjusted(desk, stop_loss_price=980)
    assert (answered.status, answered.reply.error_type) == (403, "AuthenticationError")
    assert "signed in on the desk's page" in answered.reply.message
    assert float(held(desk).stop_loss_price) == 988.1


def test_no_argument_says_that_a_limit_may_be_passed(desk):
    answered = adjusted(desk, stop_loss_price=980, beyond_limits=True)
    assert (answered.status, answered.reply.details["kind"]) == (400, "InvalidArguments")


def test_the_rules_that_it_breaks_are_told(desk):
    answered = adjusted(desk, stop_loss_price=1030, target_price=1020.02)
    assert (answered.status, answered.reply.error_type) == (400, "OrderModificationError")
    fields = {broken["field"] for broken in answered.reply.details["broken"]}
    assert fields == {"stop_loss_price", "target_price"}


@pytest.mark.parametrize("state", ["CLOSING", "gone"])
def test_what_is_being_sold_or_is_not_there_takes_none(desk, state):
    if state == "CLOSING":
        desk.store.write(replace(held(desk).evolve(state="CLOSING", exit_reason="STOP")))
    wanted = {} if state == "CLOSING" else {"position_id": "p2"}
    answered = adjusted(desk, stop_loss_price=1000, **wanted)
    assert answered.status == 400
    assert ("sold already" if state == "CLOSING" else "none of this id") in answered.reply.message

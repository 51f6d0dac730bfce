"""Logging in at the broker, and what the desk knows of the session after it."""

import pytest

from patang.errors import SessionExpired
from tests.contract.kite.simulated_desk import request_token


def test_a_login_opens_the_days_session(new_desk):
    with pytest.raises(SessionExpired, match="log in"):
        new_desk.broker("main").profile()
    session = new_desk.accounts().complete_login("main", request_token(new_desk))
    assert (session.version, session.user_id) == (1, "AB1234")
    assert session.demat_consent
    assert new_desk.broker("main").profile()["user_id"] == "AB1234"


def test_a_used_request_token_is_refused(new_desk):
    token = request_token(new_desk)
    new_desk.accounts().complete_login("main", token)
    new_desk.accounts().complete_login("main", request_token(new_desk))
    with pytest.raises(SessionExpired, match="log in again"):
        new_desk.accounts().complete_login("main", token)


def test_a_session_that_the_broker_ended_is_noted_and_a_new_login_serves_the_next_call(desk, simulator):
    broker = desk.broker("main")
    credentials = desk.accounts().credentials("main")
    simulator.exchange.logins.log_out(credentials.api_key, credentials.access_token)
    with pytest.raises(SessionExpired):
        broker.profile()
    assert desk.accounts().session("main").state == "EXPIRED"
    desk.accounts().complete_login("main", request_token(desk))
    assert broker.profile()["user_id"] == "AB1234"

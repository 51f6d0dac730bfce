"""How what went wrong is told: the kinds of the broker's API, one form, and never what was sent."""

import pytest
from pydantic import BaseModel

from patang.errors import (
    AddressRefused,
    AskOwner,
    BadInput,
    BrokerRefused,
    ModelRefused,
    OtherSideFailed,
    OutcomeUnknown,
    PatangError,
    RateLimited,
    Refused,
    SessionExpired,
    SettingsError,
    StopTrading,
    TryAgain,
)
from patang.identity.rights import ScopeMissing, UnknownAccount
from patang.ports import WriteConflict
from patang.tools import calling
from patang.tools.calling import call
from patang.tools.errors import InvalidArguments, OrderRefused, checked, problem_of


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (ScopeMissing("trade"), "AuthenticationError", 403),
        (SessionExpired("log in"), "AuthenticationError", 403),
        (UnknownAccount("main"), "BadRequestError", 404),
        (BadInput("no"), "BadRequestError", 400),
        (Refused("no"), "BadRequestError", 409),
        (BrokerRefused("no funds"), "OrderPlacementError", 400),
        (OrderRefused("rules", {}, modification=False), "OrderPlacementError", 400),
        (OrderRefused("rules", {}, modification=True), "OrderModificationError", 400),
        (AskOwner("authorise"), "OwnerActionError", 409),
        (AddressRefused("register"), "OwnerActionError", 409),
        (RateLimited("slower"), "RateLimitError", 429),
        (TryAgain("no connection"), "NetworkError", 503),
        (WriteConflict([]), "NetworkError", 503),
        (OutcomeUnknown("look"), "NetworkError", 502),
        (OtherSideFailed("trouble"), "ServerError", 502),
        (StopTrading("look"), "ServerError", 503),
        (SettingsError("wrong"), "ServerError", 503),
        (ModelRefused("wrong"), "ServerError", 503),
        (PatangError("else"), "ServerError", 500),
    ],
)
def test_an_error_is_of_one_kind(error, kind, status):
    told = problem_of(error)
    assert (told.error_type, told.status_code, told.message) == (kind, status, str(error))
    assert told.status == "error"
    assert told.details["kind"] == type(error).__name__


def test_of_what_nobody_foresaw_nothing_is_told():
    told = problem_of(RuntimeError("secret-main was here"))
    assert (told.error_type, told.status_code, told.details) == ("ServerError", 500, None)
    assert "secret" not in told.message


class Wanted(BaseModel):
    quantity: int
    price: float


def test_wrong_arguments_are_named_and_not_repeated():
    with pytest.raises(InvalidArguments) as refusal:
        checked(Wanted, {"quantity": "my-api-secret", "price": 1})
    told = problem_of(refusal.value)
    assert (told.error_type, told.status_code) == ("BadRequestError", 400)
    assert [field["field"] for field in told.details["fields"]] == ["quantity"]
    assert "my-api-secret" not in told.model_dump_json()


def test_a_session_that_is_over_says_where_to_log_in(caller, monkeypatch):
    def over(name):
        raise SessionExpired("account 'main' has no live session at the broker")

    monkeypatch.setattr(calling, "find", over)
    told = call(caller("read"), "get_holdings", {}).reply
    assert told.details["login_url"] == "http://testserver/login?account=main&user=AB1234"
    assert told.details["login_url"] in told.message
    elsewhere = call(caller("read"), "get_holdings", {"account_id": "other"}).reply
    assert "other" not in elsewhere.model_dump_json()


def test_an_unforeseen_fault_is_logged_with_its_tool(caller, monkeypatch, caplog):
    def broken(name):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(calling, "find", broken)
    answered = call(caller("read"), "get_holdings", {})
    assert (answered.status, answered.failed) == (500, True)
    assert "the tool get_holdings failed" in caplog.text
    assert "the disk is full" in caplog.text

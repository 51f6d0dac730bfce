"""What each reply of the broker means for what happens next."""

import pytest
import requests
import urllib3.exceptions

from patang.adapters.kite.errors import Reply, sort_error
from patang.errors import (
    AddressRefused,
    AskOwner,
    BrokerRefused,
    OtherSideFailed,
    OutcomeUnknown,
    RateLimited,
    Refused,
    SessionExpired,
    TryAgain,
)

ANY = RuntimeError("whatever the client made of it")
REFUSED_CONNECTION = requests.ConnectionError(
    urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.NewConnectionError(None, "refused"))
)
CUT_CONNECTION = requests.ConnectionError(
    urllib3.exceptions.ProtocolError("aborted", ConnectionResetError(104, "reset"))
)


@pytest.mark.parametrize(
    ("reply", "read", "sent"),
    [
        (
            Reply(403, "TokenException", "Incorrect `api_key` or `access_token`."),
            SessionExpired,
            SessionExpired,
        ),
        (Reply(400, "InputException", "Missing `access_token`"), SessionExpired, SessionExpired),
        (Reply(429, "NetworkException", "Too many requests"), RateLimited, RateLimited),
        (Reply(429), RateLimited, RateLimited),
        (Reply(400, "InputException", "Invalid `quantity`."), Refused, BrokerRefused),
        (Reply(400, "OrderException", "Price is outside the band."), Refused, BrokerRefused),
        (Reply(400, "MarginException", "Insufficient funds."), Refused, BrokerRefused),
        (Reply(400, "HoldingException", "Not enough holdings."), Refused, BrokerRefused),
        (Reply(403, "PermissionException", "No IPs configured for this app"), AddressRefused, AddressRefused),
        (
            Reply(400, "InputException", "IP (1.2.3.4) is not allowed to place orders for this app"),
            AddressRefused,
            AddressRefused,
        ),
        (Reply(403, "UserException", "The account is blocked."), AskOwner, AskOwner),
        (Reply(428, "GeneralException", "Authorise the sale at CDSL."), AskOwner, AskOwner),
        (Reply(428), AskOwner, AskOwner),
        (Reply(503, "NetworkException", "OMS is down."), OtherSideFailed, OutcomeUnknown),
        (Reply(504), OtherSideFailed, OutcomeUnknown),
        (
            Reply(503, "NetworkException", "Maximum allowed order modifications exceeded."),
            Refused,
            BrokerRefused,
        ),
        (Reply(400, "OrderException", "Order request timed out."), OtherSideFailed, OutcomeUnknown),
        (Reply(500, "OrderException", "Something broke."), OtherSideFailed, OutcomeUnknown),
        (Reply(500, "GeneralException", "Something broke."), OtherSideFailed, OutcomeUnknown),
        (Reply(408, "OrderException", "Slow."), OtherSideFailed, OutcomeUnknown),
        (Reply(400, "GeneralException", "Something broke."), OtherSideFailed, OutcomeUnknown),
        (Reply(404, "GeneralException", "Route not found."), Refused, BrokerRefused),
        (Reply(502), OtherSideFailed, OutcomeUnknown),
        (Reply(200), OtherSideFailed, OutcomeUnknown),
        (Reply(400), OtherSideFailed, OutcomeUnknown),
    ],
)
def test_a_reply_is_sorted_by_what_must_happen_next(reply, read, sent):
    assert type(sort_error(ANY, reply, sending=False)) is read
    assert type(sort_error(ANY, reply, sending=True)) is sent


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (requests.ReadTimeout("read timed out"), OutcomeUnknown),
        (CUT_CONNECTION, OutcomeUnknown),
        (KeyError("order_id"), OutcomeUnknown),
        (requests.ConnectTimeout("connect timed out"), TryAgain),
        (REFUSED_CONNECTION, TryAgain),
    ],
)
def test_without_a_reply_a_send_is_open_unless_it_never_left(error, sent):
    assert type(sort_error(error, None, sending=False)) is TryAgain
    assert type(sort_error(error, None, sending=True)) is sent


def test_a_refused_order_says_what_the_broker_said():
    refusal = sort_error(ANY, Reply(400, "MarginException", "Insufficient funds."), sending=True)
    assert str(refusal) == "Insufficient funds."

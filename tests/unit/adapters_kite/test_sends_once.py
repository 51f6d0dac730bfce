"""However a call ends, a send leaves once and a read three times: counted where the bytes leave."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from patang.accounts.session import Credentials
from patang.adapters.kite.broker import KiteBroker
from patang.adapters.kite.calls import KiteCalls
from patang.adapters.kite.foreign_rows import ForeignRows
from patang.adapters.kite.limits import RateLimiter
from patang.errors import AskOwner, BrokerRefused, OutcomeUnknown, SessionExpired, TryAgain
from patang.ports import Broker, ConversionRequest, GttLeg, GttRequest, OrderRequest
from patang.settings import KiteSettings
from tests.fakes import RecordedMetrics

ORDER = OrderRequest("regular", "NSE", "INFY", "BUY", 1, "LIMIT", "MIS", "DAY", "t1", price="1500.00")
GTT = GttRequest("single", "NSE", "INFY", ("1400",), "1500", (GttLeg("SELL", 1, "CNC", "1390"),))
SENDS: dict[str, Callable[[KiteBroker], Any]] = {
    "place": lambda broker: broker.place(ORDER),
    "place_sliced": lambda broker: broker.place_sliced(ORDER),
    "modify": lambda broker: broker.modify("regular", "1", {"price": "1"}),
    "cancel": lambda broker: broker.cancel("regular", "1"),
    "place_gtt": lambda broker: broker.place_gtt(GTT),
    "modify_gtt": lambda broker: broker.modify_gtt("1", GTT),
    "delete_gtt": lambda broker: broker.delete_gtt("1"),
    "convert_position": lambda broker: broker.convert_position(
        ConversionRequest("NSE", "INFY", "BUY", "day", 1, "MIS", "CNC")
    ),
}
READS: dict[str, Callable[[KiteBroker], Any]] = {
    "orders": lambda broker: broker.orders(),
    "trades": lambda broker: broker.trades(),
    "positions": lambda broker: broker.positions(),
    "holdings": lambda broker: broker.holdings(),
    "gtts": lambda broker: broker.gtts(),
    "margins": lambda broker: broker.margins(),
    "order_margins": lambda broker: broker.order_margins([ORDER]),
    "basket_margins": lambda broker: broker.basket_margins([ORDER]),
    "profile": lambda broker: broker.profile(),
}


class Wire:
    """Stands where requests hands its bytes to the network: counts them, and answers in one way."""

    def __init__(self, status: int = 0, body: str = "", headers: dict[str, str] | None = None) -> None:
        self.left: list[tuple[str, str]] = []
        self._answer = (status, body, {"content-type": "application/json"} | (headers or {}))
        self.error: Exception | None = None

    def send(self, adapter: HTTPAdapter, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        self.left.append((str(request.method), str(request.path_url)))
        if self.error is not None:
            raise self.error
        status, body, headers = self._answer
        response = requests.Response()
        response.status_code, response._content = status, body.encode()
        response.headers.update(headers)
        response.request, response.url, response.connection = request, str(request.url), adapter
        response.raw = _Raw()
        return response


class _Raw:
    """What requests closes before it follows a redirect."""

    def close(self) -> None: ...

    def release_conn(self) -> None: ...

    def read(self, *_: Any, **__: Any) -> bytes:
        return b""


def failing(error: Exception) -> Wire:
    wire = Wire()
    wire.error = error
    return wire


def said(status: int, error_type: str, message: str = "no") -> Wire:
    return Wire(
        status, f'{{"status": "error", "error_type": "{error_type}", "message": "{message}", "data": null}}'
    )


OUTCOMES = {
    "a time-out": (lambda: failing(requests.ReadTimeout("slow")), OutcomeUnknown),
    "a cut connection": (lambda: failing(requests.ConnectionError("reset")), OutcomeUnknown),
    "no connection": (lambda: failing(requests.ConnectTimeout("away")), TryAgain),
    "429": (lambda: said(429, "NetworkException"), TryAgain),
    "500": (lambda: said(500, "GeneralException"), OutcomeUnknown),
    "502": (lambda: Wire(502, "<html>bad gateway</html>", {"content-type": "text/html"}), OutcomeUnknown),
    "503": (lambda: said(503, "NetworkException"), OutcomeUnknown),
    "504": (lambda: said(504, "NetworkException"), OutcomeUnknown),
    "400 timed out": (lambda: said(400, "OrderException", "Order request timed out"), OutcomeUnknown),
    "400": (lambda: said(400, "InputException"), BrokerRefused),
    "margin": (lambda: said(400, "MarginException"), BrokerRefused),
    "demat": (lambda: said(428, "HoldingException"), AskOwner),
    "session": (lambda: said(403, "TokenException"), SessionExpired),
    "a redirect": (lambda: Wire(307, "", {"location": "/elsewhere"}), OutcomeUnknown),
    "half a reply": (lambda: Wire(200, '{"status": "success"'), OutcomeUnknown),
    "an empty reply": (lambda: Wire(200, '{"status": "success", "data": {}}'), None),
}


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Callable[[Wire], tuple[KiteBroker, list[float]]]:
    def make(wire: Wire) -> tuple[KiteBroker, list[float]]:
        monkeypatch.setattr(
            HTTPAdapter, "send", lambda adapter, request, **o: wire.send(adapter, request, **o)
        )
        slept: list[float] = []
        calls = KiteCalls(
            lambda: Credentials("key", "token", 1),
            lambda used: None,
            lambda: KiteSettings(root="http://127.0.0.1:9"),
            RecordedMetrics(),
            limiter=RateLimiter(sleep=lambda seconds: None),
            sleep=slept.append,
        )
        return KiteBroker(calls, ForeignRows(lambda identifier: True, RecordedMetrics())), slept

    return make


def test_every_call_of_the_port_is_a_send_or_a_read():
    calls = {name for name in vars(Broker) if not name.startswith("_")}
    assert SENDS.keys() | READS.keys() == calls
    assert not SENDS.keys() & READS.keys()


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("call", SENDS)
def test_a_send_leaves_once(broker, call, outcome):
    wire, raised = OUTCOMES[outcome][0](), OUTCOMES[outcome][1]
    kite, slept = broker(wire)
    if raised is None:
        # An answer of another shape than the call's: what is missing matters to some of them.
        with contextlib.suppress(OutcomeUnknown):
            SENDS[call](kite)
    else:
        with pytest.raises(raised):
            SENDS[call](kite)
    assert len(wire.left) == 1
    assert slept == []


@pytest.mark.parametrize("outcome", ["a time-out", "a cut connection", "429", "500", "502", "503", "504"])
@pytest.mark.parametrize("call", READS)
def test_a_read_is_tried_three_times_backing_off(broker, call, outcome):
    wire = OUTCOMES[outcome][0]()
    kite, slept = broker(wire)
    with pytest.raises(TryAgain):
        READS[call](kite)
    assert len(wire.left) == 3
    assert len(set(wire.left)) == 1
    assert slept == sorted(slept)
    assert len(slept) == 2


@pytest.mark.parametrize("call", READS)
def test_a_read_that_is_refused_is_not_repeated(broker, call):
    wire = said(403, "PermissionException")
    kite, _ = broker(wire)
    with pytest.raises(AskOwner):
        READS[call](kite)
    assert len(wire.left) == 1


def test_what_the_client_lacks_is_asked_for_on_its_own_routes(broker):
    wire = Wire(200, '{"status": "success", "data": []}')
    kite, _ = broker(wire)
    kite.order_margins([ORDER])
    kite.basket_margins([ORDER])
    assert wire.left == [
        ("POST", "/margins/orders?mode=compact"),
        ("POST", "/margins/basket?consider_positions=true&mode=compact"),
    ]


def test_what_the_client_itself_refuses_never_leaves(broker):
    wire = Wire(200, "{}")
    kite, _ = broker(wire)
    with pytest.raises(BrokerRefused, match="OCO"):
        kite.place_gtt(GttRequest("two-leg", "NSE", "INFY", ("1400",), "1500", GTT.legs))
    assert wire.left == []

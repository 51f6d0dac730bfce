"""Where orders leave from: asked of the lane by its queue, answered by an echo, doubted by the broker."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from functions.order_lane import handler as order_lane
from functions.preflight import handler as preflight_handler
from patang.adapters.echo import echoed_address
from patang.errors import AddressRefused, TryAgain
from patang.execution.preflight.egress import (
    EgressObserver,
    EgressProbe,
    EgressProbes,
    address_refused,
)
from patang.keys import egress_key, preflight_key
from patang.market.preflight import Preflight
from patang.records import create, load
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import bought, submitted
from tests.unit.execution.trading_desk import TradingDesk

REFUSED = "IP (198.51.100.9) is not allowed to place orders for this app"


@pytest.fixture
def desk() -> TradingDesk:
    return TradingDesk()


@pytest.fixture
def echo() -> Iterator[Callable[[int, str], str]]:
    """Makes a server that answers so; its address."""
    servers = []

    def make(status: int, text: str) -> str:
        class Echo(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told = text.replace("{caller}", self.client_address[0]).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: Any) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Echo)
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/ip"

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def observer(desk: TradingDesk, told: str | Exception) -> EgressObserver:
    def echo(_url: str) -> str:
        if isinstance(told, Exception):
            raise told
        return told

    return EgressObserver(desk.store, echo, desk.get_settings, desk.clock)


def asked(desk: TradingDesk, lane: Callable[[str], Any] | None) -> EgressProbe:
    """What a preflight learns when the lane answers meanwhile, or does not."""

    def sleep(seconds: float) -> None:
        if lane is not None and desk.queue.messages:
            group, message_id, body = desk.queue.messages.pop()
            assert (group, message_id) == ("probe", body["probe"]), "no order waits behind a probe"
            lane(body["probe"])
        desk.clock.advance(seconds)

    return EgressProbes(desk.store, desk.queue, desk.clock, sleep).ask()


def test_the_lane_tells_where_it_stands(desk: TradingDesk) -> None:
    assert asked(desk, observer(desk, "203.0.113.7\n").answer).address == "203.0.113.7"
    again = asked(desk, observer(desk, "203.0.113.8").answer)
    assert again.address == "203.0.113.8", "an address of yesterday is no answer"


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (TryAgain("the echo does not answer"), "does not answer"),
        ("2001:db8::7", "no IPv4 address"),
        ("<html>portal</html>", "no IPv4 address"),
        ("", "no IPv4 address"),
    ],
)
def test_what_is_no_address_is_a_problem_and_never_an_address(
    desk: TradingDesk, told: str | Exception, problem: str
) -> None:
    found = asked(desk, observer(desk, told).answer)
    assert found.address is None
    assert problem in str(found.problem)


def test_a_lane_that_does_not_answer_is_not_waited_for_for_ever(desk: TradingDesk) -> None:
    begun = desk.clock.now()
    found = asked(desk, None)
    assert (found.address, found.problem) == (None, "the lane did not answer within 12 seconds")
    assert (desk.clock.now() - begun).total_seconds() < 13


def test_a_probe_that_comes_late_or_twice_changes_nothing(desk: TradingDesk) -> None:
    asked(desk, None)
    late = desk.queue.messages[-1][1]
    asked(desk, observer(desk, "203.0.113.7").answer)
    before = load(desk.store, EgressProbe, egress_key())
    assert observer(desk, "198.51.100.9").answer(late) == "STALE"
    assert before is not None
    assert observer(desk, "198.51.100.9").answer(before.probe_id) == "STALE"
    assert load(desk.store, EgressProbe, egress_key()) == before


def test_the_echo_is_asked_over_ipv4(echo: Callable[[int, str], str]) -> None:
    assert echoed_address(echo(200, "{caller}\n")).strip() == "127.0.0.1"


@pytest.mark.parametrize(("status", "told"), [(302, "127.0.0.1"), (500, "127.0.0.1"), (404, "")])
def test_only_a_plain_answer_counts(echo: Callable[[int, str], str], status: int, told: str) -> None:
    with pytest.raises(TryAgain, match=str(status)):
        echoed_address(echo(status, told))


def test_an_echo_that_is_not_there_is_said_so() -> None:
    with pytest.raises(TryAgain, match="does not answer"):
        echoed_address("http://127.0.0.1:9/")


def test_the_lanes_function_answers_probes_and_sends_nothing(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wired:
        metrics = desk.metrics

        @staticmethod
        def egress_observer() -> EgressObserver:
            return observer(desk, "203.0.113.7")

    monkeypatch.setattr(order_lane, "desk", Wired())

    def lane(probe_id: str) -> None:
        event = {"Records": [{"body": json.dumps({"probe": probe_id})}]}
        assert order_lane.handler(event, None) == {"states": ["OBSERVED"]}

    assert asked(desk, lane).address == "203.0.113.7"
    assert desk.exchange.sent == []


def passed_preflight(desk: TradingDesk, mode: str) -> None:
    passed = Preflight(
        day=MORNING.date(), mode=mode, scheduled_time=MORNING, ran_at=MORNING, passed=True, checks=()
    )
    desk.store.write(create(passed))


def test_a_broker_that_refuses_the_address_closes_the_day_for_entries(desk: TradingDesk) -> None:
    passed_preflight(desk, "simulator")
    first = submitted(desk)

    def place(_request: object) -> str:
        raise AddressRefused(REFUSED)

    desk.exchange.place = place
    assert desk.lane().process({"account": "main", "intent_id": first.intent_id}) == "REJECTED"
    closed = load(desk.store, Preflight, preflight_key(MORNING.date()))
    assert closed is not None
    assert not closed.passed
    assert closed.address_refused == REFUSED
    assert desk.metrics.counts["egress_ip_mismatch"] == 1
    assert "PREFLIGHT_NOT_PASSED" in str(desk.flow().validate("main", "o-s-infy")["reason"])


def test_an_exit_is_still_tried_after_that(desk: TradingDesk) -> None:
    """The broker may have been told of the address meanwhile, and an exit has nothing to lose by asking."""
    position = bought(desk)
    passed_preflight(desk, "simulator")
    address_refused(desk.store, desk.metrics, "simulator", MORNING, MORNING, REFUSED)
    desk.exits().begin(position, "STOP", desk.market_time, position.stop_loss_price)
    (sell,) = [intent for intent in desk.intents() if intent.kind == "EXIT"]
    assert desk.lane().process({"account": "main", "intent_id": sell.intent_id}) == "ACKED"


def test_the_preflights_function_refuses_a_stale_time(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, ...]] = []

    class Service:
        @staticmethod
        def by_schedule(moment: Any) -> dict[str, Any]:
            calls.append(("schedule", moment.isoformat()))
            return {"ok": True}

        @staticmethod
        def run(moment: Any, by: str) -> Preflight:
            calls.append((by, moment.isoformat()))
            passed_preflight(desk, "live")
            found = load(desk.store, Preflight, preflight_key(MORNING.date()))
            assert found is not None
            return found

    class Wired:
        store, clock, metrics = desk.store, desk.clock, desk.metrics
        preflight = Service
        settings = desk.settings.model_copy(
            update={"kite": desk.settings.kite.model_copy(update={"root": "https://api.kite.trade"})}
        )

        def standing_settings(self) -> Any:
            return self.settings

    monkeypatch.setattr(preflight_handler, "desk", Wired())
    stale = MORNING.replace(hour=8).isoformat()
    assert preflight_handler.handler({"scheduled_time": stale}, None)["ok"] is False
    assert calls == []
    now = MORNING.isoformat()
    assert preflight_handler.handler({"scheduled_time": now}, None) == {"ok": True}
    told = preflight_handler.handler({"scheduled_time": now, "by": "person:owner"}, None)
    assert told["passed"] is True
    assert [call[0] for call in calls] == ["schedule", "person:owner"]

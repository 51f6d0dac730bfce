"""The ticker's websocket: what a client is sent, and that nothing is lost on the way."""

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

INFY, NIFTY = 408065, 256265

Scene = Callable[[ClientConnection], Awaitable[Any]]


def play(desk: Any, scene: Scene) -> Any:
    """Run a scene over a websocket of a signed-in client."""
    client = desk.sign_in()
    address = f"{desk.simulator.ticker_root}?api_key={client.api_key}&access_token={client.access_token}"

    async def open_and_run() -> Any:
        async with websockets.connect(address, compression=None, max_queue=None) as socket:
            return await scene(socket)

    return asyncio.run(open_and_run())


def packets(message: bytes) -> list[bytes]:
    (count,) = struct.unpack_from(">H", message)
    found, place = [], 2
    for _ in range(count):
        (length,) = struct.unpack_from(">H", message, place)
        found.append(message[place + 2 : place + 2 + length])
        place += 2 + length
    assert place == len(message)
    return found


async def binary(socket: ClientConnection) -> list[bytes]:
    """The packets of the next frame that carries any."""
    while True:
        message = await asyncio.wait_for(socket.recv(), 5)
        if isinstance(message, bytes) and len(message) > 1:
            return packets(message)


async def text(socket: ClientConnection) -> dict[str, Any]:
    while True:
        message = await asyncio.wait_for(socket.recv(), 5)
        if isinstance(message, str):
            return dict(json.loads(message))


async def ask(socket: ClientConnection, action: str, value: Any) -> None:
    await socket.send(json.dumps({"a": action, "v": value}))


async def drain(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


def lengths(found: list[bytes]) -> dict[int, int]:
    return {struct.unpack_from(">I", packet)[0]: len(packet) for packet in found}


def test_no_session_no_stream(desk: Any) -> None:
    async def knock() -> None:
        await websockets.connect(f"{desk.simulator.ticker_root}?api_key={desk.key}&access_token=stale")

    with pytest.raises(InvalidStatus) as refusal:
        asyncio.run(knock())
    assert refusal.value.response.status_code == 403


def test_the_heart_beats_in_wall_time_while_the_market_stands_still(desk: Any) -> None:
    async def scene(socket: ClientConnection) -> None:
        assert [await asyncio.wait_for(socket.recv(), 3) for _ in range(3)] == [b"\x00"] * 3

    play(desk, scene)


def test_a_subscription_starts_with_the_state_in_the_mode_asked_for(desk: Any) -> None:
    async def scene(socket: ClientConnection) -> None:
        await ask(socket, "subscribe", [INFY, NIFTY])
        assert lengths(await binary(socket)) == {INFY: 44, NIFTY: 28}
        await ask(socket, "mode", ["full", [INFY]])
        assert lengths(await binary(socket)) == {INFY: 184}
        await ask(socket, "mode", ["ltp", [NIFTY]])
        assert lengths(await binary(socket)) == {NIFTY: 8}
        await ask(socket, "subscribe", [INFY])
        assert lengths(await binary(socket)) == {INFY: 184}

    play(desk, scene)


def test_while_the_market_runs_each_instrument_comes_in_its_own_mode(desk: Any) -> None:
    shares = {"ltp": 1270529, "quote": INFY, "full": 738561}

    async def scene(socket: ClientConnection) -> dict[int, set[int]]:
        vix = 264969
        for mode, token in shares.items():
            await ask(socket, "mode", [mode, [token, NIFTY if mode == "ltp" else vix]])
            await binary(socket)
        await asyncio.to_thread(desk.run_until, "09:17:00")
        found: dict[int, set[int]] = {}
        for _ in range(100):
            for token, size in lengths(await binary(socket)).items():
                found.setdefault(token, set()).add(size)
        return found

    assert play(desk, scene) == {1270529: {8}, INFY: {44}, 738561: {184}, NIFTY: {8}, 264969: {32}}


def test_what_is_unsubscribed_falls_silent(desk: Any) -> None:
    async def scene(socket: ClientConnection) -> None:
        await ask(socket, "subscribe", [INFY, NIFTY])
        await binary(socket)
        await ask(socket, "unsubscribe", [INFY])
        await asyncio.to_thread(desk.run_until, "09:17:00")
        assert {token for _ in range(60) for token in lengths(await binary(socket))} == {NIFTY}

    play(desk, scene)


@pytest.mark.parametrize(
    "message", ["nonsense", "{}", '{"a":"dance","v":[1]}', '{"a":"mode","v":["huge",[408065]]}']
)
def test_a_message_that_makes_no_sense_is_answered_by_an_error(desk: Any, message: str) -> None:
    async def scene(socket: ClientConnection) -> None:
        await socket.send(message)
        assert (await text(socket))["type"] == "error"

    play(desk, scene)


def test_orders_are_told_to_their_owner_only(desk: Any) -> None:
    client = desk.sign_in()
    desk.run_until("09:20:00")

    async def scene(socket: ClientConnection) -> list[str]:
        order = await asyncio.to_thread(
            client.place_order, "regular", "NSE", "INFY", "BUY", 1, "MIS", "LIMIT", price=1500, tag="framed"
        )
        statuses = []
        while not statuses or statuses[-1] != "COMPLETE":
            message = await text(socket)
            assert message["type"] == "order"
            assert (message["data"]["order_id"], message["data"]["tag"]) == (order, "framed")
            assert message["data"]["user_id"] == "AB1234"
            statuses.append(message["data"]["status"])
        return statuses

    assert play(desk, scene) == [
        "PUT ORDER REQ RECEIVED",
        "VALIDATION PENDING",
        "OPEN PENDING",
        "OPEN",
        "COMPLETE",
    ]
    desk.key, desk.secret = "otherkey", "othersecret"

    async def listen(socket: ClientConnection) -> None:
        await asyncio.to_thread(
            client.place_order, "regular", "NSE", "INFY", "BUY", 1, "MIS", "LIMIT", price=1500
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(text(socket), 0.5)

    play(desk, listen)


def test_candles_rebuilt_from_the_wire_equal_the_source(desk: Any) -> None:
    """At the highest speed, to a client that reads slowly: the market waits rather than drop a tick."""
    minutes = 12

    async def scene(socket: ClientConnection) -> dict[int, dict[int, list[int]]]:
        client = desk.sign_in()
        tokens = [row["instrument_token"] for row in client.instruments("NSE")]
        await ask(socket, "subscribe", tokens)
        await ask(socket, "mode", ["full", tokens])
        assert {len(packet) for packet in await binary(socket)} == {44, 28}
        assert {len(packet) for packet in await binary(socket)} == {184, 32}
        desk.control("clock", limit="2026-08-18T09:27:00+05:30", paused=False, speed=1000)
        candles: dict[int, dict[int, list[int]]] = {}
        volumes: dict[int, int] = {}
        stamp = 0
        while stamp < desk.simulator.exchange.floor.opening + minutes * 60:
            for packet in await binary(socket):
                stamp = fold(packet, candles, volumes)
            await asyncio.sleep(0.001)
        return candles

    def fold(packet: bytes, candles: dict[int, dict[int, list[int]]], volumes: dict[int, int]) -> int:
        token, price = struct.unpack_from(">II", packet)
        index = len(packet) == 32
        total = 0 if index else struct.unpack_from(">I", packet, 16)[0]
        (stamp,) = struct.unpack_from(">I", packet, 28 if index else 60)
        if stamp >= desk.simulator.exchange.floor.opening:
            traded = total - volumes.get(token, 0)
            volumes[token] = total
            bar = candles.setdefault(token, {}).setdefault(
                stamp - stamp % 60, [price, price, price, price, 0]
            )
            bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
            bar[4] += traded
        return int(stamp)

    rebuilt = play(desk, scene)
    source = desk.show("candles")
    names = {
        line.instrument.tradingsymbol: token for token, line in desk.simulator.exchange.floor.lines.items()
    }
    assert len(source) == 13
    for symbol, rows in source.items():
        expected = [[round(price * 100) for price in row[1:5]] + [row[5]] for row in rows[:minutes]]
        found = [bar for _, bar in sorted(rebuilt[names[symbol]].items())][:minutes]
        assert found == expected, symbol


def test_the_clock_waits_for_a_client_that_does_not_read(desk: Any) -> None:
    async def scene(socket: ClientConnection) -> None:
        client = desk.sign_in()
        tokens = [row["instrument_token"] for row in client.instruments()]
        await ask(socket, "subscribe", tokens)
        await ask(socket, "mode", ["full", tokens])
        # The network's own buffers take some minutes of ticks; then the market must stand still.
        socket.transport.pause_reading()
        desk.control("clock", paused=False, speed=1000, limit=None)
        stuck = await asyncio.to_thread(standing_still)
        assert stuck < "2026-08-18T15:00"
        socket.transport.resume_reading()
        await asyncio.to_thread(desk.wait, lambda: desk.show("clock")["market_time"] > stuck)

    def standing_still() -> str:
        seen: list[str] = []

        def twice_the_same() -> bool:
            seen.append(desk.show("clock")["market_time"])
            return len(seen) > 20 and seen[-1] == seen[-20]

        desk.wait(twice_the_same, 30)
        return seen[-1]

    play(desk, scene)


def test_connections_can_be_dropped(desk: Any) -> None:
    async def scene(socket: ClientConnection) -> None:
        reply = await asyncio.to_thread(desk.control, "fault", kind="drop_connections")
        assert reply["dropped"] == 1
        with pytest.raises(ConnectionClosed):
            await binary(socket)

    play(desk, scene)
    desk.wait(lambda: desk.show("stats")["connections"] == 0)


def test_a_login_elsewhere_ends_the_stream_and_the_old_token_opens_no_new_one(desk: Any) -> None:
    async def scene(socket: ClientConnection) -> None:
        await ask(socket, "subscribe", [INFY])
        assert await binary(socket)
        await asyncio.to_thread(desk.control, "owner", action="log_in_elsewhere")
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(drain(socket), 5)

    client = desk.sign_in()
    play(desk, scene)
    assert desk.sign_in().access_token != client.access_token

"""The official ticker, unchanged, in a process of its own because its reactor runs once."""

import json
import subprocess
import sys
from typing import Any

CLIENT = """
import json, sys
from kiteconnect import KiteTicker

root, key, token = sys.argv[1:]
ticker = KiteTicker(key, token, root=root)
seen = {"ticks": 0, "modes": [], "orders": [], "connects": 0, "heartbeats": 0}

def on_connect(ws, response):
    seen["connects"] += 1
    if seen["connects"] == 1:
        ws.subscribe([408065, 256265])
        ws.set_mode(ws.MODE_FULL, [408065])
    print("connected", flush=True)

def on_ticks(ws, ticks):
    seen["ticks"] += len(ticks)
    seen["modes"] = sorted(set(seen["modes"]) | {f"{t['instrument_token']} {t['mode']}" for t in ticks})

def on_message(ws, payload, is_binary):
    seen["heartbeats"] += len(payload) == 1

def on_order_update(ws, data):
    seen["orders"].append(data["status"])
    if data["status"] == "COMPLETE":
        print(json.dumps(seen), flush=True)
        ws.stop()

ticker.on_connect, ticker.on_ticks = on_connect, on_ticks
ticker.on_message, ticker.on_order_update = on_message, on_order_update
ticker.connect()
"""


def test_it_connects_reconnects_reads_ticks_and_orders(desk: Any) -> None:
    client = desk.sign_in()
    words = [desk.simulator.ticker_root, client.api_key, client.access_token]
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, *words], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "connected\n"
            desk.run_until("09:16:00")
            desk.control("fault", kind="drop_connections")
            assert process.stdout.readline() == "connected\n"
            desk.run_until("09:17:00")
            client.place_order("regular", "NSE", "INFY", "BUY", 1, "MIS", "LIMIT", price=1500)
            seen = json.loads(process.stdout.readline())
            assert process.wait(10) == 0
        finally:
            process.kill()
    assert seen["connects"] == 2
    assert seen["ticks"] > 120
    assert seen["heartbeats"] > 0
    # The second connection subscribes again by itself, in the modes of the first.
    assert seen["modes"] == ["256265 quote", "408065 full", "408065 quote"]
    assert seen["orders"][-1] == "COMPLETE"

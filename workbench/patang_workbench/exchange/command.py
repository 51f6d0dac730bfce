"""The command that runs the exchange simulator: `patang simulator`."""

import argparse
import hashlib
import json
import os
import signal
import sys
import threading
from datetime import date, time
from pathlib import Path
from typing import get_args

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.clock import MAX_SPEED, MIN_SPEED
from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.login import App
from patang_workbench.exchange.replay import replay_market
from patang_workbench.exchange.rules import Autoslice, Blocked, Echo, Limits, Rules
from patang_workbench.exchange.server import Simulator
from patang_workbench.exchange.synthetic import synthetic_market

__all__ = ["add_arguments", "main", "run"]

DEFAULT_DATE = "2026-08-18"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the simulator's options."""
    _market_options(parser.add_argument_group("market"))
    _clock_options(parser.add_argument_group("clock"))
    _client_options(parser.add_argument_group("clients"))
    _rule_options(parser.add_argument_group("the broker's rules"))
    parser.add_argument("--json", action="store_true", help="print the addresses as one line of JSON")


def _market_options(market: argparse._ArgumentGroup) -> None:
    market.add_argument(
        "--seed", type=int, default=7, help="seed of the synthetic market and of all draws (7)"
    )
    market.add_argument(
        "--date",
        type=_date,
        default=_date(DEFAULT_DATE),
        metavar="DAY",
        help=f"date of the synthetic session, yyyy-mm-dd ({DEFAULT_DATE})",
    )
    market.add_argument(
        "--replay", type=_date, metavar="DAY", help="replay the real one-minute candles of this date instead"
    )
    market.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("PATANG_DATA") or None,
        metavar="DIR",
        help="folder of the Parquet candles for --replay (PATANG_DATA)",
    )
    market.add_argument(
        "--history-days", type=int, default=10, metavar="N", help="days of history before the session (10)"
    )


def _clock_options(clock: argparse._ArgumentGroup) -> None:
    clock.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="X",
        help=f"market seconds a wall second, {MIN_SPEED:g} to {MAX_SPEED:g} (1)",
    )
    clock.add_argument(
        "--start", default="09:14:30", metavar="HH:MM:SS", help="market time to start at (09:14:30)"
    )
    clock.add_argument("--run", action="store_true", help="start the clock at once instead of paused")


def _client_options(client: argparse._ArgumentGroup) -> None:
    client.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; 0 takes a free one (0)")
    client.add_argument("--api-key", default="simulatedkey", metavar="KEY", help="key of the registered app")
    client.add_argument(
        "--api-secret", metavar="SECRET", help="its secret (derived from the key and printed when absent)"
    )
    client.add_argument("--user-id", default="AB1234", metavar="ID", help="client id of the account (AB1234)")
    client.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="KEY:SECRET:ID",
        help="one more app with its account",
    )
    client.add_argument("--redirect-url", metavar="URL", help="where the login page sends the browser")
    client.add_argument("--postback-url", metavar="URL", help="where postbacks of orders go")
    client.add_argument(
        "--cash", type=float, default=1_000_000.0, metavar="RUPEES", help="opening cash (1000000)"
    )
    client.add_argument(
        "--holding",
        action="append",
        default=[],
        metavar="SYMBOL=UNITS",
        help="shares in every demat account before the session",
    )
    client.add_argument(
        "--demat-consent",
        choices=("consent", "physical", "none"),
        default="consent",
        help="whether shares are sold without their holder's word of the day (consent)",
    )


def _rule_options(rules: argparse._ArgumentGroup) -> None:
    rules.add_argument("--no-rate-limit", action="store_true", help="accept any number of order requests")
    rules.add_argument(
        "--read-limits",
        action="store_true",
        help="refuse more than 1 quote, 3 candle and 10 other requests a wall second of one key",
    )
    rules.add_argument(
        "--registered-ip",
        action="append",
        metavar="ADDRESS",
        help="take order requests from this address only; repeat for a second one",
    )
    rules.add_argument(
        "--blocked",
        choices=get_args(Blocked),
        default="order_id",
        help="how an order without funds or holdings is answered (order_id)",
    )
    rules.add_argument(
        "--autoslice", choices=get_args(Autoslice), default="children", help="shape of its reply (children)"
    )
    rules.add_argument(
        "--echo", choices=get_args(Echo), default="as_sent", help="how the book shows MARKET orders (as_sent)"
    )
    rules.add_argument(
        "--square-off",
        type=_square_off,
        default=(time(15, 10), time(15, 20)),
        metavar="CASH,F&O",
        help="when the broker ends MIS positions (15:10,15:20)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Returns 0, or 2 when the session cannot be set up."""
    try:
        simulator = Simulator(_settings(arguments))
    except (ValueError, OSError) as problem:
        sys.stderr.write(f"simulator: {problem}\n")
        return 2
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with simulator:
        sys.stdout.write(f"{_ready(simulator, arguments)}\n")
        sys.stdout.flush()
        ended.wait()
        stats = simulator.exchange.stats()
    sys.stderr.write(f"simulator: {stats['ticks_sent']} ticks sent, {stats['reached_speed']:.1f}x reached\n")
    return 0


def _settings(arguments: argparse.Namespace) -> Settings:
    if not MIN_SPEED <= arguments.speed <= MAX_SPEED:
        raise ValueError(f"--speed {arguments.speed:g} is outside {MIN_SPEED:g} to {MAX_SPEED:g}")
    secret = arguments.api_secret or hashlib.sha256(arguments.api_key.encode()).hexdigest()[:32]
    first = App(arguments.api_key, secret, arguments.user_id, arguments.redirect_url, arguments.postback_url)
    return Settings(
        market=_market(arguments),
        apps=(first, *(_app(text) for text in arguments.account)),
        seed=arguments.seed,
        speed=arguments.speed,
        start=arguments.start,
        paused=not arguments.run,
        cash=arguments.cash,
        holdings=dict(_holding(text) for text in arguments.holding),
        demat_consent="" if arguments.demat_consent == "none" else arguments.demat_consent,
        rules=_rules(arguments),
        port=arguments.port,
    )


def _rules(arguments: argparse.Namespace) -> Rules:
    limits = Limits(None, None, None) if arguments.no_rate_limit else Limits()
    cash, derivatives = arguments.square_off
    return Rules(
        registered_ips=None if arguments.registered_ip is None else tuple(arguments.registered_ip),
        blocked=arguments.blocked,
        autoslice=arguments.autoslice,
        echo=arguments.echo,
        square_off_cash=cash,
        square_off_derivatives=derivatives,
        limits=limits.with_reads() if arguments.read_limits else limits,
    )


def _market(arguments: argparse.Namespace) -> MarketData:
    if arguments.replay is None:
        return synthetic_market(arguments.seed, arguments.date, arguments.history_days)
    if arguments.data is None:
        raise ValueError("--replay needs the folder of the candles: give --data or set PATANG_DATA")
    return replay_market(Path(arguments.data), arguments.replay, arguments.history_days)


def _ready(simulator: Simulator, arguments: argparse.Namespace) -> str:
    exchange = simulator.exchange
    app = next(iter(exchange.logins.apps.values()))
    facts = {
        "kite_root": simulator.kite_root,
        "ticker_root": simulator.ticker_root,
        "login_url": simulator.login_url,
        "control": f"{simulator.kite_root}/_simulator",
        "api_key": app.api_key,
        "api_secret": app.api_secret,
        "user_id": app.user_id,
        "market": exchange.market.label,
        "date": exchange.market.session.isoformat(),
        "market_time": exchange.clock.now().isoformat(),
        "paused": exchange.clock.paused,
        "instruments": len(exchange.floor.instruments),
    }
    if arguments.json:
        return json.dumps(facts)
    return "\n".join(f"{name:12} {value}" for name, value in facts.items())


def _app(text: str) -> App:
    parts = text.split(":")
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"--account {text!r} is not KEY:SECRET:ID")
    return App(*parts)


def _holding(text: str) -> tuple[str, int]:
    symbol, _, units = text.partition("=")
    if not symbol or not units.isdecimal() or not int(units):
        raise ValueError(f"--holding {text!r} is not SYMBOL=UNITS")
    return symbol, int(units)


def _square_off(text: str) -> tuple[time, time]:
    try:
        cash, derivatives = (time.fromisoformat(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not two times; use HH:MM,HH:MM") from None
    return cash, derivatives


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; use yyyy-mm-dd") from None


def main() -> int:
    """Entry of `python -m patang_workbench.exchange`."""
    parser = argparse.ArgumentParser(
        prog="python -m patang_workbench.exchange",
        description="A market of one day behind the Kite Connect protocols.",
    )
    add_arguments(parser)
    return run(parser.parse_args())

"""What is checked of the desk as a whole: its day, its clock, its address, its data and its models."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from patang.errors import PatangError, StopTrading
from patang.execution.market_clock import MarketClock
from patang.execution.preflight.egress import EgressProbe
from patang.keys import market_clock_key, universe_key
from patang.market.preflight import EGRESS_IP, MODEL_PROMOTED, Check
from patang.market.sessions import IST, Session, session_on
from patang.ports import BrokerSession, StateStore
from patang.records import load
from patang.settings import Settings

__all__ = [
    "calendar_check",
    "data_due_from",
    "egress_check",
    "instruments_check",
    "market_data_check",
    "model_checks",
    "skew_check",
]

# Wide enough for the whole seconds of an HTTP date, narrow enough for windows of a second and for a yes.
_MOST_SKEW = timedelta(seconds=3)


def calendar_check(day: date, settings: Settings) -> tuple[Check, Session | None]:
    """Whether the day's hours are known; the session, None on a day without one."""
    expected = "the day's hours are known"
    try:
        session = session_on(day, overrides=settings.sessions)
    except StopTrading as error:
        to_do = "say the day's hours in the setting `sessions`"
        return _check("calendar", False, str(error), expected, to_do), None
    hours = "no session" if session is None else f"{session.open:%H:%M} to {session.close:%H:%M}"
    return _check("calendar", True, hours, expected), session


def egress_check(settings: Settings, refused: str | None, ask: Callable[[], EgressProbe]) -> Check:
    """Whether orders leave from the address that the broker knows. Real orders alone need it.

    `refused` is what the broker has said of the address today. Where nothing is registered nothing is asked,
    and what cannot be observed has not passed.
    """
    registered, blocks = settings.registered_egress_ip, settings.mode == "live"
    expected = registered or "an address registered with the broker"
    if refused is not None:
        found, to_do = refused, "register the lane's address with the broker, then run `patang preflight`"
        return _check(EGRESS_IP, False, found, expected, to_do, blocks=blocks)
    if registered is None:
        found = "registered_egress_ip is not set"
        to_do = "register the desk's address with the broker and set registered_egress_ip"
        return _check(EGRESS_IP, False, found, expected, to_do, blocks=blocks)
    probe = ask()
    if probe.address is None:
        found = f"the address that orders leave from could not be observed: {probe.problem or 'no answer'}"
        to_do = "look at (order_lane)'s log, and whether it reaches egress_echo_url"
        return _check(EGRESS_IP, False, found, expected, to_do, blocks=blocks)
    passed = probe.address == registered
    to_do = "" if passed else "register this address with the broker and set it, or mend the lane's network"
    return _check(EGRESS_IP, passed, probe.address, expected, to_do, blocks=blocks)


def skew_check(session: BrokerSession, asked: datetime, answered: datetime, settings: Settings) -> Check:
    """Our clock beside the broker's, which tells whole seconds and is read somewhere during the call."""
    blocks = settings.mode == "live"
    expected = f"at most {_MOST_SKEW.seconds} s away from the broker's clock"
    if session.broker_time is None:
        return _check("clock_skew", False, "the broker's reply has no date", expected, "", blocks=blocks)
    earliest, latest = session.broker_time, session.broker_time + timedelta(seconds=1)
    ahead, behind = asked - latest, earliest - answered
    skew = max(ahead, behind, timedelta(0))
    passed = skew <= _MOST_SKEW
    way = "ahead" if ahead > behind else "behind"
    found = f"{skew.total_seconds():.1f} s {way}" if skew else "none that can be seen"
    to_do = "" if passed else "set the clock of the machine; in Lambda, report it to AWS and wait"
    return _check("clock_skew", passed, found, expected, to_do, blocks=blocks)


def instruments_check(store: StateStore, day: date, known: Check | None) -> Check:
    """Whether the day's instruments were read from the day's own dump. `known` is what (morning) has said."""
    pointer = store.get(universe_key(day))
    expected = f"the universe of {day}, made from that day's list of instruments"
    if pointer is not None:
        return _check("instruments", True, f"{pointer['instruments']} are watched", expected)
    why = known.found if known is not None and not known.passed else "(morning) has not made the universe"
    to_do = "mend what it says, then run (morning) again with today's time"
    return _check("instruments", False, why, expected, to_do)


def model_checks(models: Callable[[], Mapping[str, bool]], settings: Settings) -> list[Check]:
    """Whether the deployed models are whole and of this code's inputs, and whether they passed their gates.

    `models` tells their versions, and whether each is promoted; it raises PatangError for one that must not
    be used. A model that is not promoted stops nobody's own order, so it blocks nothing here: the risk
    manager refuses its signals one by one.
    """
    expected = "whole, and trained on the inputs that this code computes"
    try:
        known = models()
    except PatangError as error:
        to_do = "deploy the artifacts that belong to this code"
        return [_check("model", False, str(error), expected, to_do)]
    whole = _check("model", True, ", ".join(known), expected)
    shown = [version for version, promoted in known.items() if not promoted]
    expected = "every model has passed its gates, or the mode is not live"
    if not shown:
        return [whole, _check(MODEL_PROMOTED, True, "all of them", expected, blocks=False)]
    found, live = f"for demonstration only: {', '.join(shown)}", settings.mode == "live"
    to_do = (
        "promote a model with `patang train`; until then nothing is proposed, persons' orders go"
        if live
        else ""
    )
    return [whole, _check(MODEL_PROMOTED, not live, found, expected, to_do, blocks=False)]


def data_due_from(session: Session, settings: Settings) -> datetime:
    """The market time from which silence is a fault: the open, and as long as data may age."""
    return session.open + timedelta(seconds=settings.risk.max_data_age_seconds)


def market_data_check(
    store: StateStore, settings: Settings, session: Session, as_of: datetime, now: datetime
) -> Check:
    """The age of the newest tick by wall time; against a simulated market by market time."""
    oldest = settings.risk.max_data_age_seconds
    expected = f"a tick in the last {oldest} s"
    due, blocks = data_due_from(session, settings), settings.mode == "live"
    if as_of < due or as_of >= session.close:
        found = f"none is due: the market is open from {session.open:%H:%M} to {session.close:%H:%M}"
        return _check("market_data", True, found, expected, blocks=blocks)
    seen = load(store, MarketClock, market_clock_key())
    to_do = "sign in if the session is over; look at the ingester's log"
    if seen is None:
        return _check("market_data", False, "no tick has been seen", expected, to_do, blocks=blocks)
    age = as_of - seen.market_time if settings.simulated_market else now - seen.seen_at
    found = f"{age.total_seconds():.0f} s, at {seen.market_time.astimezone(IST):%H:%M:%S}"
    passed = age <= timedelta(seconds=oldest)
    return _check("market_data", passed, found, expected, "" if passed else to_do, blocks=blocks)


def _check(
    name: str, passed: bool, found: str, expected: str, to_do: str = "", *, blocks: bool = True
) -> Check:
    return Check(name=name, passed=passed, found=found, expected=expected, to_do=to_do, blocks=blocks)

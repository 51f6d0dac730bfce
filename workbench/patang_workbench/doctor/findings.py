"""What was looked at, whether it is well, and what to do where it is not."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from patang.errors import StopTrading
from patang.market.sessions import IST, session_on, unknown_ahead
from patang.model.artifact import read_artifact
from patang.model.inputs import INPUTS, StrategyName
from patang.risk.affordability import Affordable
from patang.risk.charges import Segment, round_trip_charges
from patang.settings import EquitySettings, OptionSettings, Settings
from patang.settings.effective import held_back

__all__ = ["Finding", "Status", "capital_findings", "settings_findings"]

type Status = Literal["ok", "warn", "fail"]

_AHEAD_DAYS = 30
_SEGMENTS: dict[str, tuple[Segment, str]] = {
    "options": ("options", "NFO"),
    "intraday": ("equity-intraday", "NSE"),
    "swing": ("equity-delivery", "NSE"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing. `to_do` is empty where nothing is to be done."""

    name: str
    status: Status
    found: str
    to_do: str = ""


def settings_findings(settings: Settings, now: datetime, models: Path | None) -> list[Finding]:
    """What can be said of settings without a desk; `models`: the folder of the artifacts, if it is here."""
    day = now.astimezone(IST).date()
    found = [_mode(settings), _address(settings), _approval(settings), _looser(settings)]
    found += [_calendar(settings, day), _charges(settings, day), _events(settings, day)]
    return found + ([] if models is None else _models(settings, models))


def capital_findings(settings: Settings, bought: list[Affordable]) -> list[Finding]:
    """Of each strategy, whether the capital buys anything at all, and which bound decides."""
    capital = settings.capital.starting_capital_inr
    found: list[Finding] = []
    for strategy in sorted({entry.purchase.strategy for entry in bought}):
        mine = [entry for entry in bought if entry.purchase.strategy == strategy]
        least = min((e.smallest_capital for e in mine if e.smallest_capital is not None), default=None)
        can = [entry for entry in mine if entry.quantity]
        bounds = ", ".join(sorted({entry.binding for entry in (can or mine)}))
        if can:
            text = f"{capital} rupees buy {len(can)} of {len(mine)} looked at; {bounds} binds"
            found.append(Finding(f"capital_{strategy}", "ok", text))
            continue
        text = f"{capital} rupees buy none of {len(mine)} looked at: {bounds} leaves no lot"
        to_do = "no capital is enough: lower the bound that binds"
        if least is not None:
            to_do = f"begin with {least} rupees or more, loosen {bounds}, or switch {strategy} off"
        found.append(Finding(f"capital_{strategy}", "warn", text, to_do))
    if found and all(entry.status != "ok" for entry in found):
        return [Finding(entry.name, "fail", entry.found, entry.to_do) for entry in found]
    return found or [
        Finding(
            "capital", "fail", "no strategy has anything to buy", "switch one on and name what it may buy"
        )
    ]


def _mode(settings: Settings) -> Finding:
    text = f"mode {settings.mode}, profile {settings.profile}"
    if settings.mode == "live":
        return Finding("mode", "warn", f"{text}: orders are real", "mode paper, until you mean it")
    return Finding("mode", "ok", text)


def _address(settings: Settings) -> Finding:
    known = settings.registered_egress_ip
    if known is None and settings.mode == "live":
        to_do = "register the desk's address with the broker and set registered_egress_ip"
        return Finding("registered_ip", "fail", "no address is registered: the broker takes no order", to_do)
    return Finding("registered_ip", "ok", known or f"none is needed in mode {settings.mode}")


def _approval(settings: Settings) -> Finding:
    mode = settings.approval.mode
    if mode == "automated":
        return Finding("approval", "warn", "nobody is asked before an entry", "approval.mode semi-automated")
    return Finding("approval", "ok", f"a person is asked and has {settings.approval.timeout_seconds} s")


def _looser(settings: Settings) -> Finding:
    found = (held.path for held in held_back(settings, Settings()))
    looser = [path for path in found if not path.startswith("universe.")]
    if looser:
        text = f"looser than the safe defaults: {', '.join(looser)}"
        return Finding("limits", "warn", text, "loosen one at a time, and only what you can say why")
    return Finding("limits", "ok", "no limit is looser than the safe defaults")


def _calendar(settings: Settings, day: date) -> Finding:
    to_do = "enter the year's holidays in patang/market/calendar, or the day's hours in settings.sessions"
    try:
        session = session_on(day, overrides=settings.sessions)
    except StopTrading as error:
        return Finding("calendar", "fail", str(error), to_do)
    ahead = unknown_ahead(day, _AHEAD_DAYS, settings.sessions)
    if ahead is not None:
        return Finding("calendar", "warn", ahead, to_do)
    hours = "no session" if session is None else f"{session.open:%H:%M} to {session.close:%H:%M}"
    return Finding("calendar", "ok", f"{day}: {hours}; the {_AHEAD_DAYS} days ahead are known")


def _charges(settings: Settings, day: date) -> Finding:
    kinds = [*(["options"] if settings.options.enabled else [])]
    kinds += [settings.equity.holding_period] if settings.equity.enabled else []
    try:
        for segment, exchange in (_SEGMENTS[kind] for kind in kinds):
            round_trip_charges(segment, exchange, Decimal(100), Decimal(110), 100, day)
    except StopTrading as error:
        return Finding("charges", "fail", str(error), "enter the rates with their source and deploy")
    return Finding("charges", "ok", f"rates of {day} are sourced for {', '.join(kinds) or 'nothing'}")


def _events(settings: Settings, day: date) -> Finding:
    ahead = sorted(event.day for event in settings.blackouts if event.day >= day)
    if ahead:
        return Finding("events", "ok", f"{len(ahead)} ahead, the next on {ahead[0]}")
    to_do = "name the days of the budget and of the Reserve Bank's decisions in settings.blackouts"
    return Finding("events", "warn", "no event is named around which entries wait", to_do)


def _models(settings: Settings, folder: Path) -> list[Finding]:
    names: list[StrategyName] = [name for name in INPUTS if _rules_of(settings, name).enabled]
    return [_model(settings, folder, name) for name in names]


def _model(settings: Settings, folder: Path, name: StrategyName) -> Finding:
    train = "train one (patang train) or deploy the one that fits"
    try:
        metadata = read_artifact(folder / name, name).metadata
    except StopTrading as error:
        return Finding(f"model_{name}", "fail", str(error), train)
    text = f"version {metadata.model_version}, whole, of {metadata.data.get('kind', 'unknown')} data"
    if not metadata.promoted:
        text += ", for demonstration only"
    if settings.mode == "live" and not metadata.promoted:
        text = f"{text}: it has not passed its gates, so nothing is proposed on it; your own orders go"
        return Finding(f"model_{name}", "warn", text, "promote one with `patang train`, or order yourself")
    rules = _rules_of(settings, name)
    other = [
        f"{key} {learnt} (settings {getattr(rules, key)})"
        for key, learnt in metadata.labels.items()
        if hasattr(rules, key) and str(learnt) != str(getattr(rules, key))
    ]
    if other:
        to_do = "set the exits it was measured with, or train it with yours"
        return Finding(f"model_{name}", "warn", f"{text}; it learnt other exits: {', '.join(other)}", to_do)
    return Finding(f"model_{name}", "ok", text)


def _rules_of(settings: Settings, name: StrategyName) -> OptionSettings | EquitySettings:
    return settings.options if name == "long_options" else settings.equity

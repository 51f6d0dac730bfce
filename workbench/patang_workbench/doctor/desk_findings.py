"""What only a deployed desk can tell: its stored settings, accounts, sessions, the day's preparation."""

from collections import Counter
from datetime import datetime, timedelta

from patang.accounts.account import Account
from patang.accounts.session import KiteSession
from patang.errors import PatangError, SettingsError
from patang.keys import account_key, cycle_key, day_key, preflight_key, session_key
from patang.market.cycle import Cycle
from patang.market.instruments import Universe
from patang.market.preflight import Preflight
from patang.market.sessions import IST, session_on
from patang.market.universe import load_universe
from patang.portfolio.account_state import AccountDay
from patang.ports import ObjectStore, StateStore
from patang.records import load, load_all
from patang.settings import Settings
from patang.settings.changes import SettingsChanges
from patang_workbench.doctor.findings import Finding

__all__ = ["desk_findings", "stored_settings", "universe_of"]

_DAYS_BACK = 7
_GATES = 5
_LOG_IN = "log in on the desk's page; the broker ends every session at six in the morning"


def stored_settings(changes: SettingsChanges) -> tuple[Settings | None, Finding]:
    """What is in force, None where the stored item is wrong."""
    try:
        settings = changes.in_force()
    except SettingsError as error:
        to_do = "correct them (`patang settings check FILE`) and store them with `patang settings put FILE`"
        return None, Finding("settings", "fail", f"no entry is made: {error}", to_do)
    stored, pending = changes.stored(), changes.pending()
    text = "the safe defaults: nothing is stored" if stored is None else f"version {stored.version}, valid"
    if pending:
        waits = f"{text}; waiting for the next session: {', '.join(pending)}"
        return settings, Finding("settings", "warn", waits, "nothing: they hold from the next session on")
    return settings, Finding("settings", "ok", text)


def desk_findings(
    store: StateStore, objects: ObjectStore, settings: Settings, now: datetime
) -> list[Finding]:
    """Accounts and their sessions at the broker, the universe and the preflight of the day."""
    accounts = [a for a in load_all(store, Account, account_key("").partition) if a.enabled]
    found = [_accounts(accounts, settings)]
    found += [_session(store, account.account, now) for account in accounts]
    found.append(_universe(store, objects, settings, now))
    found.append(_refusals(store, accounts, now))
    if settings.mode == "live":
        found.append(_preflight(store, now))
    return found


def universe_of(store: StateStore, objects: ObjectStore, now: datetime) -> Universe | None:
    """The universe of the day; None where it has none that can be read."""
    try:
        return load_universe(store, objects, now.astimezone(IST).date())
    except PatangError:
        return None


def _accounts(accounts: list[Account], settings: Settings) -> Finding:
    names = [account.account for account in accounts]
    if settings.data_account not in names:
        text = f"the account {settings.data_account!r}, which supplies data, is not among {names}"
        return Finding("accounts", "fail", text, "register it: `patang accounts add`")
    return Finding("accounts", "ok", ", ".join(names))


def _session(store: StateStore, account: str, now: datetime) -> Finding:
    name = f"session_{account}"
    session = load(store, KiteSession, session_key(account))
    if session is None:
        return Finding(name, "warn", f"nobody has logged in to {account} yet", _LOG_IN)
    until = f"{session.valid_until.astimezone(IST):%Y-%m-%d %H:%M}"
    if not session.is_live(now):
        return Finding(name, "warn", f"the session of {account} ended ({until})", _LOG_IN)
    return Finding(name, "ok", f"{account} is logged in until {until}")


def _universe(store: StateStore, objects: ObjectStore, settings: Settings, now: datetime) -> Finding:
    to_do = "look at the morning's preflight: it says what was missing"
    try:
        session = session_on(now.astimezone(IST).date(), overrides=settings.sessions)
        chosen = load_universe(store, objects, now.astimezone(IST).date())
    except PatangError as error:
        return Finding("universe", "fail", str(error), to_do)
    if chosen is not None:
        return Finding("universe", "ok", f"{len(chosen.instruments)} instruments today")
    if session is None or now < session.open:
        return Finding("universe", "ok", "none is chosen yet, and no session runs")
    return Finding("universe", "warn", "none is chosen for today: nothing can be entered", to_do)


def _refusals(store: StateStore, accounts: list[Account], now: datetime) -> Finding:
    """Why the cycles of the newest day that had any entered nothing, by gate."""
    for back in range(_DAYS_BACK):
        moment = now.astimezone(IST) - timedelta(days=back)
        cycles = load_all(store, Cycle, cycle_key(moment).partition)
        if not cycles:
            continue
        of_cycles: Counter[str] = Counter()
        of_accounts: Counter[str] = Counter()
        for cycle in cycles:
            of_cycles.update(cycle.refusals)
        for account in accounts:
            day = load(store, AccountDay, day_key(account.account, moment.date()))
            of_accounts.update({} if day is None else day.refusals)
        # What an account refused is in its day and in its cycle; a session that ended is in its day alone.
        gates = of_cycles | of_accounts
        often = ", ".join(f"{gate} {times}" for gate, times in gates.most_common(_GATES)) or "none"
        proposals = sum(cycle.proposals for cycle in cycles)
        text = f"{moment:%Y-%m-%d}: {len(cycles)} cycles, {proposals} proposals; refusals: {often}"
        if proposals:
            return Finding("refusals", "ok", text)
        return Finding("refusals", "warn", text, "begin with the gate that said no most often")
    return Finding("refusals", "ok", f"no cycle has run in {_DAYS_BACK} days")


def _preflight(store: StateStore, now: datetime) -> Finding:
    preflight = load(store, Preflight, preflight_key(now.astimezone(IST).date()))
    if preflight is not None and preflight.passed and preflight.mode == "live":
        return Finding("preflight", "ok", f"passed at {preflight.ran_at.astimezone(IST):%H:%M}")
    why = "it has not run today" if preflight is None else preflight.reason or f"made for {preflight.mode}"
    to_do = "`patang preflight --stage live` makes it now and says what to do"
    return Finding("preflight", "warn", f"no real order can leave: {why}", to_do)

"""What is checked of each account: its session, money, tokens, consent and the comparison with the broker.

What fails here stops the account's own entries and nobody else's.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from patang.accounts.account import Account
from patang.errors import PatangError
from patang.execution.lane.rate_tokens import LIMITS, RateTokens
from patang.execution.reconciliation.record import Reconciliation
from patang.keys import reconciliation_key
from patang.market.preflight import Check
from patang.market.sessions import IST
from patang.ports import BrokerSession, StateStore
from patang.records import load
from patang.settings import Settings

__all__ = ["consent_check", "funds_check", "rate_check", "reconciliation_check", "session_check"]

# What the broker calls a consent that lasts (https://kite.trade/docs/connect/v3/user/, meta.demat_consent).
_CONSENTED = frozenset({"consent", "physical"})


def session_check(
    account: Account, ask: Callable[[], BrokerSession], sign_in: str
) -> tuple[Check, BrokerSession | None]:
    """Whether the broker knows the account's session, and as whose; what it told, if it did."""
    name, expected = account.account, f"a session of {account.kite_user_id} that the broker knows"
    try:
        told = ask()
    except PatangError as error:
        to_do = f"sign in: {sign_in}"
        return _check("session", name, False, str(error), expected, to_do), None
    user = str(told.profile.get("user_id"))
    passed = user == account.kite_user_id
    to_do = "" if passed else f"sign in as {account.kite_user_id}: {sign_in}"
    return _check("session", name, passed, f"the session of {user}", expected, to_do), told


def funds_check(account: str, margins: Callable[[], Mapping[str, Any]]) -> Check:
    """Whether the account's net funds can be read."""
    expected = "net funds in rupees"
    to_do = "see whether the broker answers at all; it is asked again in a minute"
    try:
        net = (margins().get("equity") or {}).get("net")
        rupees = Decimal(str(net))
    except PatangError as error:
        return _check("funds", account, False, str(error), expected, to_do)
    except InvalidOperation:
        rupees = Decimal("NaN")
    if not rupees.is_finite():
        return _check("funds", account, False, f"the broker tells {net!r} as net funds", expected, to_do)
    return _check("funds", account, True, f"{rupees:.2f} rupees net", expected)


def rate_check(tokens: RateTokens, account: str, now: datetime, settings: Settings) -> Check:
    """Whether the broker will take another entry today: orders a day are counted, and exits keep a part."""
    limits, left = LIMITS["order"], tokens.left_today(account, "order", now)
    passed = left > limits.reserved_day
    expected = f"more than the {limits.reserved_day} that are kept for exits"
    to_do = "" if passed else "find out what has sent so many; entries go on tomorrow"
    found = f"{left} of {limits.day} orders are left today"
    return _check("rate_tokens", account, passed, found, expected, to_do, blocks=settings.mode != "paper")


def consent_check(account: str, profile: Mapping[str, Any], settings: Settings) -> Check | None:
    """Whether shares that are held over night can be sold at all; None where none are ever bought."""
    if settings.equity.holding_period != "swing":
        return None
    told = str((profile.get("meta") or {}).get("demat_consent") or "none")
    passed = told in _CONSENTED
    return _check(
        "demat_consent",
        account,
        passed,
        told,
        "a standing consent to sell from the demat account (DDPI)",
        "" if passed else "give the broker a DDPI; until then no share is bought with product CNC",
        product="CNC",
        blocks=settings.mode == "live",
    )


def reconciliation_check(store: StateStore, account: str, day: date, settings: Settings) -> Check:
    """Whether the latest comparison with the broker is of today and this mode, and explains everything."""
    expected = "a comparison with the broker of today that explains every difference"
    blocks = settings.mode == "live"
    found = load(store, Reconciliation, reconciliation_key(account))
    to_do = "run `patang reconcile`; it is done each minute while the session lives"
    told = "the account was never compared"
    if found is not None and found.as_of.astimezone(IST).date() != day:
        told = f"the latest is of {found.as_of.astimezone(IST):%Y-%m-%d %H:%M}"
    elif found is not None and found.mode != settings.mode:
        told = f"the latest was made in mode {found.mode}"
    elif found is not None and not found.clean:
        told, to_do = found.reason, "compare with the broker's own screens; `patang reconcile` tells all"
    elif found is not None:
        when = f"{found.as_of.astimezone(IST):%H:%M:%S}"
        return _check("reconciliation", account, True, f"clean at {when}", expected, blocks=blocks)
    return _check("reconciliation", account, False, told, expected, to_do, blocks=blocks)


def _check(
    name: str,
    account: str,
    passed: bool,
    found: str,
    expected: str,
    to_do: str = "",
    *,
    product: str | None = None,
    blocks: bool = True,
) -> Check:
    return Check(
        name=name,
        account=account,
        passed=passed,
        found=found,
        expected=expected,
        to_do=to_do,
        product=product,
        blocks=blocks,
    )

"""Why the day's preflight lets no entry leave, as the gates, the checks of an order and the lane ask it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from patang.keys import preflight_key
from patang.market.preflight import EGRESS_IP
from patang.ports import ItemReader
from patang.settings import Settings

__all__ = ["egress_refusal", "entry_refusal"]


def egress_refusal(store: ItemReader, settings: Settings, day: date) -> str | None:
    """What the day's preflight found wrong with the address that orders leave from, or None."""
    preflight = store.get(preflight_key(day)) if settings.mode == "live" else None
    checks = preflight.get("checks", ()) if preflight is not None else ()
    return next((c["found"] for c in checks if c["name"] == EGRESS_IP and not c["passed"]), None)


def entry_refusal(
    store: ItemReader,
    settings: Settings,
    day: date,
    account: str | None = None,
    product: str | None = None,
) -> str | None:
    """Why no entry (of this account, with this product) may leave on this market day, or None.

    Real orders need a preflight of the day that passed in mode live. In the other modes only what a preflight
    has found wrong counts: one that has not run refuses nothing. For an account that was enabled after it, so
    that nothing of it was checked, it has not passed. Without an account: what stops the desk, or every
    account that was checked.
    """
    live = settings.mode == "live"
    preflight = store.get(preflight_key(day))
    if preflight is None:
        return f"mode is live and the preflight of {day} has not run" if live else None
    if preflight.get("mode") != settings.mode:
        made = preflight.get("mode")
        return f"the preflight of {day} was made for mode {made!r}, not for real orders" if live else None
    checks: Sequence[Mapping[str, Any]] = preflight.get("checks") or ()
    failed = [check for check in checks if not check["passed"] and check.get("blocks", True)]
    stopping = _stopping(checks, failed, account, product)
    if preflight.get("passed") is not True and not failed:
        stopping = [preflight.get("reason") or "no reason recorded"]
    if stopping:
        return f"the preflight of {day} did not pass: {'; '.join(stopping)}"
    if live and account is not None and account not in {check.get("account") for check in checks}:
        return f"the preflight of {day} has not checked account {account}: it is made again in a minute"
    return None


def _stopping(
    checks: Sequence[Mapping[str, Any]],
    failed: Sequence[Mapping[str, Any]],
    account: str | None,
    product: str | None,
) -> list[str]:
    """What stops this account's orders of this product."""
    known = {check["account"] for check in checks if check.get("account")}
    stopped = {check["account"] for check in failed if check.get("account") and not check.get("product")}
    everybody = account is None and known and known == stopped
    return [
        f"{check['name']}: {check['found']}"
        for check in failed
        if (check.get("account") in (None, account) or everybody) and check.get("product") in (None, product)
    ]

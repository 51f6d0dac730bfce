"""Whether entries may be sent at all today."""

from datetime import date

from patang.keys import preflight_key
from patang.ports import StateStore
from patang.settings import Settings

__all__ = ["egress_refusal", "entry_refusal"]


def egress_refusal(store: StateStore, settings: Settings, day: date) -> str | None:
    """What the day's preflight found wrong with the address that orders leave from, or None."""
    preflight = store.get(preflight_key(day)) if settings.mode == "live" else None
    checks = preflight.get("checks", ()) if preflight is not None else ()
    return next((c["found"] for c in checks if c["name"] == "egress_ip" and not c["passed"]), None)


def entry_refusal(store: StateStore, settings: Settings, day: date) -> str | None:
    """Why no entry may leave on this market day, or None.

    Real orders need a preflight of the day that passed in mode live: on paper less is checked.
    """
    if settings.mode != "live":
        return None
    preflight = store.get(preflight_key(day))
    if preflight is None:
        return f"mode is live and the preflight of {day} has not run"
    if preflight.get("mode") != "live":
        return f"the preflight of {day} was made for mode {preflight.get('mode')!r}, not for real orders"
    if preflight.get("passed") is not True:
        return f"the preflight of {day} did not pass: {preflight.get('reason') or 'no reason recorded'}"
    return None

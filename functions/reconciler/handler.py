"""(reconciler): every minute of market hours, after a login and when asked, the desk beside the broker;
between those, the order book while orders live; after the close, what the day has cost, and word that its
report is there. It sends the messages that were held, and looks daily whether somebody still gets them."""

import json
from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk, invocation
from patang.errors import BadInput, StopTrading
from patang.market.schedule import scheduled_time
from patang.trail.ids import on_trail

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A schedule's {"scheduled_time"}, a person's {"reconcile": accounts, or none for all}, or tickets of the
    queue. A time that is not now is refused, and said so."""
    if "Records" in event:
        return {"polled": [_ticket(str(record["body"])) for record in event["Records"]]}
    if "reconcile" in event:
        return _asked(event["reconcile"])
    try:
        as_of = scheduled_time(event, desk.clock.now(), desk.standing_settings())
    except BadInput as error:
        desk.metrics.count("stale_schedule", service="reconciler", error=str(error))
        return {"refused": str(error)}
    with counting_failures(desk.store, desk.clock):
        try:
            done = desk.reconciler().run(as_of) | {"charges": desk.charge_check().run(as_of)}
            # What alarms look at does not wait for a mail, which may fail.
            desk.metrics.count("reconciled", as_of=as_of.isoformat())
            desk.desk_figures().tell(as_of)
            done |= {"reports": desk.day_mail().run(as_of)}
        finally:
            # Above all while the rest fails.
            told = desk.notifications().flush()
        done |= {"told": told, "subscriptions": desk.subscription_check().run()}
    return done


def _asked(accounts: object) -> dict[str, Any]:
    if not isinstance(accounts, list) or not all(isinstance(account, str) for account in accounts):
        return {"refused": f"reconcile names accounts in a list, not {accounts!r:.100}"}
    try:
        return {"results": desk.reconciler().ask(accounts)}
    except (BadInput, StopTrading) as error:
        # A first login comes before the first tick: there is no market time yet, and nothing to compare.
        return {"refused": str(error)}


def _ticket(body: str) -> str:
    try:
        ticket = json.loads(body)
        if isinstance(ticket, dict) and "reconcile" in ticket:
            return str(_asked(ticket["reconcile"]).get("refused", "RECONCILED"))
        if not isinstance(ticket, dict):
            raise BadInput(f"a ticket is a JSON object, not {body!r:.300}")
        account = str(ticket.get("account"))
        with on_trail(account=account), counting_failures(desk.store, desk.clock, account):
            return str(desk.polling().poll(ticket))
    except (BadInput, json.JSONDecodeError) as error:
        desk.dead_letters.send("reconciler", body.encode(), str(error))
        desk.metrics.count("bad_messages", source="reconciler", error=str(error))
        return "UNREADABLE"

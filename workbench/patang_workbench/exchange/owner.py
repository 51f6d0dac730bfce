"""What the account's owner does by hand on the broker's own pages, past the app.

Neither the limits of requests nor the registered addresses stand in the way, and no postback tells of it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.conversion import convert
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.forms import required, units
from patang_workbench.exchange.gtt import STATES

__all__ = ["ACTIONS", "act"]

Action = Callable[[Exchange, Account, Mapping[str, str]], Any]


def act(exchange: Exchange, body: Mapping[str, Any]) -> Any:
    """Do what a control request says: `action` and its fields, for `user_id` or the first account. Raises
    InputError for an unknown one, and what the broker answers.
    """
    fields = {name: _text(value) for name, value in body.items() if value is not None}
    user_id = fields.get("user_id") or next(iter(exchange.accounts))
    if user_id not in exchange.accounts:
        raise InputError(f"`user_id` is {user_id!r}; use one of {', '.join(exchange.accounts)}.")
    action = ACTIONS.get(required(fields, "action"))
    if action is None:
        raise InputError(f"`action` is {fields['action']!r}; use one of {', '.join(ACTIONS)}.")
    return action(exchange, exchange.accounts[user_id], fields)


def _place(exchange: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    order = exchange.broker.place(account, None, fields, fields.get("variety", "regular"))
    exchange.broker.progress(order)
    return order.describe()


def _modify(exchange: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    return exchange.broker.modify(account, required(fields, "order_id"), fields).describe()


def _cancel(exchange: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    return exchange.broker.cancel(account, required(fields, "order_id")).describe()


def _close(exchange: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    """At market, all of a position or `quantity` of it."""
    line = exchange.floor.by_key.get(f"{required(fields, 'exchange')}:{required(fields, 'tradingsymbol')}")
    position = line and account.positions.get((line.instrument.token, required(fields, "product")))
    if not position or not position.net:
        raise InputError("There is no such position; give `exchange`, `tradingsymbol` and `product` of one.")
    words = {
        **fields,
        "transaction_type": "SELL" if position.net > 0 else "BUY",
        "quantity": str(units(fields, "quantity", abs(position.net))),
        "order_type": "MARKET",
    }
    return _place(exchange, account, words)


def _gtt(exchange: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    return exchange.gtts.place(account, None, fields).describe()


def _end_gtt(exchange: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    """Deleted by the owner, or ended by the broker: disabled after a corporate action, cancelled when the lot
    changes.
    """
    gtt = exchange.gtts.find(account, units(fields, "trigger_id"))
    status = fields.get("status", "deleted")
    if status not in STATES[2:]:
        raise InputError(f"`status` is {status!r}; use one of {', '.join(STATES[2:])}.")
    if gtt.status != "active":
        raise InputError(f"GTT {gtt.number} cannot be changed: it is {gtt.status}.")
    exchange.gtts.end(gtt, status)
    return gtt.describe()


def _transfer(_: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    """`amount` in rupees, negative out of the account."""
    try:
        amount = round(float(required(fields, "amount")) * 100)
    except ValueError:
        raise InputError(f"`amount` is {fields['amount']!r}; use rupees.") from None
    if amount < -account.funds().available:
        raise InputError(f"{-amount / 100:.2f} rupees are not there to be paid out.")
    if amount > 0:
        account.payin += amount
    else:
        account.payout -= amount
    return account.describe_funds()


def _convert(exchange: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    convert(account, fields, exchange.floor)
    return True


def _authorise(_: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    """Release `quantity` units of a holding for sale today, all of them where none is given."""
    symbol = required(fields, "tradingsymbol")
    held = account.holdings.get(symbol)
    if held is None:
        raise InputError(f"{symbol!r} is no holding; use one of {', '.join(account.holdings) or 'none'}.")
    account.holdings[symbol] = replace(held, authorised=units(fields, "quantity", held.units))
    return account.holdings[symbol].authorised


def _consent(_: Exchange, account: Account, fields: Mapping[str, str]) -> Any:
    """What the profile says of the demat account: consent, physical, or nothing."""
    consent = fields.get("demat_consent", "")
    if consent not in ("", "consent", "physical"):
        raise InputError(f"`demat_consent` is {consent!r}; use consent, physical or nothing.")
    account.demat_consent = consent
    return consent


def _log_in_elsewhere(exchange: Exchange, account: Account, _: Mapping[str, str]) -> Any:
    return exchange.logins.revoke(account.user_id)


ACTIONS: Mapping[str, Action] = {
    "place": _place,
    "modify": _modify,
    "cancel": _cancel,
    "close": _close,
    "gtt": _gtt,
    "end_gtt": _end_gtt,
    "transfer": _transfer,
    "convert": _convert,
    "authorise": _authorise,
    "demat_consent": _consent,
    "log_in_elsewhere": _log_in_elsewhere,
}


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)

"""The simulator's own routes under /_simulator: clock, faults, rules, the owner's hand, what happened."""

from dataclasses import asdict
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from patang_workbench.exchange.candles import iso
from patang_workbench.exchange.charges import account_note
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import InputError, MissingError
from patang_workbench.exchange.faults import Fault
from patang_workbench.exchange.ledger import show_ledger
from patang_workbench.exchange.owner import act
from patang_workbench.exchange.rules import changed_rules, describe_rules
from patang_workbench.exchange.staging import stage

__all__ = ["control_routes"]


def exchange_of(request: Request) -> Exchange:
    """The exchange behind a request."""
    found: Exchange = request.app.state.exchange
    return found


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise InputError("The body must be a JSON object.")
    return body


async def show_clock(request: Request) -> Response:
    return JSONResponse(exchange_of(request).describe_clock())


async def set_clock(request: Request) -> Response:
    exchange = exchange_of(request)
    exchange.set_clock(await _body(request))
    return JSONResponse(exchange.describe_clock())


async def stats(request: Request) -> Response:
    return JSONResponse(exchange_of(request).stats())


async def session(request: Request) -> Response:
    """What is being played: for launchers and for people."""
    exchange = exchange_of(request)
    market = exchange.market
    return JSONResponse(
        {
            "market": market.label,
            "date": market.session.isoformat(),
            "history": [day.isoformat() for day in market.history],
            "instruments": len(exchange.floor.instruments),
            "apps": [
                {"api_key": app.api_key, "user_id": app.user_id, "redirect_url": app.redirect_url}
                for app in exchange.logins.apps.values()
            ],
        }
    )


async def set_app(request: Request) -> Response:
    exchange, body = exchange_of(request), await _body(request)
    api_key = body.get("api_key") or next(iter(exchange.logins.apps))
    app = exchange.logins.app(api_key)
    for name in ("redirect_url", "postback_url"):
        if name in body:
            url = body[name]
            if url is not None and not str(url).startswith(("http://", "https://")):
                raise InputError(f"`{name}` is {url!r}; use an http or https address or null.")
            setattr(app, name, url)
    return JSONResponse(
        {"api_key": api_key, "redirect_url": app.redirect_url, "postback_url": app.postback_url}
    )


async def set_fault(request: Request) -> Response:
    """Arm a fault; drop_connections happens at once."""
    exchange, body = exchange_of(request), await _body(request)
    fault = Fault.of(body)
    dropped = 0
    if fault.kind == "drop_connections":
        dropped = await exchange.hub.drop()
    else:
        exchange.faults.add(fault)
    return JSONResponse({"kind": fault.kind, "count": fault.count, "dropped": dropped})


async def show_faults(request: Request) -> Response:
    """What is armed, and how often each kind has struck."""
    faults = exchange_of(request).faults
    return JSONResponse({"armed": [asdict(fault) for fault in faults.armed], "fired": dict(faults.fired)})


async def clear_faults(request: Request) -> Response:
    """Disarm all faults."""
    exchange_of(request).faults.clear()
    return await show_faults(request)


async def by_hand(request: Request) -> Response:
    """What the owner does on the broker's own pages: `action` and its fields, see module owner."""
    exchange, body = exchange_of(request), await _body(request)
    done = act(exchange, body)
    if body["action"] == "log_in_elsewhere":
        await exchange.hub.drop(str(body.get("user_id") or next(iter(exchange.accounts))))
    return JSONResponse({"done": done})


async def set_price(request: Request) -> Response:
    """Hold an instrument at a price, or release it, see module staging."""
    return JSONResponse(stage(exchange_of(request), await _body(request)))


async def show_rules(request: Request) -> Response:
    return JSONResponse(describe_rules(exchange_of(request).rules))


async def set_rules(request: Request) -> Response:
    """Switch some of the rules: fields of Rules, those of Limits among them."""
    exchange = exchange_of(request)
    exchange.rules = changed_rules(exchange.rules, await _body(request))
    return await show_rules(request)


async def account_book(request: Request) -> Response:
    """Every order that reached the broker, the accepted ones by tag, and net positions."""
    return JSONResponse(show_ledger(exchange_of(request)))


async def source_candles(request: Request) -> Response:
    """The candles the ticks are made from: {symbol: [[start, open, high, low, close, volume], ...]}."""
    exchange: Exchange = exchange_of(request)
    text = request.query_params.get("date") or exchange.market.session.isoformat()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(f"`date` is {text!r}; use yyyy-mm-dd.") from None
    found = {
        symbol: [iso(bar) for bar in exchange.floor.recorded(f"NSE:{symbol}", day)]
        for symbol, days in exchange.market.candles.items()
        if day in days
    }
    if not found:
        raise MissingError(f"There are no candles of {day}; the session is {exchange.market.session}.")
    return JSONResponse(found)


async def contract_note(request: Request) -> Response:
    """An account's contract note of the session so far, by user_id."""
    exchange, user_id = exchange_of(request), request.path_params["user_id"]
    if user_id not in exchange.accounts:
        raise MissingError(f"There is no account of {user_id!r}.")
    return JSONResponse(account_note(exchange.accounts[user_id], exchange.market.session))


def control_routes() -> list[Route]:
    """All routes of the control API."""
    return [
        Route("/_simulator/clock", show_clock, methods=["GET"]),
        Route("/_simulator/clock", set_clock, methods=["POST"]),
        Route("/_simulator/stats", stats, methods=["GET"]),
        Route("/_simulator/session", session, methods=["GET"]),
        Route("/_simulator/app", set_app, methods=["POST"]),
        Route("/_simulator/fault", set_fault, methods=["POST"]),
        Route("/_simulator/fault", show_faults, methods=["GET"]),
        Route("/_simulator/fault", clear_faults, methods=["DELETE"]),
        Route("/_simulator/owner", by_hand, methods=["POST"]),
        Route("/_simulator/price", set_price, methods=["POST"]),
        Route("/_simulator/rules", show_rules, methods=["GET"]),
        Route("/_simulator/rules", set_rules, methods=["POST"]),
        Route("/_simulator/ledger", account_book, methods=["GET"]),
        Route("/_simulator/candles", source_candles, methods=["GET"]),
        Route("/_simulator/contract_note/{user_id}", contract_note, methods=["GET"]),
    ]

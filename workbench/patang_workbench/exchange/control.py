"""The simulator's own routes under /_simulator: clock, counts, faults, addresses, candles, contract notes."""

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from patang_workbench.exchange.candles import iso
from patang_workbench.exchange.charges import account_note
from patang_workbench.exchange.engine import FAULTS, Exchange, Fault
from patang_workbench.exchange.errors import InputError, MissingError
from patang_workbench.exchange.rest import exchange_of

__all__ = ["control_routes"]


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
    exchange, body = exchange_of(request), await _body(request)
    kind, times, delay = body.get("kind"), body.get("count", 1), body.get("delay", 10.0)
    if kind not in FAULTS:
        raise InputError(f"`kind` is {kind!r}; use one of {', '.join(FAULTS)}.")
    if not isinstance(times, int) or not 1 <= times <= 1000 or not isinstance(delay, int | float):
        raise InputError(f"`count` {times!r} or `delay` {delay!r}: use 1 to 1000 orders and wall seconds.")
    dropped = 0
    if kind == "drop_connections":
        dropped = await exchange.hub.drop()
    elif kind == "reject":
        message = str(body.get("message") or "RMS: order blocked by the simulator.")
        exchange.broker.reject_next.extend([message] * times)
    else:
        exchange.faults.extend([Fault(kind, float(delay))] * times)
    return JSONResponse({"kind": kind, "count": times, "dropped": dropped})


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
        Route("/_simulator/candles", source_candles, methods=["GET"]),
        Route("/_simulator/contract_note/{user_id}", contract_note, methods=["GET"]),
    ]

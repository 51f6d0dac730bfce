"""Kite Connect's REST routes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.charges import order_charges
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import InputError, KiteError
from patang_workbench.exchange.instruments import csv_dump
from patang_workbench.exchange.login import App, login_page
from patang_workbench.exchange.orders import Order, stamp
from patang_workbench.exchange.positions import show_positions
from patang_workbench.exchange.quotes import candles, full_quote, ltp_quote, ohlc_quote

__all__ = ["rest_routes"]

Handler = Callable[[Request], Awaitable[Any]]


def exchange_of(request: Request) -> Exchange:
    """The exchange behind a request."""
    found: Exchange = request.app.state.exchange
    return found


def _authorise(request: Request) -> App:
    return exchange_of(request).logins.authorise(request.headers.get("authorization", ""))


def _account(request: Request) -> Account:
    return exchange_of(request).accounts[_authorise(request).user_id]


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", errors="replace")
    return dict(parse_qsl(body, keep_blank_values=True))


def _data(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a handler's value in Kite's success envelope."""

    async def respond(request: Request) -> Response:
        value = await handler(request)
        return value if isinstance(value, Response) else JSONResponse({"status": "success", "data": value})

    return respond


async def login_form(request: Request) -> Response:
    app = exchange_of(request).logins.app(request.query_params.get("api_key", ""))
    return HTMLResponse(login_page(app, request.query_params))


async def login_submit(request: Request) -> Response:
    form = await _form(request)
    target = exchange_of(request).logins.sign_in(form.get("api_key", ""), form.get("redirect_params", ""))
    return RedirectResponse(target, status_code=302)


async def session_token(request: Request) -> Any:
    form = await _form(request)
    exchange = exchange_of(request)
    proof = (form.get(name, "") for name in ("api_key", "request_token", "checksum"))
    app, token = exchange.logins.exchange(*proof)
    return {
        **_profile(app),
        "api_key": app.api_key,
        "access_token": token,
        "public_token": token[::-1],
        "enctoken": "",
        "refresh_token": "",
        "silo": "",
        "login_time": stamp(exchange.clock.now()),
    }


async def session_end(request: Request) -> Any:
    fields: Mapping[str, str] = request.query_params or await _form(request)
    exchange_of(request).logins.log_out(fields.get("api_key", ""), fields.get("access_token", ""))
    return True


async def profile(request: Request) -> Any:
    return _profile(_authorise(request))


def _profile(app: App) -> dict[str, Any]:
    return {
        "user_id": app.user_id,
        "user_type": "individual",
        "user_name": f"Simulated {app.user_id}",
        "user_shortname": "Simulated",
        "email": f"{app.user_id.lower()}@example.com",
        "broker": "ZERODHA",
        "exchanges": ["NSE", "NFO"],
        "products": ["CNC", "NRML", "MIS"],
        "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
        "avatar_url": None,
        "meta": {"demat_consent": "consent"},
    }


async def margins(request: Request) -> Any:
    account = _account(request)
    segments = {"equity": account.describe_funds(), "commodity": {"enabled": False, "net": 0}}
    segment = request.path_params.get("segment")
    if segment is None:
        return segments
    if segment not in segments:
        raise InputError(f"Invalid segment: {segment!r}; use equity or commodity.")
    return segments[segment]


async def instruments(request: Request) -> Any:
    _authorise(request)
    wanted = request.path_params.get("exchange")
    rows = [row for row in exchange_of(request).floor.instruments if wanted in (None, row.exchange)]
    return PlainTextResponse(csv_dump(rows), media_type="text/csv")


async def historical(request: Request) -> Any:
    _authorise(request)
    path, query = request.path_params, request.query_params
    return {"candles": candles(exchange_of(request).floor, path["token"], path["interval"], query)}


def _quotes(kind: Callable[..., dict[str, Any]], most: int) -> Handler:
    async def quotes(request: Request) -> Any:
        _authorise(request)
        floor = exchange_of(request).floor
        keys = request.query_params.getlist("i")
        if not keys or len(keys) > most:
            raise InputError(f"{len(keys)} instruments were asked for; give 1 to {most} as `i`.")
        return {key: kind(floor, floor.by_key[key]) for key in keys if key in floor.by_key}

    return quotes


async def place_order(request: Request) -> Any:
    exchange, app, account = exchange_of(request), _authorise(request), _account(request)
    exchange.count_call(app.user_id)
    fault = exchange.faults.popleft() if exchange.faults else None
    if fault and fault.kind == "http_500":
        raise KiteError("Something unexpected went wrong. Please try again.", 500)
    order = exchange.broker.place(account, app.api_key, await _form(request))
    exchange.progress(account, order)
    if fault and fault.kind == "timed_out_400":
        raise KiteError("Order request timed out. Please check the order book.", 400, "OrderException")
    if fault:
        await asyncio.sleep(fault.delay)
        raise KiteError("The order management system did not answer in time.", 504, "NetworkException")
    return {"order_id": order.order_id}


async def modify_order(request: Request) -> Any:
    exchange, account = exchange_of(request), _account(request)
    exchange.count_call(account.user_id)
    form = await _form(request)
    return {"order_id": exchange.broker.modify(account, request.path_params["order_id"], form).order_id}


async def cancel_order(request: Request) -> Any:
    exchange, account = exchange_of(request), _account(request)
    exchange.count_call(account.user_id)
    return {"order_id": exchange.broker.cancel(account, request.path_params["order_id"]).order_id}


async def orders(request: Request) -> Any:
    return [order.describe() for order in _account(request).orders.values()]


def _order(request: Request) -> Order:
    return exchange_of(request).broker.find(_account(request), request.path_params["order_id"])


async def order_history(request: Request) -> Any:
    return _order(request).history


async def order_trades(request: Request) -> Any:
    return _order(request).describe_trades()


async def trades(request: Request) -> Any:
    return _account(request).trades()


async def charges(request: Request) -> Any:
    _authorise(request)
    try:
        rows = await request.json()
    except ValueError:
        raise InputError("The body must be JSON.") from None
    return order_charges(rows, exchange_of(request).market.session)


async def positions(request: Request) -> Any:
    return show_positions(_account(request).positions.values())


async def holdings(request: Request) -> Any:
    return _account(request).describe_holdings(exchange_of(request).floor.by_key)


def rest_routes() -> list[Route]:
    """All routes of the REST protocol."""
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/connect/login", login_form),
        ("POST", "/connect/login", login_submit),
        ("POST", "/session/token", session_token),
        ("DELETE", "/session/token", session_end),
        ("GET", "/user/profile", profile),
        ("GET", "/user/margins", margins),
        ("GET", "/user/margins/{segment}", margins),
        ("GET", "/instruments", instruments),
        ("GET", "/instruments/historical/{token}/{interval}", historical),
        ("GET", "/instruments/{exchange}", instruments),
        ("GET", "/quote", _quotes(full_quote, 500)),
        ("GET", "/quote/ohlc", _quotes(ohlc_quote, 1000)),
        ("GET", "/quote/ltp", _quotes(ltp_quote, 1000)),
        ("POST", "/orders/regular", place_order),
        ("PUT", "/orders/regular/{order_id}", modify_order),
        ("DELETE", "/orders/regular/{order_id}", cancel_order),
        ("GET", "/orders", orders),
        ("GET", "/orders/{order_id}", order_history),
        ("GET", "/orders/{order_id}/trades", order_trades),
        ("GET", "/trades", trades),
        ("POST", "/charges/orders", charges),
        ("GET", "/portfolio/positions", positions),
        ("GET", "/portfolio/holdings", holdings),
    ]
    return [Route(path, _data(handler), methods=[method]) for method, path, handler in table]

"""Kite Connect's REST routes, and the reply to a call."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from patang_workbench.exchange import alert_routes, fund_routes, order_routes, portfolio_routes
from patang_workbench.exchange.calls import Call, Reply
from patang_workbench.exchange.charges import order_charges
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import InputError, KiteError, MissingError
from patang_workbench.exchange.instruments import csv_dump
from patang_workbench.exchange.login import App, login_page
from patang_workbench.exchange.orders import stamp
from patang_workbench.exchange.quotes import candles, full_quote, ltp_quote, ohlc_quote, trigger_range

__all__ = ["reply_to"]

Open = Callable[[Exchange, Call], Any]
Signed = Callable[[Exchange, Call, App], Any]


def reply_to(exchange: Exchange, call: Call) -> Reply:
    """The broker's reply to a call, errors in its envelope."""
    try:
        value = _answer(exchange, call)
    except KiteError as refused:
        return Reply.of(refused.envelope(), refused.http)
    return value if isinstance(value, Reply) else Reply.of({"status": "success", "data": value})


def _answer(exchange: Exchange, call: Call) -> Any:
    methods: list[str] = []
    for method, pattern, handler, signed in _ROUTES:
        found = pattern.fullmatch(call.path)
        if found is None:
            continue
        methods.append(method)
        if method != call.method:
            continue
        call = replace(call, parts=found.groupdict())
        if not signed:
            return handler(exchange, call)
        app = exchange.logins.authorise(call.headers.get("authorization", ""))
        if not (call.path.startswith("/orders/") and method != "GET"):
            exchange.limits.read(app.api_key, call.path)
        return handler(exchange, call, app)
    if methods:
        raise KiteError(f"{call.method} is not allowed here; use {', '.join(methods)}.", 405)
    raise MissingError("Route not found")


def login_form(exchange: Exchange, call: Call) -> Any:
    fields = call.fields()
    page = login_page(exchange.logins.app(fields.get("api_key", "")), fields)
    return Reply(200, page.encode(), "text/html; charset=utf-8")


def login_submit(exchange: Exchange, call: Call) -> Any:
    form = call.form()
    target = exchange.logins.sign_in(form.get("api_key", ""), form.get("redirect_params", ""))
    return Reply(302, b"", headers={"location": target})


def session_token(exchange: Exchange, call: Call) -> Any:
    form = call.form()
    proof = (form.get(name, "") for name in ("api_key", "request_token", "checksum"))
    app, token = exchange.logins.exchange(*proof)
    return {
        **profile(exchange, call, app),
        "api_key": app.api_key,
        "access_token": token,
        "public_token": token[::-1],
        "enctoken": "",
        "refresh_token": "",
        "silo": "",
        "login_time": stamp(exchange.clock.now()),
    }


def session_end(exchange: Exchange, call: Call) -> Any:
    fields: Mapping[str, str] = call.fields() or call.form()
    exchange.logins.log_out(fields.get("api_key", ""), fields.get("access_token", ""))
    return True


def profile(exchange: Exchange, _: Call, app: App) -> dict[str, Any]:
    return {
        "user_id": app.user_id,
        "user_type": "individual",
        "user_name": f"Simulated {app.user_id}",
        "user_shortname": "Simulated",
        "email": f"{app.user_id.lower()}@example.com",
        "broker": "ZERODHA",
        "exchanges": ["NSE", "NFO"],
        "products": ["CNC", "NRML", "MIS", "MTF", "CO"],
        "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
        "avatar_url": None,
        "meta": {"demat_consent": exchange.accounts[app.user_id].demat_consent},
    }


def instruments(exchange: Exchange, call: Call, _: App) -> Any:
    wanted = call.parts.get("exchange")
    rows = [row for row in exchange.floor.instruments if wanted in (None, row.exchange)]
    return Reply(200, csv_dump(rows).encode(), "text/csv; charset=utf-8")


def historical(exchange: Exchange, call: Call, _: App) -> Any:
    return {
        "candles": candles(exchange.floor, call.parts["token"], call.parts["interval"], call.fields()),
    }


def cover_range(exchange: Exchange, call: Call, _: App) -> Any:
    floor, side = exchange.floor, call.parts["side"].upper()
    keys = [value for name, value in call.query if name == "i"]
    return {key: trigger_range(floor, floor.by_key[key], side) for key in keys if key in floor.by_key}


def _quotes(kind: Callable[..., dict[str, Any]], most: int) -> Signed:
    def quotes(exchange: Exchange, call: Call, _: App) -> Any:
        floor = exchange.floor
        keys = [value for name, value in call.query if name == "i"]
        if not keys or len(keys) > most:
            raise InputError(f"{len(keys)} instruments were asked for; give 1 to {most} as `i`.")
        return {key: kind(floor, floor.by_key[key]) for key in keys if key in floor.by_key}

    return quotes


def charges(exchange: Exchange, call: Call, _: App) -> Any:
    return order_charges(call.json(), exchange.market.session)


_OPEN: list[tuple[str, str, Open]] = [
    ("GET", "/connect/login", login_form),
    ("POST", "/connect/login", login_submit),
    ("POST", "/session/token", session_token),
    ("DELETE", "/session/token", session_end),
]
_SIGNED: list[tuple[str, str, Signed]] = [
    ("GET", "/user/profile", profile),
    ("GET", "/user/margins", portfolio_routes.funds),
    ("GET", "/user/margins/{segment}", portfolio_routes.funds),
    ("GET", "/instruments", instruments),
    ("GET", "/instruments/historical/{token}/{interval}", historical),
    ("GET", "/instruments/trigger_range/{side}", cover_range),
    ("GET", "/instruments/{exchange}", instruments),
    ("GET", "/quote", _quotes(full_quote, 500)),
    ("GET", "/quote/ohlc", _quotes(ohlc_quote, 1000)),
    ("GET", "/quote/ltp", _quotes(ltp_quote, 1000)),
    ("POST", "/orders/{variety}", order_routes.place_order),
    ("PUT", "/orders/{variety}/{order_id}", order_routes.modify_order),
    ("DELETE", "/orders/{variety}/{order_id}", order_routes.cancel_order),
    ("GET", "/orders", order_routes.orders),
    ("GET", "/orders/{order_id}", order_routes.order_history),
    ("GET", "/orders/{order_id}/trades", order_routes.order_trades),
    ("GET", "/trades", order_routes.trades),
    ("POST", "/margins/orders", portfolio_routes.margins),
    ("POST", "/margins/basket", portfolio_routes.basket),
    ("POST", "/charges/orders", charges),
    ("GET", "/portfolio/positions", portfolio_routes.positions),
    ("PUT", "/portfolio/positions", portfolio_routes.convert_position),
    ("GET", "/portfolio/holdings", portfolio_routes.holdings),
    ("GET", "/portfolio/holdings/auctions", portfolio_routes.auctions),
    ("GET", "/gtt/triggers", portfolio_routes.gtts),
    ("POST", "/gtt/triggers", portfolio_routes.place_gtt),
    ("GET", "/gtt/triggers/{trigger_id}", portfolio_routes.gtt),
    ("PUT", "/gtt/triggers/{trigger_id}", portfolio_routes.modify_gtt),
    ("DELETE", "/gtt/triggers/{trigger_id}", portfolio_routes.delete_gtt),
    ("GET", "/alerts", alert_routes.alerts),
    ("POST", "/alerts", alert_routes.create_alert),
    ("DELETE", "/alerts", alert_routes.delete_alerts),
    ("GET", "/alerts/{uuid}", alert_routes.alert),
    ("PUT", "/alerts/{uuid}", alert_routes.modify_alert),
    ("GET", "/alerts/{uuid}/history", alert_routes.history),
    ("GET", "/mf/instruments", fund_routes.instruments),
    ("GET", "/mf/holdings", fund_routes.holdings),
    ("GET", "/mf/orders", fund_routes.orders),
    ("GET", "/mf/orders/{order_id}", fund_routes.order),
    ("GET", "/mf/sips", fund_routes.sips),
    ("GET", "/mf/sips/{sip_id}", fund_routes.sip),
]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


_ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Any], bool]] = [
    *((method, _pattern(path), handler, False) for method, path, handler in _OPEN),
    *((method, _pattern(path), handler, True) for method, path, handler in _SIGNED),
]

"""The web application: which routes there are, what every answer carries, and how errors are told."""

from fastapi import FastAPI

from functions.api.body_limit import BodyLimit
from functions.api.compressed import Compressed
from functions.api.console import access, desk_settings, own_accounts, today
from functions.api.console import audit as audit_pages
from functions.api.console import candles as candle_pages
from functions.api.console import chain as chain_pages
from functions.api.console import instruments as instrument_pages
from functions.api.console import orders as order_pages
from functions.api.console import positions as position_pages
from functions.api.console import research as research_pages
from functions.api.console import signals as signal_pages
from functions.api.console import trading_reports as report_pages
from functions.api.cross_origin import CrossOrigin
from functions.api.errors import body_too_large, failure, register_error_answers
from functions.api.every_answer import EveryAnswer
from functions.api.polled import Polled
from functions.api.routes import (
    accounts,
    approvals,
    assets,
    at_broker,
    audit,
    candles,
    chains,
    clients,
    consent,
    desk_state,
    document,
    execute,
    explanations,
    health,
    instruments,
    kite_auth,
    notifications,
    oauth,
    orders,
    pnl,
    positions,
    postback,
    preflight,
    reconciliation,
    reports,
    research,
    risk,
    settings,
    sign_in,
    subscriptions,
    tax_tables,
    tokens,
    trading_reports,
    well_known,
)
from patang.app import Desk

__all__ = ["build_app"]


def build_app(desk: Desk) -> FastAPI:
    """The application of one desk. Building it reads nothing of the environment."""
    # The documentation pages of the framework load scripts from elsewhere; the document itself is a route.
    app = FastAPI(
        title="Patang",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.desk = desk
    for routes in (
        health,
        assets,
        today,
        signal_pages,
        order_pages,
        position_pages,
        candle_pages,
        chain_pages,
        instrument_pages,
        access,
        own_accounts,
        desk_settings,
        audit_pages,
        research_pages,
        report_pages,
        sign_in,
        consent,
        clients,
        oauth,
        approvals,
        desk_state,
        positions,
        at_broker,
        orders,
        pnl,
        candles,
        chains,
        instruments,
        settings,
        subscriptions,
        notifications,
        document,
        explanations,
        risk,
        preflight,
        audit,
        tokens,
        accounts,
        kite_auth,
        execute,
        postback,
        reconciliation,
        reports,
        research,
        trading_reports,
        tax_tables,
        well_known,
    ):
        app.include_router(routes.router)
    register_error_answers(app)
    app.add_middleware(Compressed)
    app.add_middleware(Polled)
    app.add_middleware(CrossOrigin)
    app.add_middleware(BodyLimit, refused=body_too_large)
    app.add_middleware(EveryAnswer, metrics=lambda: app.state.desk.metrics, failure=failure)
    return app

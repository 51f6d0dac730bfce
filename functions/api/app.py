"""The web application: which routes there are, what every answer carries, and how errors are told."""

from fastapi import FastAPI

from functions.api.body_limit import BodyLimit
from functions.api.cross_origin import CrossOrigin
from functions.api.errors import body_too_large, failure, register_error_answers
from functions.api.every_answer import EveryAnswer
from functions.api.polled import Polled
from functions.api.routes import (
    accounts,
    approvals,
    audit,
    clients,
    consent,
    desk_state,
    document,
    execute,
    explanations,
    health,
    kite_auth,
    oauth,
    orders,
    pages,
    pnl,
    positions,
    postback,
    preflight,
    reconciliation,
    reports,
    risk,
    settings,
    sign_in,
    tokens,
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
        pages,
        sign_in,
        consent,
        clients,
        oauth,
        approvals,
        desk_state,
        positions,
        orders,
        pnl,
        settings,
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
        well_known,
    ):
        app.include_router(routes.router)
    register_error_answers(app)
    app.add_middleware(Polled)
    app.add_middleware(CrossOrigin)
    app.add_middleware(BodyLimit, refused=body_too_large)
    app.add_middleware(EveryAnswer, metrics=lambda: desk.metrics, failure=failure)
    return app

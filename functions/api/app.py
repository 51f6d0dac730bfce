"""The web application: which routes there are, what every answer carries, and how errors are told."""

from fastapi import FastAPI

from functions.api.errors import failure, register_error_answers
from functions.api.every_answer import EveryAnswer
from functions.api.routes import (
    accounts,
    approvals,
    audit,
    desk_state,
    explanations,
    health,
    pages,
    postback,
    preflight,
    reconciliation,
    risk,
    sign_in,
    tokens,
    well_known,
)
from patang.app import Desk

__all__ = ["build_app"]


def build_app(desk: Desk) -> FastAPI:
    """The application of one desk. Building it reads nothing of the environment."""
    # The documentation pages of the framework load scripts from elsewhere; the document itself is a route.
    app = FastAPI(title="Patang", version="0.1.0", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    for routes in (
        health,
        pages,
        sign_in,
        approvals,
        desk_state,
        explanations,
        risk,
        preflight,
        audit,
        tokens,
        accounts,
        postback,
        reconciliation,
        well_known,
    ):
        app.include_router(routes.router)
    register_error_answers(app)
    app.add_middleware(EveryAnswer, metrics=lambda: desk.metrics, failure=failure)
    return app

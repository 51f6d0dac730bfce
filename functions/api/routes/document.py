"""The OpenAPI document. To read it takes a credential as everything below /api does: who has none, needs
none of it, and building it is work that nobody else should be able to ask for."""

from typing import Any

from fastapi import APIRouter, Request

from functions.api.gate import Reader

__all__ = ["router"]

router = APIRouter(prefix="/api")


@router.get("/openapi.json")
def openapi(request: Request, _: Reader) -> dict[str, Any]:
    """This document: every route for programs with its models, examples and errors."""
    state = request.app.state
    if not hasattr(state, "document"):
        # Here, not at the top: few instances are ever asked.
        from functions.api.openapi import document

        state.document = document(request.app)
    found: dict[str, Any] = state.document
    return found

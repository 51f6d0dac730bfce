"""The broker's webhook. It is open to the world; the checksum, made with the API secret, is its identity."""

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from functions.api.errors import problem
from functions.api.gate import TheDesk
from functions.api.whole_text import is_whole_text
from patang.app import Desk

__all__ = ["router"]

router = APIRouter()

_LARGEST = 64 * 1024


_ORDER = {
    "type": "object",
    "description": "An order as the broker's order book has it, with the checksum.",
    "required": ["order_id", "order_timestamp", "user_id", "status", "checksum"],
    "properties": {
        "order_id": {"type": "string"},
        "order_timestamp": {"type": "string"},
        "user_id": {"type": "string"},
        "status": {"type": "string"},
        "checksum": {
            "type": "string",
            "minLength": 1,
            "description": "SHA-256 in hex of order_id, order_timestamp and the API secret.",
        },
    },
    "examples": [
        {
            "order_id": "260818000123456",
            "order_timestamp": "2026-08-18 10:47:29",
            "user_id": "AB1234",
            "status": "COMPLETE",
            "filled_quantity": 20,
            "checksum": "0f" * 32,
        }
    ],
}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _ORDER}}}}


@router.post("/postback", status_code=204, openapi_extra=_BODY)
async def postback(request: Request, desk: TheDesk) -> Response:
    """Take an order update in, if the broker sent it."""
    body = await request.body()
    payload = _parsed(body)
    if payload is None:
        return problem(400, "BadInput", "a postback is a JSON object of an order")
    account = await run_in_threadpool(_account, desk, payload)
    if account is None:
        await run_in_threadpool(desk.metrics.count, "postbacks_refused")
        return problem(403, "BadChecksum", "the checksum is not that of an account of this desk")
    update = {
        "account": account,
        "source": "postback",
        "order": payload,
        "received_at": desk.clock.now().isoformat(),
    }
    await run_in_threadpool(desk.update_queue.send, [update])
    return Response(status_code=204)


def _parsed(body: bytes) -> dict[str, Any] | None:
    if len(body) > _LARGEST or not is_whole_text(body):
        return None
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) and payload.get("checksum") else None


def _account(desk: Desk, payload: dict[str, Any]) -> str | None:
    # The user id only says which secret to try: a postback is believed for its checksum alone.
    accounts = desk.accounts()
    named = str(payload.get("user_id"))
    for known in accounts.list():
        his = known.enabled and known.kite_user_id == named
        if his and accounts.is_genuine_postback(known.account, payload):
            return known.account
    return None

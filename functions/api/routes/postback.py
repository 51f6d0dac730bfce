"""The broker's webhook. It is open to the world; the checksum, made with the API secret, is its identity."""

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from functions.api.errors import problem
from functions.api.gate import TheDesk
from patang.app import Desk

__all__ = ["router"]

router = APIRouter()

_LARGEST = 64 * 1024


@router.post("/postback")
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
    if len(body) > _LARGEST:
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

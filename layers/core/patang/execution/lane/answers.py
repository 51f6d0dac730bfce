"""Telling the workflow that waits for an order what the lane has made of it."""

from collections.abc import Sequence

from patang.execution.intent import OrderIntent
from patang.keys import intent_key
from patang.ports import Metrics, StateStore, Workflows, Write
from patang.records import change, load, replace

__all__ = ["answer"]


def answer(store: StateStore, workflows: Workflows, metrics: Metrics, intent: OrderIntent) -> bool:
    """Completes the workflow's task, if one waits, and notes that it was; False if that could not be done.

    Raises nothing: the order has left, and what is not answered now the sweep answers within a minute. A task
    that no longer waits has heard of it before, or has run out of time.
    """
    if not intent.awaits_answer or intent.task_token is None:
        return True
    result = {
        "ok": intent.state in ("ACKED", "COMPLETE"),
        "reason": intent.state,
        "intent_id": intent.intent_id,
        "message": intent.status_message or intent.reason,
    }
    try:
        workflows.succeed(intent.task_token, result)
        change(store, lambda: _noted(store, intent))
    except Exception as error:
        # Whatever it was, it must not bring the order's message back.
        metrics.count(
            "task_answer_failed", intent_id=intent.intent_id, error=f"{type(error).__name__}: {error}"
        )
        return False
    return True


def _noted(store: StateStore, intent: OrderIntent) -> tuple[None, Sequence[Write]]:
    current = load(store, OrderIntent, intent_key(intent.account, intent.intent_id))
    if current is None or current.answered or current.task_token != intent.task_token:
        return None, ()
    return None, (replace(current.evolve(answered=True)),)

"""What every call of a deployed function goes through: its lines, its ids, and its errors without secrets."""

import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from patang.adapters.series import WHOLE_DESK
from patang.adapters.system import EmbeddedMetrics
from patang.trail.ids import on_trail
from patang.trail.lines import log_as_json
from patang.trail.redaction import redacted_error

__all__ = ["invocation"]

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_log = logging.getLogger(__name__)


def invocation(handler: Handler) -> Handler:
    """The handler as Lambda calls it. Each line that is written while it runs carries the call's
    `request_id`, and an instance counts itself with its first call (`cold_starts`).

    What the handler raises is logged with the ids that it had come to, and goes on without its secrets: the
    runtime writes it to the log once more, and the state machine keeps it.
    """
    deployed = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
    service, stage = os.environ.get("POWERTOOLS_SERVICE_NAME", ""), os.environ.get("STAGE", "")
    # From the first line on, those of the import too. Where a test calls or a desk at home, logs are theirs.
    if deployed:
        log_as_json(service, stage)
    fresh = [deployed]

    @wraps(handler)
    def call(event: dict[str, Any], context: Any) -> dict[str, Any]:
        with on_trail(request_id=getattr(context, "aws_request_id", None)):
            if fresh[0]:
                fresh[0] = False
                EmbeddedMetrics(WHOLE_DESK, stage).count("cold_starts", met_by=service)
            try:
                return handler(event, context)
            except Exception as error:
                # Whatever it is, Lambda would log and hand on its words as they are.
                _log.exception("the call failed")
                clean = redacted_error(error)
                if clean is error:
                    raise
                raise clean from None

    return call

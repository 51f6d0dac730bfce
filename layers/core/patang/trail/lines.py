"""One JSON object a line, for whoever logs: the desk, its libraries, an exception on its way out."""

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from patang.trail.ids import trail_ids
from patang.trail.redaction import redacted

__all__ = ["JsonLines", "line_of", "log_as_json", "write_line"]

# CloudWatch takes 1 MB an event; what is longer than this helps nobody and costs.
_LONGEST: Final = 8_000
# What their own lines say at INFO is of no use here, and some of it is addresses with what was asked.
_CHATTY: Final = ("boto3", "botocore", "urllib3", "s3transfer", "httpx", "mcp", "mangum", "asyncio")


def line_of(level: str, service: str, stage: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """What every line has, then the ids of the work in hand, then `details`; secrets are hidden.

    `timestamp` is wall time, as the names of Lambda's own lines are.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = {"timestamp": now, "level": level, "service": service, "stage": stage}
    return head | dict(trail_ids()) | {name: _short(part) for name, part in redacted(details).items()}


def write_line(line: Mapping[str, Any]) -> None:
    """Line and end in one write: between two, another thread's line would come in, and neither be JSON."""
    sys.stdout.write(f"{json.dumps(line, separators=(',', ':'), default=str)}\n")
    sys.stdout.flush()


class JsonLines(logging.Handler):
    """Writes every record to standard output as it is at that moment."""

    def __init__(self, service: str, stage: str) -> None:
        super().__init__()
        self._service = service
        self._stage = stage

    def emit(self, record: logging.LogRecord) -> None:
        try:
            write_line(line_of(record.levelname, self._service, self._stage, _details(record)))
        except Exception:
            # logging's own way: a line that cannot be written stops nothing.
            self.handleError(record)


def log_as_json(service: str, stage: str) -> None:
    """From now on this process logs so, in the place of whatever the root logger wrote to before."""
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
    root.addHandler(JsonLines(service, stage))
    root.setLevel(logging.INFO)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Warnings of libraries too: else they are text between the lines.
    logging.captureWarnings(True)


def _details(record: logging.LogRecord) -> dict[str, Any]:
    details: dict[str, Any] = {"logger": record.name, "message": _message(record)}
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        details |= {
            "error_type": type(error).__name__,
            "error": str(error),
            "traceback": "".join(traceback.format_exception(error))[-_LONGEST:],
        }
    return details


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # Arguments that do not fit their text: a mistake of a library, and no reason to lose the line.
        return f"{record.msg} {record.args!r}"


def _short(part: Any) -> Any:
    return f"{part[:_LONGEST]}..." if isinstance(part, str) and len(part) > _LONGEST + 3 else part

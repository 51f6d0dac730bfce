"""`python -m functions.ingester`: the Fargate task, or a process beside the local stack.

Reads DESK_TABLE, STORE_BUCKET, TICK_STREAM, ORDER_UPDATES_QUEUE_URL, SECRET_PREFIX, STAGE and
POWERTOOLS_SERVICE_NAME; touches the file named by HEALTH_FILE, if there is one, every five seconds. The file
named by INSTANCE_FILE keeps its name in the lease: who is started again where another died goes on at once.
SIGTERM and SIGINT end it with what was received put onto the stream.
"""

import logging
import os
import signal
import sys
import threading
import uuid
from pathlib import Path

from functions.ingester.connection import Connection
from functions.ingester.ingester import Ingester
from patang.app import Desk
from patang.trail.lines import log_as_json


def main() -> int:
    log_as_json(os.environ.get("POWERTOOLS_SERVICE_NAME", "ingester"), os.environ.get("STAGE", ""))
    # It reports every closed connection as an error; the feeds say the same with what happens next.
    logging.getLogger("kiteconnect.ticker").setLevel(logging.CRITICAL)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    health = _file("HEALTH_FILE")
    return Ingester(Desk(), Connection, stop, health, name=_name(_file("INSTANCE_FILE"))).run()


def _file(variable: str) -> Path | None:
    given = os.environ.get(variable)
    return Path(given) if given else None


def _name(kept: Path | None) -> str:
    """The name of this place: the one that is kept there, else a new one."""
    if kept is None:
        return uuid.uuid4().hex
    if not kept.exists():
        written = kept.with_name(f"{kept.name}.new")
        written.write_text(uuid.uuid4().hex)
        written.replace(kept)
    return kept.read_text()


if __name__ == "__main__":
    sys.exit(main())

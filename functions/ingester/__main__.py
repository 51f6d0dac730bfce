"""`python -m functions.ingester`: the Fargate task, or a process beside the local stack.

Reads DESK_TABLE, STORE_BUCKET, TICK_STREAM, ORDER_UPDATES_QUEUE_URL, SECRET_PREFIX, STAGE and
POWERTOOLS_SERVICE_NAME; touches the file named by HEALTH_FILE, if there is one, every five seconds.
SIGTERM and SIGINT end it with what was received put onto the stream.
"""

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from functions.ingester.connection import Connection
from functions.ingester.ingester import Ingester
from patang.app import Desk


def main() -> int:
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # It reports every closed connection as an error; the feeds say the same with what happens next.
    logging.getLogger("kiteconnect.ticker").setLevel(logging.CRITICAL)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    health = os.environ.get("HEALTH_FILE")
    return Ingester(Desk(), Connection, stop, Path(health) if health else None).run()


if __name__ == "__main__":
    sys.exit(main())

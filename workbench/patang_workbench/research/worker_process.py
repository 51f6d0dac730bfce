"""One worker in the place of one instance of the image: an event a line comes in, an answer a line goes out.

What the handler itself prints goes to standard error, so that it cannot be taken for an answer.
"""

import json
import os
import sys
import traceback

from functions.research_worker.handler import handler

__all__ = ["main"]


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        try:
            answer = {"answer": handler(json.loads(line), None)}
        except Exception as error:  # as Lambda's runtime: whatever is raised is the invocation's error
            traceback.print_exc()
            answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

"""What the official suite starts for a scenario: it tells the waiting client which, and ends as that ends.

python -I -S relay.py SOCKET SERVER_URL
"""

import json
import os
import socket
import sys

if __name__ == "__main__":
    asked = {
        "url": sys.argv[2],
        "context": json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}"),
    }
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(sys.argv[1])
        client.sendall(json.dumps(asked).encode() + b"\n")
        with client.makefile("rb") as file:
            ended = json.loads(file.read())
    sys.stderr.write(ended["text"])
    sys.exit(ended["code"])

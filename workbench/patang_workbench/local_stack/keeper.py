"""The watcher that ends what a launcher left behind; run as a script, standard library only.

It reads one JSON line a command from standard input and keeps a list of process groups and folders. When its
input closes, because the launcher ended in whatever way (also by SIGKILL), it ends the groups and removes the
folders that are still on the list.
"""

import json
import os
import shutil
import signal
import sys
import time

GRACE_SECONDS = 3.0


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return True


def end_groups(groups: list[int], grace: float = GRACE_SECONDS) -> None:
    """Ask the process groups to end, then kill what is left after `grace` seconds."""
    for number, wait in ((signal.SIGTERM, grace), (signal.SIGKILL, 1.0)):
        left = [group for group in groups if _alive(group)]
        for group in left:
            try:
                os.killpg(group, number)
            except (ProcessLookupError, PermissionError):
                continue
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline and any(_alive(group) for group in left):
            time.sleep(0.02)


def main() -> None:
    """Keep the list until the input closes, then end and remove everything on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    groups: list[int] = []
    folders: list[str] = []
    for line in sys.stdin:
        command = json.loads(line)
        if "group" in command:
            groups.append(command["group"])
        if "ended" in command and command["ended"] in groups:
            groups.remove(command["ended"])
        if "folder" in command:
            folders.append(command["folder"])
        if "keep" in command and command["keep"] in folders:
            folders.remove(command["keep"])
    end_groups(groups)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

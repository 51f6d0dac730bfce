"""`patang notifications`: who gets the messages and alarms of a deployed desk, and confirming a subscription.

A subscription that is confirmed here ends by a sign-in alone; one that is confirmed by the link in its mail
ends by the link in every mail, which scanners press too.
"""

import argparse
import json
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from patang.errors import BadInput, TryAgain
from patang.ports import Messenger, Subscription
from patang_workbench.cli.deployed import add_stage_arguments, deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    text = "list each subscription and whether it stands; 1 if one waits, or nobody gets a topic's messages"
    listing = verbs.add_parser("status", help=text, description=f"{text[0].upper()}{text[1:]}.")
    add_stage_arguments(listing)
    listing.set_defaults(do=_status)
    text = "confirm a subscription by its mail, so that no link in a mail can end it"
    confirm = verbs.add_parser("confirm", help=text, description=f"{text[0].upper()}{text[1:]}.")
    by = confirm.add_mutually_exclusive_group(required=True)
    by.add_argument("--url", help="the link of the confirming mail, copied and not pressed")
    by.add_argument("--token", help="the Token of that link")
    confirm.add_argument(
        "--topic",
        default="messages",
        choices=("messages", "alarms"),
        help="with --token: of which (messages)",
    )
    add_stage_arguments(confirm)
    confirm.set_defaults(do=_confirm)


def run(options: argparse.Namespace) -> int:
    """Carry out the verb."""
    try:
        code: int = options.do(deployed_desk(options.stage).messenger, options)
    except (BadInput, TryAgain) as error:
        raise CommandError(str(error)) from error
    return code


def _status(messenger: Messenger, options: argparse.Namespace) -> int:
    found = messenger.subscriptions()
    unheard = [topic for topic in messenger.topics if not _stands(found, topic)]
    if options.json:
        rows = [{"topic": s.topic, "channel": s.channel, "place": s.place, "state": _state(s)} for s in found]
        print(json.dumps({"subscriptions": rows, "unheard": unheard}))
    else:
        for each in found:
            print(f"{each.topic} by {each.channel} to {each.place}: {_state(each)}")
        for topic in unheard:
            print(f"{topic}: reaches nobody")
    return 1 if unheard or not all(each.confirmed for each in found) else 0


def _confirm(messenger: Messenger, options: argparse.Namespace) -> int:
    topic, token = (options.topic, options.token) if options.url is None else _of_link(options.url)
    messenger.confirm(topic, token)
    if options.json:
        print(json.dumps({"confirmed": True}))
    else:
        print("Confirmed; ending it takes a sign-in")
    return 0


def _of_link(url: str) -> tuple[str, str]:
    """Topic and token of a confirming link."""
    words = parse_qs(urlsplit(url).query)
    try:
        return words["TopicArn"][0], words["Token"][0]
    except KeyError as missing:
        raise CommandError(
            f"the link has no {missing.args[0]}: copy the one behind 'Confirm subscription', whole"
        ) from missing


def _stands(found: Sequence[Subscription], topic: str) -> bool:
    return any(each.confirmed for each in found if each.topic == topic)


def _state(each: Subscription) -> str:
    if not each.confirmed:
        return "waits to be confirmed"
    if each.channel == "email" and each.sign_in_to_end is False:
        return "stands, but ends by the link in any mail"
    return "stands"

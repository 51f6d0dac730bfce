"""The verdict on a day: the exchange's own ledger beside what the desk has written down.

What was accepted, filled and is held is taken from the exchange alone; the desk's records are what is judged.
"""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from patang.execution.intent import PLACING, OrderIntent
from patang.execution.protection.triggered import linked_intent
from patang.keys import account_partition
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.records import load_all
from patang_workbench.chaos.line import CountedLine
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.gtt import Gtt
from patang_workbench.exchange.ledger import Entry, by_tag, ledger, net_positions

__all__ = ["Finding", "judge"]

_LIVE = ("OPEN", "TRIGGER PENDING")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: `kind` is duplicate, lost, position, unexplained or naked."""

    kind: str
    account: str
    what: str


def judge(
    exchange: Exchange,
    store: StateStore,
    users: dict[str, str],
    lines: dict[str, CountedLine],
    asked: dict[str, list[str]],
    sold_by_hand: set[tuple[str, str, str]],
) -> list[Finding]:
    """All that is wrong. `users` gives the user id of an account, `asked` the ids of the intents that were
    submitted for it. `sold_by_hand`: (user id, instrument, product) that a person has sold past the desk;
    where an order of the desk sold it as well before the desk could hear of it, the account is short by the
    person's doing, and the desk is right to hold nothing.
    """
    entries = ledger(exchange)
    found: list[Finding] = []
    for account, user_id in users.items():
        intents = {
            i.intent_id: i for i in load_all(store, OrderIntent, account_partition(account), "INTENT#")
        }
        positions = load_all(store, Position, account_partition(account), "POSITION#")
        mine = [entry for entry in entries if entry.user_id == user_id and not entry.by_hand]
        gtts = exchange.gtts.of(exchange.accounts[user_id])
        theirs = {(key, product) for user, key, product in sold_by_hand if user == user_id}
        wrong = [
            *_duplicates(exchange, user_id, lines[account], intents, gtts),
            *_lost(store, account, mine, intents, asked.get(account, [])),
            *_differences(exchange, user_id, positions, entries, theirs),
            *_unexplained(intents, positions, mine, gtts, theirs),
        ]
        found += [Finding(kind, account, what) for kind, what in wrong]
    return found


def _duplicates(
    exchange: Exchange,
    user_id: str,
    line: CountedLine,
    intents: dict[str, OrderIntent],
    gtts: list[Gtt],
) -> list[tuple[str, str]]:
    accepted = {tag: rows for (user, tag), rows in by_tag(exchange).items() if user == user_id}
    found = [
        ("duplicate", f"{tag} was accepted {len(rows)} times: {[row.order_id for row in rows]}")
        for tag, rows in accepted.items()
        if len(rows) > 1 and not (tag in intents and intents[tag].terms.autoslice)
    ]
    found += [
        ("duplicate", f"{tag or 'an order without a tag'} left {times} times")
        for tag, times in line.orders.items()
        if times > 1 or not tag
    ]
    wanted = sum(i.kind == "GTT_PLACE" and i.sending_at is not None for i in intents.values())
    if line.triggers > wanted:
        found.append(("duplicate", f"{line.triggers} triggers left for {wanted} intents to place one"))
    waiting = Counter(
        (gtt.line.instrument.key, gtt.legs[0].product) for gtt in gtts if gtt.status == "active"
    )
    found += [("duplicate", f"{n} triggers wait for {key}") for key, n in waiting.items() if n > 1]
    return found


def _lost(
    store: StateStore, account: str, mine: list[Entry], intents: dict[str, OrderIntent], asked: list[str]
) -> list[tuple[str, str]]:
    """What was asked for and is nowhere, and what the exchange has and the desk does not know."""
    tags = {entry.tag for entry in mine}
    found = [
        ("lost", f"{intent_id} was submitted and is no intent")
        for intent_id in asked
        if intent_id not in intents
    ]
    for entry in mine:
        intent = intents.get(entry.tag or "")
        if intent is None and entry.tag is None:
            intent = linked_intent(store, account, entry.order_id)
        if intent is None:
            if entry.filled or entry.status in _LIVE:
                found.append(("lost", f"order {entry.order_id} ({entry.tag}, GTT {entry.gtt}) is nobody's"))
        elif not entry.accepted and intent.state in ("REJECTED", "CANCELLED"):
            continue
        elif (intent.filled_quantity, intent.broker_order_id) != (entry.filled, entry.order_id):
            told = f"{intent.filled_quantity} of {intent.broker_order_id} ({intent.state})"
            found.append(("lost", f"{entry.order_id} filled {entry.filled}; {intent.intent_id} says {told}"))
        elif not _agrees(intent, entry):
            told = f"{intent.intent_id} says {intent.state}"
            found.append(("lost", f"order {entry.order_id} is {entry.status}; {told}"))
    found += [
        ("lost", f"{intent.intent_id} is {intent.state} ({intent.broker_order_id}) and never reached")
        for intent in intents.values()
        if intent.kind in PLACING and intent.state in ("ACKED", "COMPLETE")
        if intent.intent_id not in tags and intent.target_gtt_id is None
    ]
    return found


def _agrees(intent: OrderIntent, entry: Entry) -> bool:
    if entry.status in ("COMPLETE", "CANCELLED", "REJECTED"):
        return intent.state == entry.status
    return intent.state == "ACKED"


def _differences(
    exchange: Exchange,
    user_id: str,
    positions: list[Position],
    entries: list[Entry],
    by_hand: set[tuple[str, str]],
) -> list[tuple[str, str]]:
    ours: Counter[tuple[str, str]] = Counter()
    for position in positions:
        if position.state != "CLOSED":
            ours[_line_of(position)] += position.open_quantity
    theirs = Counter(
        {
            (key, product): units
            for (user, key, product), units in net_positions(exchange).items()
            if user == user_id
        }
    )
    foreign = _by_hand(user_id, positions, entries)
    return [
        ("position", f"{key}: the desk holds {ours[key]}, the exchange {theirs[key]}")
        for key in sorted({*ours, *theirs})
        if ours[key] != theirs[key] - foreign[key]
        if key not in by_hand or ours[key] != max(theirs[key], 0)
    ]


def _by_hand(user_id: str, positions: list[Position], entries: list[Entry]) -> Counter[tuple[str, str]]:
    """What a person holds by his own orders in instruments that the desk has never bought."""
    known = {_line_of(position) for position in positions}
    held: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        key = f"{entry.exchange}:{entry.tradingsymbol}", entry.product
        if entry.user_id == user_id and entry.by_hand and key not in known:
            held[key] += entry.filled if entry.side == "BUY" else -entry.filled
    return held


def _unexplained(
    intents: dict[str, OrderIntent],
    positions: list[Position],
    mine: list[Entry],
    gtts: list[Gtt],
    by_hand: set[tuple[str, str]],
) -> list[tuple[str, str]]:
    found = [
        ("unexplained", f"{intent.kind} {intent.intent_id} is still {intent.state}: {intent.status_message}")
        for intent in intents.values()
        if not intent.is_final and not (intent.state == "ACKED" and intent.kind in ("EXIT", "PROTECT"))
    ]
    live = {entry.order_id: entry for entry in mine if entry.status in _LIVE}
    active = {str(gtt.number): gtt for gtt in gtts if gtt.status == "active"}
    for position in positions:
        if position.state == "CLOSED" and _line_of(position) in by_hand:
            continue
        why = _contradiction(position) or _unguarded(position, intents, live, active)
        if why is not None:
            found.append(("unexplained", f"{position.position_id} {position.symbol} {position.state}: {why}"))
    wanted = {p.protection.gtt_id for p in positions if p.protection is not None and p.state != "CLOSED"}
    found += [
        ("unexplained", f"trigger {number} sells {gtt.legs[0].quantity} {gtt.line.instrument.key} for nobody")
        for number, gtt in active.items()
        if number not in wanted and gtt.api_key is not None
    ]
    return found


def _line_of(position: Position) -> tuple[str, str]:
    return f"{position.exchange}:{position.symbol}", position.product


def _contradiction(position: Position) -> str | None:
    if position.state == "CLOSED" and position.open_quantity:
        return f"{position.open_quantity} are left"
    if position.state != "CLOSED" and position.open_quantity <= 0:
        return f"{position.open_quantity} are left"
    if position.exit_value < Decimal(0) or position.exited_quantity > position.quantity:
        return f"{position.exited_quantity} of {position.quantity} were sold"
    return None


def _unguarded(
    position: Position, intents: dict[str, OrderIntent], live: dict[str, Entry], active: dict[str, Gtt]
) -> str | None:
    """Why nothing at the exchange sells an open position, or not all of it."""
    if position.state == "CLOSED":
        return None
    resting = position.protection
    if position.state == "CLOSING":
        selling = intents.get(position.exit_intent_id or "")
        target = selling.target_order_id if selling is not None and selling.kind == "MODIFY" else None
        order_id = target or (selling.broker_order_id if selling is not None else None)
        return None if order_id in live else f"its exit {position.exit_intent_id} stands nowhere"
    if resting is None or resting.state != "RESTING":
        return f"its protection is {None if resting is None else resting.state}"
    if resting.kind == "GTT":
        gtt = active.get(resting.gtt_id or "")
        units = None if gtt is None else gtt.legs[0].quantity
    else:
        order = live.get(resting.broker_order_id or "")
        units = None if order is None else order.quantity - order.filled
    return None if units == position.open_quantity else f"{units} of {position.open_quantity} are protected"

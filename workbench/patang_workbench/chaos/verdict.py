"""The verdict on a day: the exchange's own ledger beside what the desk has written down.

What was accepted, filled and is held is taken from the exchange alone; the desk's records are what is judged.
"""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from patang.execution.intent import PLACING, OrderIntent
from patang.execution.orders.request_book import PersonsRequest
from patang.execution.protection.triggered import linked_intent
from patang.execution.reconciliation.record import Reconciliation
from patang.keys import account_partition, reconciliation_key
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.records import load, load_all
from patang_workbench.chaos.line import CountedLine
from patang_workbench.chaos.persons_units import is_cover_stop, persons_triggers, persons_units
from patang_workbench.chaos.units import differences, line_of
from patang_workbench.chaos.wishes import BY_HAND
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.gtt import Gtt
from patang_workbench.exchange.ledger import Entry, ledger, requests_by_tag

__all__ = ["Finding", "judge"]

_LIVE = ("OPEN", "TRIGGER PENDING")
# What may stand for as long as it likes. Whether it stands is another question.
_RESTING = ("EXIT", "PROTECT", "ORDER")
_ENDED = ("COMPLETE", "CANCELLED", "REJECTED")


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
            *_without_effect(intents, mine, gtts),
            *differences(exchange, user_id, positions, persons_units(intents, mine), entries, theirs),
            *_unexplained(intents, positions, mine, gtts, theirs),
            *_told_apart(store, account, theirs),
            *_left_of_baskets(
                load_all(store, PersonsRequest, account_partition(account), "REQUEST#"), intents
            ),
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
    found = [
        ("duplicate", f"{requests} requests with {tag} were accepted")
        for (user, tag), requests in requests_by_tag(exchange).items()
        if user == user_id and requests > 1
    ]
    found += [
        ("duplicate", f"{tag or 'an order without a tag'} left {times} times")
        for tag, times in line.orders.items()
        if times > 1 or not tag
    ]
    wanted = sum(i.kind == "GTT_PLACE" and i.sending_at is not None for i in intents.values())
    if line.triggers > wanted:
        found.append(("duplicate", f"{line.triggers} triggers left for {wanted} intents to place one"))
    persons = persons_triggers(intents.values())
    waiting = Counter(
        (gtt.line.instrument.key, gtt.legs[0].product)
        for gtt in gtts
        if gtt.status == "active" and str(gtt.number) not in persons
    )
    found += [("duplicate", f"{n} triggers wait for {key}") for key, n in waiting.items() if n > 1]
    return found


def _lost(
    store: StateStore, account: str, mine: list[Entry], intents: dict[str, OrderIntent], asked: list[str]
) -> list[tuple[str, str]]:
    """What was asked for and is nowhere, and what the exchange has and the desk does not know."""
    found = [
        ("lost", f"{intent_id} was submitted and is no intent")
        for intent_id in asked
        if intent_id not in intents
    ]
    triggers = persons_triggers(intents.values())
    of_intent: dict[str, list[Entry]] = {}
    for entry in mine:
        intent = intents.get(entry.tag or "")
        if entry.tag is None:
            intent = linked_intent(store, account, entry.order_id)
        if intent is not None and not is_cover_stop(entry):
            of_intent.setdefault(intent.intent_id, []).append(entry)
        elif intent is None and str(entry.gtt) not in triggers and (entry.filled or entry.status in _LIVE):
            found.append(("lost", f"order {entry.order_id} ({entry.tag}, GTT {entry.gtt}) is nobody's"))
    for intent_id, rows in of_intent.items():
        told = _told_otherwise(intents[intent_id], rows)
        if told is not None:
            found.append(("lost", told))
    found += [
        ("lost", f"{intent.intent_id} is {intent.state} ({intent.broker_order_id}) and never reached")
        for intent in intents.values()
        if intent.kind in PLACING and intent.state in ("ACKED", "COMPLETE")
        if intent.intent_id not in of_intent and intent.target_gtt_id is None
    ]
    return found


def _told_otherwise(intent: OrderIntent, rows: list[Entry]) -> str | None:
    """Where an intent says something else of its orders than the exchange."""
    if not any(row.accepted for row in rows) and intent.state in ("REJECTED", "CANCELLED"):
        return None
    numbers, filled = [row.order_id for row in rows], sum(row.filled for row in rows)
    if intent.filled_quantity != filled or intent.broker_order_id not in numbers:
        told = f"{intent.filled_quantity} of {intent.broker_order_id} ({intent.state})"
        return f"{numbers} filled {filled}; {intent.intent_id} says {told}"
    states = {row.status for row in rows}
    if any(state not in _ENDED for state in states):
        agrees = intent.state == "ACKED"
    elif len(rows) == 1:
        agrees = intent.state in states
    else:
        # Some may be refused and others done: what counts is whether all units were had, and perhaps more by
        # one that was made larger.
        agrees = intent.is_final and (intent.state == "COMPLETE") == (filled >= intent.terms.quantity)
    return None if agrees else f"order {numbers} is {states}; {intent.intent_id} says {intent.state}"


def _without_effect(
    intents: dict[str, OrderIntent], mine: list[Entry], gtts: list[Gtt]
) -> list[tuple[str, str]]:
    """What the desk believes to have ended at the exchange, or to have been laid there, and is not so."""
    live = {entry.order_id for entry in mine if entry.status in _LIVE}
    known = {str(gtt.number): gtt for gtt in gtts}
    found = []
    for intent in intents.values():
        gtt = known.get(intent.target_gtt_id or "")
        stands = gtt is not None and gtt.status == "active"
        if intent.state != "COMPLETE":
            continue
        if intent.kind == "CANCEL" and intent.target_order_id in live:
            found.append(("lost", f"{intent.intent_id} cancelled {intent.target_order_id}, which stands"))
        if intent.kind == "GTT_DELETE" and stands:
            found.append(("lost", f"{intent.intent_id} deleted trigger {intent.target_gtt_id}, which stands"))
        if intent.kind == "GTT_PLACE" and gtt is None:
            found.append(("lost", f"{intent.intent_id} laid trigger {intent.target_gtt_id}: there is none"))
    return found


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
        if not intent.is_final and not (intent.state == "ACKED" and intent.kind in _RESTING)
    ]
    live = {entry.order_id: entry for entry in mine if entry.status in _LIVE}
    active = {str(gtt.number): gtt for gtt in gtts if gtt.status == "active"}
    for position in positions:
        if position.state == "CLOSED" and line_of(position) in by_hand:
            continue
        why = _contradiction(position) or _unguarded(position, intents, live, active)
        if why is not None:
            found.append(("unexplained", f"{position.position_id} {position.symbol} {position.state}: {why}"))
    wanted = {p.protection.gtt_id for p in positions if p.protection is not None and p.state != "CLOSED"}
    wanted |= persons_triggers(intents.values())
    found += [
        ("unexplained", f"trigger {number} sells {gtt.legs[0].quantity} {gtt.line.instrument.key} for nobody")
        for number, gtt in active.items()
        if number not in wanted and gtt.api_key is not None
    ]
    return found


def _told_apart(store: StateStore, account: str, by_hand: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """What the desk's own comparison of the books cannot explain, though nothing is wrong with them. Where a
    person has sold what the desk sold as well, it is right to call for one."""
    found = load(store, Reconciliation, reconciliation_key(account))
    if found is None or any(key.partition(":")[2] not in BY_HAND for key, _ in by_hand):
        return []
    return [("unexplained", f"reconciliation: {difference}") for difference in found.unexplained]


def _left_of_baskets(
    requests: list[PersonsRequest], intents: dict[str, OrderIntent]
) -> list[tuple[str, str]]:
    """What stands of baskets whose rest was to be cancelled when one of their orders had ended in vain."""
    cured = {intent.cured_from for intent in intents.values()}
    found = []
    for request in requests:
        orders = [intents[each] for each in request.intent_ids if each in intents and each not in cured]
        in_vain = any(each.state in ("REJECTED", "CANCELLED", "DROPPED") for each in orders)
        if request.cancel_rest and in_vain:
            standing = [each.intent_id for each in orders if each.state == "ACKED"]
            found += [("unexplained", f"{each} of basket {request.request_id} stands") for each in standing]
    return found


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

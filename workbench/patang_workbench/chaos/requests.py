"""People's own orders: asked of the desk with an id each, and asked again with the same id until there is an
answer, as a client would."""

from collections import Counter
from dataclasses import dataclass

from patang.execution.orders.request_book import Receipt
from patang.execution.orders.requests import (
    Basket,
    ConvertPosition,
    ModifyGtt,
    PersonsWish,
    PlaceGtt,
    PlaceOrder,
)
from patang_workbench.chaos.drawn_wishes import Shown, draw
from patang_workbench.chaos.functions import Functions
from patang_workbench.chaos.naked import Naked
from patang_workbench.chaos.room import Room

__all__ = ["Requests"]

_ACTOR = "owner"
_ASKS_TWICE = 0.1
# How often a person looks at what is not his: the desk's own orders stand in the same book.
_LOOKS_AT_ALL = 0.15
# Market seconds until a client asks again that had no answer.
_AGAIN = (1, 8)


@dataclass(slots=True)
class _Open:
    """A request that has no answer yet."""

    account: str
    request_id: str
    kind: str
    wish: PersonsWish
    due: int


class Requests:
    """`accepted` has the ids of the intents that requests have become, by account. `counts`: requests by kind
    with their answers. `lines`: (user id, instrument like NSE:INFY, product) that any of them was about."""

    def __init__(self, room: Room, functions: Functions, naked: Naked) -> None:
        self._room = room
        self._functions = functions
        self._naked = naked
        self._open: list[_Open] = []
        self._number = 0
        self.accepted: dict[str, list[str]] = {}
        self.counts: Counter[str] = Counter()
        self.lines: set[tuple[str, str, str]] = set()

    @property
    def waiting(self) -> bool:
        """Whether something has no answer yet."""
        return bool(self._open)

    def second(self) -> None:
        """New wishes of a second in the busy part of the day."""
        for account in self._room.accounts:
            if self._room.chance.random() < self._room.plan.asks:
                self._ask(account)

    def again(self) -> None:
        """What had no answer is asked again."""
        now = self._now()
        for one in [one for one in self._open if one.due <= now]:
            self._open.remove(one)
            self._submit(one)

    def _ask(self, account: str) -> None:
        drawn = draw(self._room.chance, self._shown(account))
        if drawn is None:
            return
        kind, wish = drawn
        self._number += 1
        one = _Open(account, f"r-{self._number}", kind, wish, self._now())
        self.lines |= {(self._room.users[account], *line) for line in _lines_of(wish)}
        self._room.tell(account, f"asks {one.request_id}: {wish!r}")
        self._submit(one)
        if self._room.chance.random() < _ASKS_TWICE:
            self._submit(one)

    def _submit(self, one: _Open) -> None:
        receipt = self._functions.call(
            "requests",
            lambda desk: desk.persons_orders().submit(one.account, one.request_id, one.wish, _ACTOR),
        )
        self._room.tell(one.account, f"{one.request_id}: {receipt}")
        if isinstance(receipt, Receipt):
            self._answered(one, receipt)
        elif receipt is None:
            self._later(one)
        else:
            # Of a wish that the desk cannot even read nothing may be left.
            self.counts[f"{one.kind}_unreadable"] += 1

    def _answered(self, one: _Open, receipt: Receipt) -> None:
        if receipt.accepted and not receipt.repeated:
            self.accepted.setdefault(one.account, []).extend(receipt.intent_ids)
        if not receipt.repeated:
            self.counts[f"{one.kind}_{'accepted' if receipt.accepted else 'refused'}"] += 1

    def _later(self, one: _Open) -> None:
        one.due = self._now() + self._room.chance.randint(*_AGAIN)
        self._open.append(one)

    def _shown(self, account: str) -> Shown:
        """What his screen shows, but for what he sells past the desk."""
        room, user_id = self._room, self._room.users[account]
        own = room.exchange.accounts[user_id]
        spared = {key for user, key, _ in self._naked.spared if user == user_id}
        mine = set(self.accepted.get(account, ()))
        everything = room.chance.random() < _LOOKS_AT_ALL
        return Shown(
            lines=[line for line in room.exchange.floor.lines.values() if line.instrument.key not in spared],
            held=[
                (position.line, position.product, position.net)
                for position in own.positions.values()
                if position.net > 0
                and position.product != "CO"
                and position.line.instrument.key not in spared
            ],
            orders=[order for order in own.live.values() if everything or order.terms.tag in mine],
            triggers=[gtt for gtt in room.exchange.gtts.of(own) if gtt.status == "active"],
            positions=[position for position in self._functions.held if position.account == account],
        )

    def _now(self) -> int:
        return int(self._room.market_time.timestamp())


def _lines_of(wish: PersonsWish) -> set[tuple[str, str]]:
    """Instruments and products whose units it may change."""
    match wish:
        case PlaceOrder():
            return {(wish.identifier, wish.product)}
        case Basket():
            return {(order.identifier, order.product) for order in wish.orders}
        case PlaceGtt() | ModifyGtt():
            return {(wish.identifier, leg.product) for leg in wish.legs}
        case ConvertPosition():
            key = f"{wish.exchange}:{wish.tradingsymbol}"
            return {(key, wish.old_product), (key, wish.new_product)}
        case _:
            return set()

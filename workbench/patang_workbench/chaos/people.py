"""What people do in a day: the owner says yes to entries and sells positions; he asks the desk for orders of
his own, and trades on the broker's own pages, past the desk; in the end he has an account flattened."""

from collections import deque
from datetime import datetime, timedelta
from decimal import Decimal

from patang_workbench.chaos.functions import Functions
from patang_workbench.chaos.naked import Naked
from patang_workbench.chaos.requests import Requests
from patang_workbench.chaos.room import Room
from patang_workbench.chaos.wishes import BY_HAND, PRODUCTS, approve, proposal, traded_lines
from patang_workbench.exchange.errors import KiteError

__all__ = ["People"]

# Chances in a market second.
_ENTERS, _SELLS_ONE, _TRADES_BY_HAND, _SELLS_OURS_BY_HAND = 0.05, 0.03, 0.02, 0.006
# How long a workflow waits for the lane.
_PATIENCE = timedelta(seconds=60)


class People:
    """`asked` has the ids of the entries' intents that were submitted, by account."""

    def __init__(self, room: Room, functions: Functions, naked: Naked) -> None:
        self._room = room
        self._functions = functions
        self._naked = naked
        self.requests = Requests(room, functions, naked)
        self._tasks: dict[str, tuple[str, str, datetime]] = {}
        self._steps: deque[tuple[str, str, str]] = deque()
        self._left = dict.fromkeys(room.accounts, room.plan.trades)
        self.asked: dict[str, list[str]] = {}
        self.entries = self.by_hand = 0

    @property
    def busy(self) -> bool:
        """Whether entries are still wanted."""
        return any(self._left.values())

    @property
    def waiting(self) -> bool:
        """Whether a workflow is not over, or a request has no answer."""
        return bool(self._tasks or self._steps or self.requests.waiting)

    def second(self) -> None:
        """What they want in a second of the busy part of the day."""
        chance = self._room.chance
        for account, trades in self._left.items():
            if trades and chance.random() < _ENTERS:
                self._left[account] -= 1
                self._enter(account)
        self.requests.second()
        held = self._functions.held
        if held and chance.random() < _SELLS_ONE * len(held):
            self._sell_one()
        if chance.random() < _TRADES_BY_HAND:
            self._trade_by_hand()
        if held and chance.random() < _SELLS_OURS_BY_HAND * len(held):
            self._sell_ours_by_hand()

    def flatten(self) -> None:
        """One account in four, when no more entries are wanted."""
        now = self._room.market_time
        for account in self._room.chance.sample(self._room.accounts, len(self._room.accounts) // 4):
            self._room.tell(account, "the owner flattens it")
            self._functions.call(
                "person", lambda desk, a=account: desk.flatten().run(a, "enough", "owner", now)
            )

    def workflows(self) -> None:
        """The state machine: what fails leads to Conclude, and nothing that sends is tried again."""
        now, answers = self._room.clock.now(), self._room.around.tasks.answers
        for token, (account, order_id, since) in list(self._tasks.items()):
            answered = token in answers
            if answered or now - since > _PATIENCE:
                answers.setdefault(token, {"reason": "timed out"})
                del self._tasks[token]
                self._steps.append(("SUBMITTED" if answered else "FAILED", account, order_id))
        for _ in range(len(self._steps)):
            step, account, order_id = self._steps.popleft()
            if step == "submit":
                self._submit(account, order_id)
                continue
            self._functions.call(
                "order_workflow",
                lambda desk, a=account, o=order_id, s=step: desk.order_flow().conclude(a, o, s),
            )

    def _enter(self, account: str) -> None:
        room, product = self._room, self._room.chance.choice(PRODUCTS)
        line = room.chance.choice(traded_lines(list(room.exchange.floor.lines.values()), product))
        if not line.bid or not line.ask:
            return
        self.entries += 1
        times = room.market_time, room.clock.now()
        wanted = proposal(room.chance, account, self.entries, product, line, *times)
        approve(room.around.bare_store, wanted)
        room.tell(account, f"wants {wanted.terms}")
        self._steps.append(("submit", account, wanted.order_id))

    def _submit(self, account: str, order_id: str) -> None:
        token = f"token-{order_id}"
        done = self._functions.call(
            "order_workflow", lambda desk: desk.order_flow().submit(account, order_id, token)
        )
        if isinstance(done, dict) and "intent_id" in done:
            self.asked.setdefault(account, []).append(str(done["intent_id"]))
            self._tasks[token] = (account, order_id, self._room.clock.now())
        else:
            self._steps.append(("FAILED", account, order_id))

    def _sell_one(self) -> None:
        position = self._room.chance.choice(self._functions.held)
        line = self._room.exchange.floor.lines[position.instrument_token]
        last, bid = Decimal(line.last) / 100, Decimal(line.bid) / 100 if line.bid else None
        now = self._room.market_time
        self._room.tell(position.account, f"a person sells {position.position_id}")
        self._functions.call(
            "person", lambda desk: desk.exits().begin(position, "PERSON", now, last, bid, "owner")
        )

    def _trade_by_hand(self) -> None:
        """In shares that the desk leaves alone."""
        room = self._room
        account, symbol = room.chance.choice(room.accounts), room.chance.choice(BY_HAND)
        self._naked.spared.add((room.users[account], f"NSE:{symbol}", "MIS"))
        self._by_hand(
            account,
            action="place",
            exchange="NSE",
            tradingsymbol=symbol,
            transaction_type=room.chance.choice(("BUY", "BUY", "SELL")),
            quantity=room.chance.randint(1, 20),
            order_type="MARKET",
            product="MIS",
            validity="DAY",
        )

    def _sell_ours_by_hand(self) -> None:
        """All of what the exchange has of it: what stands to be sold beside it is the desk's to take away.
        Where he has units of his own beside ours, whose it is that he sells is his word alone."""
        position = self._room.chance.choice(self._functions.held)
        user_id = self._room.users[position.account]
        line = user_id, f"{position.exchange}:{position.symbol}", position.product
        if line in self.requests.lines:
            return
        self._naked.spared.add(line)
        self._by_hand(
            position.account,
            action="close",
            exchange=position.exchange,
            tradingsymbol=position.symbol,
            product=position.product,
            validity="DAY",
        )

    def _by_hand(self, account: str, **words: object) -> None:
        try:
            done = self._room.trading.owner(user_id=self._room.users[account], **words)
        except KiteError as refused:
            self._room.tell(account, f"by hand {words}: refused, {refused.message}")
            return
        self.by_hand += 1
        self._room.tell(account, f"by hand {words}: {done['order_id']} {done['status']}")

"""The desk's functions, called as AWS would call them: what fails comes again, and a process that was killed
is gone with what it remembered."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from patang.errors import BadInput, PatangError
from patang.keys import OPEN_POSITIONS
from patang.portfolio.position import Position
from patang.records import load_index
from patang_workbench.chaos.desk import ChaosDesk
from patang_workbench.chaos.naked import Naked
from patang_workbench.chaos.room import Room
from patang_workbench.chaos.steps import Killed
from patang_workbench.chaos.tick_records import marker_record, tick_record
from patang_workbench.chaos.verdict import Finding

__all__ = ["Functions"]

# Of what may run between two steps of a function: mostly the same message again, or an update.
_MEANWHILE = ("again",) * 8 + ("hear",) * 8 + ("guard",) * 4 + ("reconcile",)
# Of the messages that a lane has dealt with, how many come again all the same.
_REDELIVERED = 0.05


class Functions:
    """One process for each function, until it is killed."""

    def __init__(self, room: Room, naked: Naked) -> None:
        self._room = room
        self._naked = naked
        self._processes: dict[str, ChaosDesk] = {}
        self.held: list[Position] = []
        """What was open when the guard last looked."""
        self.unmeant: list[Finding] = []
        """Errors that nobody has meant to raise."""
        room.steps.meanwhile = self._meanwhile

    def call(self, function: str, act: Callable[[ChaosDesk], object], *, fresh: bool = False) -> object:
        """One invocation: its result, or None where it failed or was killed. `fresh`: in another process."""
        desk = ChaosDesk(self._room.around) if fresh else self._process(function)
        try:
            with self._room.steps.invocation(function):
                return act(desk)
        except Killed:
            self._processes.pop(function, None)
            self._room.tell("", f"{function} was killed")
        except BadInput as error:
            self._room.tell("", f"{function} cannot read: {error}")
            return f"UNREADABLE: {error}"
        except (PatangError, ClientError) as error:
            self._room.tell("", f"{function} failed: {type(error).__name__}: {error}")
        except Exception as error:
            # AWS would call again, and so does the day; but nobody has meant this one.
            self.unmeant.append(Finding("unexplained", "", f"{function}: {type(error).__name__}: {error}"))
            self._room.tell("", f"{function} broke: {type(error).__name__}: {error}")
        finally:
            self.look(function)
        return None

    def look(self, where: str) -> None:
        """Whether more stands to be sold than is held, after what was just done."""
        for user_id, key, product in self._naked.look():
            account = next(name for name, user in self._room.users.items() if user == user_id)
            self._room.tell(account, f"NAKED after {where}: {key} {product}")

    def guard(self) -> None:
        """A batch of ticks of what is held, and the marker behind it."""
        self.held = load_index(self._room.around.bare_store, Position, OPEN_POSITIONS)
        lines = self._room.exchange.floor.lines
        tokens = sorted({position.instrument_token for position in self.held})
        now = self._room.market_time
        records = [tick_record([lines[token] for token in tokens], now), marker_record(now)]
        self.call("guard", lambda desk: desk.guard().process(records))

    def reconcile(self) -> None:
        """What the schedule starts."""
        now = self._room.market_time
        self.call("reconciler", lambda desk: desk.reconciler().run(now))

    def deliver(self) -> bool:
        """One message of one queue; False if there is none."""
        around = self._room.around
        acts: list[Callable[[], None]] = [
            lambda group=group: self._lane(group) for group in around.lane.ready()
        ]
        self._room.chance.shuffle(acts)
        acts = acts[:3]
        if around.updates.waiting:
            acts += [self._update, self._update]
        if self._room.polls.waiting:
            acts.append(self._poll)
        if not acts:
            return False
        self._room.chance.choice(acts)()
        return True

    def _lane(self, group: str) -> None:
        queue, room = self._room.around.lane, self._room
        message = queue.receive(group)
        state = self.call("order_lane", lambda desk: desk.order_lane().process(message.body))
        room.tell(str(message.body["account"]), f"lane {message.body['intent_id']}: {state}")
        if not isinstance(state, str):
            queue.give_up(group)
        elif room.plan.badness > 0 and message.receives == 1 and room.chance.random() < _REDELIVERED:
            queue.redeliver(group)
        else:
            queue.delete(group)

    def _update(self) -> None:
        message = self._room.around.updates.take()
        if message is None:
            return
        body = message.body
        result = self.call("order_updates", lambda desk: desk.order_updates().apply(body))
        order = body["order"]
        told = f"{body['source']} {order['order_id']} {order['status']} {order['filled_quantity']}"
        self._room.tell(str(body["account"]), f"{told}: {result}")
        if not isinstance(result, str):
            self._room.around.updates.failed(message)

    def _poll(self) -> None:
        message = self._room.polls.take()
        if message is None:
            return
        if "reconcile" in message.body:
            self.call("reconciler", lambda desk: desk.reconciler().ask(message.body["reconcile"]))
        else:
            self.call("polling", lambda desk: desk.polling().poll(message.body))

    def _meanwhile(self, function: str) -> None:
        """Between two steps of `function`."""
        act = self._room.chance.choice(_MEANWHILE)
        if act == "again" and function == "order_lane":
            self._same_message()
        elif act == "guard":
            self.guard()
        elif act == "reconcile":
            asked = [self._room.chance.choice(self._room.accounts)]
            self.call("reconciler", lambda desk: desk.reconciler().ask(asked), fresh=True)
        else:
            self._room.hear()
            self._update()

    def _same_message(self) -> None:
        """A second lane is given what the first one is working on."""
        groups = self._room.around.lane.groups.values()
        busy = [waiting[0].body for waiting in groups if waiting and waiting[0].receives]
        if busy:
            body = self._room.chance.choice(busy)
            self.call("order_lane", lambda desk: desk.order_lane().process(body), fresh=True)

    def _process(self, function: str) -> ChaosDesk:
        return self._processes.setdefault(function, ChaosDesk(self._room.around))

"""A person's word on an open position: another stop, another target.

The guard sells by them from its next look on, within a second of market time, and what rests at the broker is
changed through the lane. What a person has set is not taken back by a late fill of the entry; a stop that
trails goes on rising above it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from patang.execution.guarding.stop_risk import StopRisk, stop_risk
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.execution.orders.broken import Broken, told
from patang.execution.prices import on_tick, tick_ceiling, tick_floor
from patang.execution.protection.protector import Protector
from patang.identity.principal import is_program
from patang.identity.rights import OwnerNeeded
from patang.keys import intent_key, mark_key, position_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.portfolio.position import ByHand, Mark, Position
from patang.ports import Clock, Put, StateStore, Write, WriteConflict
from patang.records import change, create, load, replace
from patang.risk.account_view import view_account
from patang.settings import Mode, Settings

__all__ = ["LevelChange", "LevelWish", "PersonsLevels"]


@dataclass(frozen=True, slots=True)
class LevelWish:
    """What is to stand from now on, rupees a unit; None stays as it is. `beyond_limits`: whoever asks knows
    that a limit of risk is passed by it."""

    stop: Decimal | None = None
    target: Decimal | None = None
    reason: str = ""
    beyond_limits: bool = False


@dataclass(frozen=True, slots=True)
class LevelChange:
    """The position as it was and as it is; the same where nothing was changed. `broken`: the rules that the
    wish breaks, or why the position takes none. `passed`: the limits of risk that it has been set beyond, in
    sentences."""

    before: Position | None
    position: Position | None
    broken: tuple[Broken, ...] = ()
    passed: tuple[str, ...] = ()

    @property
    def was_made(self) -> bool:
        """Whether anything has changed."""
        return self.before is not self.position


class PersonsLevels:
    """One change at a time, written against the position as it is."""

    def __init__(
        self, store: StateStore, protector: Protector, settings: Callable[[], Settings], clock: Clock
    ) -> None:
        self._store = store
        self._protector = protector
        self._settings = settings
        self._clock = clock

    def set(
        self, account: str, position_id: str, wish: LevelWish, actor: str, as_of: datetime
    ) -> LevelChange:
        """Sets what is asked for, or says which rules it breaks. `as_of` is market time.

        Raises OwnerNeeded where a program's stop would risk more than before, StopTrading where its risk
        cannot be told, and WriteConflict where others keep changing the position.
        """
        done = change(self._store, lambda: self._decide(account, position_id, wish, actor, as_of))
        if done.was_made:
            # Where others write at this moment the guard's and the reconciler's sweeps take the same step.
            with suppress(WriteConflict):
                self._protector.keep(account, position_id, as_of)
        return done

    def _decide(
        self, account: str, position_id: str, wish: LevelWish, actor: str, as_of: datetime
    ) -> tuple[LevelChange, Sequence[Write]]:
        current = load(self._store, Position, position_key(account, position_id))
        closed = _takes_none(current, position_id, self._settings().mode)
        if current is None or closed is not None:
            return LevelChange(current, current, told((closed,))), ()
        mark = load(self._store, Mark, mark_key(position_id))
        broken = told(_broken(current, mark, wish))
        stop, target = wish.stop or current.stop_loss_price, wish.target or current.target_price
        if broken or (stop, target) == (current.stop_loss_price, current.target_price):
            return LevelChange(current, current, broken), ()
        passed, held_against = self._limits(current, stop, actor, as_of)
        if passed and not wish.beyond_limits:
            remedy = f"{'; '.join(passed)}. Say beyond_limits to set it all the same"
            return LevelChange(current, current, (Broken("stop_loss_price", str(stop), remedy),)), ()
        changed = _with_levels(current, stop, target)
        event = self._event(current, changed, mark, wish, passed, actor, as_of)
        after = changed.evolve(revision=changed.revision + 1)
        return LevelChange(current, after, passed=passed), (replace(changed), *held_against, event)

    def _limits(
        self, position: Position, stop: Decimal, actor: str, as_of: datetime
    ) -> tuple[tuple[str, ...], Sequence[Write]]:
        """The limits that a stop passes which risks more, and the write that it is decided against: an entry
        that is being decided on meanwhile sees the risk that this adds."""
        if stop == position.stop_loss_price:
            return (), ()
        known = load(self._store, RiskState, risk_key(position.account))
        state = known or RiskState(account=position.account)
        entry = load(self._store, OrderIntent, intent_key(position.account, position.entry_intent_id))
        risk = stop_risk(position, stop, entry, state, as_of.astimezone(IST).date())
        held = risk.held_in(state)
        against = (create(held) if known is None else replace(held),)
        if risk.added <= 0:
            return (), against if risk.reserved else ()
        if is_program(actor):
            raise OwnerNeeded(_of_its_owner(position, risk))
        settings, now = self._settings(), self._clock.now()
        view = view_account(self._store, position.account, as_of, now, settings, state=state)
        return tuple(risk.passed(view, settings)), against

    def _event(
        self,
        before: Position,
        after: Position,
        mark: Mark | None,
        wish: LevelWish,
        passed: tuple[str, ...],
        actor: str,
        as_of: datetime,
    ) -> Put:
        return journal(
            before.account,
            "POSITION_LEVELS_SET",
            f"{before.position_id}#{before.revision}",
            as_of,
            self._clock.now(),
            actor,
            position_id=before.position_id,
            symbol=before.symbol,
            stop_before=before.stop_loss_price,
            stop_after=after.stop_loss_price,
            target_before=before.target_price,
            target_after=after.target_price,
            last_price=None if mark is None else mark.last_price,
            trailing_stop=None if mark is None else mark.trailing_stop,
            limits_passed=list(passed),
            reason=wish.reason,
        )


def _takes_none(position: Position | None, position_id: str, mode: Mode) -> Broken | None:
    """Why the position takes no level now, if it does not."""
    if position is None:
        return Broken("position_id", position_id, "there is none of this id: see the positions")
    if position.state == "CLOSING":
        why = f"it is being sold already ({position.exit_reason}): nothing is set any more"
    elif position.state == "CLOSED" or position.open_quantity <= 0:
        why = "nothing of it is held any more"
    elif position.mode != mode:
        why = f"it was bought in mode {position.mode}, and the desk is in mode {mode}"
    elif position.price_exits_suspended:
        why = "its share was restated overnight: say the ratio first (patang positions adjust)"
    else:
        return None
    return Broken("position_id", position_id, why)


def _broken(position: Position, mark: Mark | None, wish: LevelWish) -> Iterator[Broken]:
    """The rules that the levels break. What would sell at once is an exit, and is to be asked for as one."""
    if wish.stop is None and wish.target is None:
        yield Broken("stop_loss_price", "nothing", "give stop_loss_price, target_price, or both")
    last = position.entry_price if mark is None else mark.last_price
    trailing = None if mark is None else mark.trailing_stop
    if wish.stop is not None:
        yield from _off_tick("stop_loss_price", wish.stop, position.tick_size)
        if wish.stop >= last:
            yield _at_once("stop_loss_price", wish.stop, f"below the last price of {last}")
        if wish.stop >= (wish.target or position.target_price):
            yield Broken("stop_loss_price", str(wish.stop), "a stop lies below the target")
        if trailing is not None and wish.stop < trailing:
            risen = f"the stop has trailed the price to {trailing:.2f} already, and is never lowered"
            yield Broken("stop_loss_price", str(wish.stop), risen)
    if wish.target is not None:
        yield from _off_tick("target_price", wish.target, position.tick_size)
        if wish.target <= last:
            yield _at_once("target_price", wish.target, f"above the last price of {last}")


def _off_tick(field: str, price: Decimal, tick: Decimal) -> Iterator[Broken]:
    if not on_tick(price, tick):
        near = f"{max(tick_floor(price, tick), tick)} or {tick_ceiling(price, tick)}"
        yield Broken(field, str(price), f"prices come in steps of {tick}: give {near}")


def _at_once(field: str, price: Decimal, where: str) -> Broken:
    return Broken(field, str(price), f"it would sell at once: give one {where}, or exit the position")


def _of_its_owner(position: Position, risk: StopRisk) -> str:
    """Why no program sets this stop."""
    if risk.stop < position.stop_loss_price:
        why = f"a stop of {risk.stop} is below that of {position.stop_loss_price}"
        who = "its owner lowers it, signed in on the desk's page"
    else:
        why = f"a stop of {risk.stop} would stay there while {risk.coming} units are still being bought"
        who = "its owner sets it, signed in on the desk's page, or you once the order has ended"
    return f"{why}, which raises what {position.symbol} may lose: {who}"


def _with_levels(position: Position, stop: Decimal, target: Decimal) -> Position:
    set_now: set[ByHand] = set(position.by_hand)
    if stop != position.stop_loss_price:
        set_now.add("stop")
    if target != position.target_price:
        set_now.add("target")
    resting = position.protection
    if resting is not None and resting.state == "RESTING":
        resting = resting.unhindered()
    return position.evolve(
        stop_loss_price=stop, target_price=target, by_hand=tuple(sorted(set_now)), protection=resting
    )

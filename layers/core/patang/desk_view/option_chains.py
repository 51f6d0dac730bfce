"""Option chains as they are looked at: strikes with their call and put, and what the open interest says.

The desk keeps a chain every five minutes; nothing here asks the broker.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pydantic import ValidationError

from patang.desk_view.views import Moment, ShownModel
from patang.errors import BadInput
from patang.market.kept_chain import ChainRow, ChainSnapshot
from patang.market.open_interest import max_pain, put_call_ratio
from patang.market.sessions import IST
from patang.market.universe import DayUniverses
from patang.ports import ObjectStore

__all__ = ["ChainView", "ContractView", "OptionChains", "StrikeView", "UnderlyingView"]

_EVERY = timedelta(minutes=5)
# How far back the newest is looked for: longer than any pause of a day's trading.
_BACK = 12
# Longer than any holidays with the weekends about them.
_DAYS_BACK = 10
_MOST_REMEMBERED = 32


class ContractView(ShownModel):
    """A contract as of the chain's moment. Prices in rupees, `volume` and `oi` in units, not lots.

    `oi_change` is in units since the last chain of the session before, `oi_trend` in percent over fifteen
    minutes; `iv` a fraction a year, `gamma` delta a rupee of the underlying, `theta` rupees a day, `vega`
    rupees a point of volatility. Null: not known, never zero.
    """

    identifier: str
    last: float | None
    bid: float | None
    ask: float | None
    volume: int
    oi: int
    oi_change: int | None
    oi_trend: float | None
    iv: float | None
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    time_value: float | None
    exchange_time: Moment


class StrikeView(ShownModel):
    """A strike in rupees with what is watched of it."""

    strike: float
    call: ContractView | None
    put: ContractView | None


class UnderlyingView(ShownModel):
    """What options are watched on, and their expiries."""

    underlying: str
    expiries: tuple[date, ...]


class ChainView(ShownModel):
    """An expiry's strikes round the money, lowest first. `at_the_money` is the strike next to `spot`.

    `iv`, `iv_skew` (fractions a year) and `iv_rank` (0 to 1) are the underlying's. `put_call_ratio` (open
    interest of puts by that of calls) and `max_pain` (a strike) are of all watched contracts of the expiry,
    also of those that are not shown; `contracts` is how many. Open interest is held against `oi_since`.
    """

    underlying: str
    as_of: Moment
    spot: float
    expiry: date
    expiries: tuple[date, ...]
    at_the_money: float
    iv: float | None
    iv_skew: float | None
    iv_rank: float | None
    put_call_ratio: float | None
    max_pain: float | None
    contracts: int
    oi_since: Moment | None
    strikes: tuple[StrikeView, ...]


class OptionChains:
    """Remembers the chains it has read: one that is kept does not change."""

    def __init__(self, objects: ObjectStore, universes: DayUniverses) -> None:
        self._objects = objects
        self._universes = universes
        self._read: OrderedDict[str, ChainSnapshot] = OrderedDict()
        self._ended: dict[tuple[str, date], str | None] = {}

    def underlyings(self, day: date) -> tuple[UnderlyingView, ...]:
        """What options are watched on that day, by name; nothing before its morning. Raises BadInput."""
        universe = self._universes.of(day)
        expiries: dict[str, set[date]] = {}
        for one in () if universe is None else universe.instruments:
            if one.is_option and one.expiry is not None:
                expiries.setdefault(one.underlying, set()).add(one.expiry)
        return tuple(
            UnderlyingView(underlying=name, expiries=tuple(sorted(expiries[name])))
            for name in sorted(expiries)
        )

    def newest(self, underlying: str, until: datetime) -> ChainSnapshot | None:
        """The last chain of the hour up to `until`; None where none is kept. Raises BadInput."""
        at = until.astimezone(IST).replace(second=0, microsecond=0)
        at -= timedelta(minutes=at.minute % (_EVERY // timedelta(minutes=1)))
        chains = (self._chain(ChainSnapshot.path(underlying, at - back * _EVERY)) for back in range(_BACK))
        return next((chain for chain in chains if chain is not None), None)

    def view(
        self, underlying: str, until: datetime, expiry: date | None = None, each_side: int = 10
    ) -> ChainView | None:
        """`each_side` strikes either side of the money at the nearest expiry, or at `expiry`.

        None where no chain is kept. Raises BadInput if nothing of `expiry` is watched.
        """
        chain = self.newest(underlying, until)
        if chain is None or not chain.rows:
            return None
        expiries = tuple(sorted({row.expiry for row in chain.rows}))
        shown = expiry or expiries[0]
        if shown not in expiries:
            raise BadInput(f"no contract of {shown} is watched: {', '.join(map(str, expiries))}")
        rows = [row for row in chain.rows if row.expiry == shown]
        strikes = sorted({row.strike for row in rows})
        money = min(strikes, key=lambda strike: abs(strike - chain.spot))
        at = strikes.index(money)
        ended = self._last_of_the_session_before(underlying, chain.as_of.astimezone(IST).date())
        before = {} if ended is None else {row.identifier: row.oi for row in ended.rows}
        return ChainView(
            underlying=underlying,
            as_of=chain.as_of,
            spot=chain.spot,
            expiry=shown,
            expiries=expiries,
            at_the_money=money,
            iv=chain.iv,
            iv_skew=chain.iv_skew,
            iv_rank=chain.iv_rank,
            put_call_ratio=put_call_ratio(rows),
            max_pain=max_pain(rows),
            contracts=len(rows),
            oi_since=None if ended is None else ended.as_of,
            strikes=tuple(
                StrikeView(
                    strike=strike,
                    call=_contract(rows, strike, "CE", before),
                    put=_contract(rows, strike, "PE", before),
                )
                for strike in strikes[max(at - each_side, 0) : at + each_side + 1]
            ),
        )

    def contract(
        self, underlying: str, identifier: str, until: datetime
    ) -> tuple[Moment, ContractView] | None:
        """A contract and the moment that it is shown as of; None where the newest chain lacks it."""
        chain = self.newest(underlying, until)
        row = next((one for one in chain.rows if one.identifier == identifier), None) if chain else None
        if chain is None or row is None:
            return None
        ended = self._last_of_the_session_before(underlying, chain.as_of.astimezone(IST).date())
        before = {} if ended is None else {one.identifier: one.oi for one in ended.rows}
        return chain.as_of, _view(row, before)

    def _last_of_the_session_before(self, underlying: str, day: date) -> ChainSnapshot | None:
        if (underlying, day) not in self._ended:
            # Of yesterday's days nobody asks any more.
            self._ended = {known: path for known, path in self._ended.items() if known[1] == day}
            self._ended[underlying, day] = self._last_path_before(underlying, day)
        path = self._ended[underlying, day]
        return None if path is None else self._chain(path)

    def _last_path_before(self, underlying: str, day: date) -> str | None:
        for back in range(1, _DAYS_BACK + 1):
            folder = f"chains/{day - timedelta(days=back)}/"
            paths = [path for path in self._objects.list(folder) if path.endswith(f"/{underlying}.json")]
            if paths:
                return max(paths)
        return None

    def _chain(self, path: str) -> ChainSnapshot | None:
        if path not in self._read:
            content = self._objects.get(path)
            if content is None:
                return None
            try:
                self._read[path] = ChainSnapshot.model_validate_json(content)
            except ValidationError as error:
                raise BadInput(f"the kept chain {path} does not parse: {error}") from error
        self._read.move_to_end(path)
        while len(self._read) > _MOST_REMEMBERED:
            self._read.popitem(last=False)
        return self._read[path]


def _contract(
    rows: Sequence[ChainRow], strike: float, kind: str, before: dict[str, int]
) -> ContractView | None:
    row = next((one for one in rows if one.strike == strike and one.type == kind), None)
    return None if row is None else _view(row, before)


def _view(row: ChainRow, before: dict[str, int]) -> ContractView:
    known = before.get(row.identifier)
    told = row.model_dump(include=set(ContractView.model_fields))
    return ContractView(**told, oi_change=None if known is None else row.oi - known)

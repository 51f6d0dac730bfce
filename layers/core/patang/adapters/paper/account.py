"""A paper account where it is kept: its book, its funds, and the market it trades in."""

from collections.abc import Callable
from datetime import date, datetime

from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.gtt import PaperGtt
from patang.adapters.paper.keys import paper_funds_key, paper_gtt_key, paper_order_key
from patang.adapters.paper.order import PaperOrder
from patang.adapters.paper.square_off import ends_intraday
from patang.errors import BrokerRefused, StopTrading, TryAgain
from patang.execution.market_clock import market_time
from patang.market.exchange_calendar import Segment
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST, Session, session_on
from patang.ports import Clock, StateStore, Write, WriteConflict
from patang.records import create, load, load_all, replace
from patang.settings import Settings

__all__ = ["PaperAccount", "segment_of"]

_ATTEMPTS = 5
_DERIVATIVES = ("NFO", "BFO")


def segment_of(instrument: Instrument) -> Segment:
    """The segment whose hours the instrument has."""
    if instrument.exchange in _DERIVATIVES:
        return "derivatives"
    return "cash_with_auction" if instrument.has_derivatives else "cash"


class PaperAccount:
    """Reads and writes one account. `universe` gives the instruments of a market day."""

    def __init__(
        self,
        account: str,
        store: StateStore,
        clock: Clock,
        settings: Callable[[], Settings],
        universe: Callable[[date], Universe | None],
    ) -> None:
        self.name = account
        self._store = store
        self._clock = clock
        self._settings = settings
        self._universe = universe

    def wall_time(self) -> datetime:
        return self._clock.now()

    def now(self) -> datetime:
        """Market time. Raises BrokerRefused while there is none."""
        try:
            return market_time(self._store)
        except StopTrading as error:
            raise BrokerRefused(f"Paper orders need ticks to meet: {error}") from error

    def instrument(self, exchange: str, tradingsymbol: str, day: date) -> Instrument:
        universe = self._universe(day)
        identifier = f"{exchange}:{tradingsymbol}"
        found = None if universe is None else universe.by_identifier().get(identifier)
        if found is None:
            raise BrokerRefused(
                f"{identifier} is not in the universe of {day}: paper orders have no ticks to meet."
            )
        return found

    def session(self, instrument: Instrument, day: date) -> Session:
        """Raises BrokerRefused where the exchange is shut, or nobody knows whether it is."""
        session = self.session_or_none(instrument, day)
        if session is None:
            raise BrokerRefused(f"The exchange is closed on {day}.")
        return session

    def session_or_none(self, instrument: Instrument, day: date) -> Session | None:
        """None where the exchange is shut. Raises BrokerRefused where nobody knows whether it is."""
        try:
            return session_on(day, segment_of(instrument), self._settings().sessions)
        except StopTrading as error:
            raise BrokerRefused(f"The hours of {day} are not known: {error}") from error

    def ends_intraday(self, instrument: Instrument, session: Session) -> datetime:
        """When the broker ends intraday positions of that day, and takes no more orders of them."""
        return ends_intraday(instrument.exchange, session, self._settings().exits)

    def funds(self) -> PaperFunds:
        """As of the market's day."""
        known = load(self._store, PaperFunds, paper_funds_key(self.name))
        if known is None:
            known = PaperFunds(account=self.name, cash=self._settings().capital.starting_capital_inr)
        try:
            return known.on_day(market_time(self._store).astimezone(IST).date())
        except StopTrading:
            return known

    def order(self, order_id: str) -> PaperOrder | None:
        return load(self._store, PaperOrder, paper_order_key(self.name, order_id))

    def book(self) -> list[PaperOrder]:
        """Orders that rest, or came to the exchange on this day of wall time."""
        today = self.wall_time().astimezone(IST).date()
        first = paper_order_key(self.name, "")
        found = load_all(self._store, PaperOrder, first.partition, first.sort)
        return [o for o in found if o.is_resting or o.written_at.astimezone(IST).date() == today]

    def gtt(self, gtt_id: str) -> PaperGtt | None:
        return load(self._store, PaperGtt, paper_gtt_key(self.name, gtt_id))

    def gtts(self) -> list[PaperGtt]:
        first = paper_gtt_key(self.name, "")
        return load_all(self._store, PaperGtt, first.partition, first.sort)

    def write[T](self, what: str, decide: Callable[[], tuple[T, list[Write]]]) -> T:
        """Writes what was decided on what stands now, and decides again if somebody was faster.

        Raises TryAgain when that has happened too often; nothing was written then.
        """
        for _ in range(_ATTEMPTS):
            result, writes = decide()
            try:
                if writes:
                    self._store.write(*writes)
            except WriteConflict:
                continue
            return result
        raise TryAgain(f"the paper account {self.name!r} is busy: {what}")

    @staticmethod
    def stored(funds: PaperFunds) -> Write:
        return replace(funds) if funds.revision else create(funds)

"""Accounts and their brokers: Kite, or on paper."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from patang.accounts.health import note_call
from patang.accounts.service import AccountService
from patang.adapters.kite.login import KiteLogin
from patang.approvals.proposal import OrderTerms
from patang.errors import PatangError, TryAgain
from patang.execution.orders.live_market import LiveMarket
from patang.execution.orders.market_facts import MarketFacts, facts_of
from patang.market.instrument_dumps import dump_days, find_listing, load_dump
from patang.market.instruments import Instrument, Universe
from patang.portfolio.held import held_identifiers
from patang.ports import (
    Broker,
    MarketData,
    PaperMatcher,
)
from patang.settings import KiteSettings, Mode

if TYPE_CHECKING:
    from patang.adapters.kite.broker import KiteBroker
    from patang.adapters.kite.calls import KiteCalls
    from patang.market.instrument_table import InstrumentTable
    from patang.ports.broker_reads import BrokerReads
from patang.app.surroundings import Surroundings

__all__ = ["Brokers"]


class Brokers(Surroundings):
    """One client an account and mode, kept for the life of the process."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        super().__init__(environment)
        self._brokers: dict[tuple[str, Mode], Broker] = {}
        self._calls: dict[tuple[str, Mode | None], KiteCalls] = {}
        self._universes: dict[date, Universe] = {}
        self._listings: dict[date, InstrumentTable] = {}

    def accounts(self) -> AccountService:
        return self._accounts

    def broker(self, account: str, mode: Mode | None = None) -> Broker:
        """The account's broker in a mode (None: the one in force): on paper, or Kite.

        Kite's answers only while the settings are in that mode, because they say whether its address is a
        simulator's or the real one. Otherwise its calls raise TryAgain, and nothing has been sent.
        """
        mode = mode or self.standing_settings().mode
        if (account, mode) not in self._brokers:
            made = self._paper_broker(account) if mode == "paper" else self._kite_broker(account, mode)
            self._brokers[account, mode] = made
        return self._brokers[account, mode]

    def market_data(self) -> MarketData:
        """Quotes, history and instruments, from the account that supplies data."""
        from patang.adapters.kite.market_data import KiteMarketData

        return KiteMarketData(self._kite_calls(self.standing_settings().data_account, None))

    def broker_reads(self, account: str) -> "BrokerReads":
        """All that can be read of the account; its book is paper's while the desk trades on paper."""
        from patang.adapters.kite.reads import KiteReads

        settings = self.standing_settings()
        kite = KiteReads(self._kite_calls(account, None), self._kite_calls(settings.data_account, None))
        if settings.mode != "paper":
            return kite
        from patang.adapters.paper.reads import PaperReads

        return PaperReads(self.broker(account, "paper"), kite)

    def listings(self) -> "InstrumentTable | None":
        """All that the newest dump lists, read once a day of dumps; None before the first."""
        newest = max(dump_days(self.objects), default=None)
        if newest is None:
            return None
        if newest not in self._listings:
            table = load_dump(self.objects, newest)
            if table is None:
                return None
            self._listings = {newest: table}
        return self._listings[newest]

    def check_session(self, account: str) -> None:
        """Asks the broker whether the account's session lives. Notes a dead one and raises SessionExpired."""
        self._kite_broker(account, None).profile()

    def paper_matcher(self) -> PaperMatcher:
        from patang.adapters.paper.exchange import PaperExchange

        return PaperExchange(self.store, self.clock, self.standing_settings)

    @cached_property
    def _accounts(self) -> AccountService:
        return AccountService(
            self.store,
            self.secrets,
            self.clock,
            KiteLogin(self._kite_settings),
            secret_prefix=self.variable("SECRET_PREFIX"),
            login_root=lambda: self._kite_settings().login_root,
            desk_address=self.public_url,
            triggers=self._waiting_triggers,
        )

    def _waiting_triggers(self, account: str) -> set[str] | None:
        try:
            return {gtt.gtt_id for gtt in self.broker(account).gtts() if gtt.status == "active"}
        except PatangError:
            # Above all without a session: whoever asks is told that it is not known.
            return None

    def _kite_settings(self, mode: Mode | None = None) -> KiteSettings:
        settings = self.standing_settings()
        if mode is not None and mode != settings.mode:
            raise TryAgain(f"the desk has gone from mode {mode} to {settings.mode}: nothing was sent")
        return settings.kite

    def _paper_broker(self, account: str) -> Broker:
        from patang.adapters.paper.broker import PaperBroker

        return PaperBroker(account, self.store, self.clock, self.standing_settings, self._universe_of)

    def _facts(self, terms: OrderTerms, as_of: datetime) -> MarketFacts | None:
        """The market of an order as it is now; None for an instrument that is not of the day's universe."""
        universe = self._universe_of(as_of.date())
        identifier = f"{terms.exchange}:{terms.tradingsymbol}"
        instrument = universe.by_identifier().get(identifier) if universe else None
        if instrument is None:
            return None
        quote = LiveMarket(self.market_data).quote(identifier)
        return facts_of(instrument, quote, as_of, self.standing_settings())

    def _listed(self, exchange: str, tradingsymbol: str, as_of: datetime) -> Instrument | None:
        """What is watched, else what the newest dump lists."""
        universe = self._universe_of(as_of.date())
        watched = universe.by_identifier() if universe else {}
        if f"{exchange}:{tradingsymbol}" in watched:
            return watched[f"{exchange}:{tradingsymbol}"]
        listing = find_listing(self.objects, as_of.date(), exchange, tradingsymbol)
        return None if listing is None else listing.instrument()

    def _universe_of(self, day: date) -> Universe | None:
        if day not in self._universes:
            from patang.market.universe import load_universe

            found = load_universe(self.store, self.objects, day)
            if found is None:
                return None
            self._universes = {day: found}
        return self._universes[day]

    def _kite_broker(self, account: str, mode: Mode | None) -> "KiteBroker":
        from patang.adapters.kite.broker import KiteBroker
        from patang.adapters.kite.foreign_rows import ForeignRows

        foreign = ForeignRows(lambda identifier: identifier in held_identifiers(self.store), self.metrics)
        return KiteBroker(self._kite_calls(account, mode), foreign)

    def _note_call(self, account: str, milliseconds: float) -> None:
        try:
            note_call(self.store, account, milliseconds, self.clock.now())
        except Exception as error:
            # The call was made and its answer matters; a missing measurement only leaves a gate open.
            self.metrics.count("call_not_noted", error=type(error).__name__)

    def _kite_calls(self, account: str, mode: Mode | None) -> "KiteCalls":
        # Here and above, not at the top: most functions are deployed without the client's layer.
        if (account, mode) not in self._calls:
            from patang.adapters.kite.calls import KiteCalls

            self._calls[account, mode] = KiteCalls(
                lambda: self._accounts.credentials(account),
                lambda used: self._accounts.mark_expired(account, used.version),
                lambda: self._kite_settings(mode),
                self.metrics,
                # Calls for market data are large; they say nothing of how long an order would take.
                measured=None if mode is None else lambda took: self._note_call(account, took),
            )
        return self._calls[account, mode]

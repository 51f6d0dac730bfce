"""What a person's order meets: the account, the market and the rules in force."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from patang.accounts.account import Account
from patang.accounts.session import KiteSession
from patang.errors import PatangError, TryAgain
from patang.execution.market_clock import market_time
from patang.execution.orders.broken import Broken
from patang.execution.orders.market_facts import MarketFacts, MarketQuote, facts_of
from patang.execution.preflight import entry_refusal
from patang.keys import account_key, risk_key, session_key
from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.ports import Broker, Clock, StateStore
from patang.records import load
from patang.said_by_others import quoted
from patang.settings import Mode, Settings

__all__ = ["OrderDesk"]


class OrderDesk:
    """`broker` gives an account's broker in a mode, `market` quotes as they are now, `instrument` what is
    listed on a day, `settings` what entries go by now and `standing` what everything else goes by.
    """

    def __init__(
        self,
        store: StateStore,
        broker: Callable[[str, Mode], Broker],
        market: Callable[[Iterable[str]], Mapping[str, MarketQuote]],
        instrument: Callable[[str, str, datetime], Instrument | None],
        settings: Callable[[], Settings],
        standing: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        self.store = store
        self.clock = clock
        self._broker = broker
        self._market = market
        self._instrument = instrument
        self._settings = settings
        self._standing = standing

    def settings(self, *, buying: bool) -> Settings:
        """What the request goes by. Raises StopTrading for a purchase while the stored settings are wrong."""
        return self._settings() if buying else self._standing()

    def broker(self, account: str) -> Broker:
        """The account's broker in the mode in force."""
        return self._broker(account, self._standing().mode)

    def moment(self) -> datetime:
        """Market time: the wall's, but for a market that is simulated. Raises StopTrading before that has
        begun."""
        if self._standing().simulated_market:
            return market_time(self.store)
        return self.clock.now().astimezone(IST)

    def listed(self, exchange: str, tradingsymbol: str) -> Instrument | None:
        """What is listed by that name today."""
        return self._instrument(exchange, tradingsymbol, self.moment())

    def look(self, identifiers: Iterable[str], *, buying: bool) -> Mapping[str, MarketQuote]:
        """The quotes of these instruments, asked for at once. A sale goes on without, a purchase does not: it
        raises as MarketData does."""
        try:
            return self._market(identifiers)
        except PatangError:
            if buying:
                raise
            return {}

    def facts(
        self,
        exchange: str,
        tradingsymbol: str,
        as_of: datetime,
        *,
        buying: bool,
        seen: Mapping[str, MarketQuote] | None = None,
    ) -> MarketFacts | Broken:
        """The market of an instrument, by the quotes that were `seen`, or else asked for; a broken rule where
        nothing of that name is listed. Raises TryAgain for a purchase without a quote, and as `look` and
        `facts_of` do.
        """
        found = self._instrument(exchange, tradingsymbol, as_of)
        if found is None:
            return Broken(
                "tradingsymbol", tradingsymbol, f"it is not listed on {exchange}: search the instruments"
            )
        name = found.identifier
        quote = (self.look([name], buying=buying) if seen is None else seen).get(name)
        if quote is None and buying and found.instrument_type != "INDEX":
            raise TryAgain(f"the broker has no quote of {name}: nothing is bought without one")
        return facts_of(found, quote, as_of, self.settings(buying=buying))

    def account_broken(
        self, account: str, as_of: datetime, *, buying: bool, product: str | None = None
    ) -> Broken | None:
        """Why the account may not do this now, with this product. A purchase is stopped by everything that
        stops an entry of the desk's own, but for the gates of strategies: halts, the day's breaker, and the
        preflight of real orders.
        """
        found = load(self.store, Account, account_key(account))
        if found is None:
            return Broken("account", account, "there is none of this name: see the accounts")
        signed_in = load(self.store, KiteSession, session_key(account))
        if signed_in is None or not signed_in.is_live(self.clock.now()):
            return Broken("account", account, "it is not signed in at the broker: log in first")
        if not buying:
            return None
        if not found.enabled:
            return Broken("account", account, "it does not trade: enable it first")
        risk = load(self.store, RiskState, risk_key(account))
        if risk is not None and risk.is_halted_on(as_of.date()):
            why = quoted(risk.halt_reason) if risk.halt_reason else "no reason given"
            return Broken("account", account, f"its entries are stopped ({why}): resume it first")
        refusal = entry_refusal(self.store, self.settings(buying=True), as_of.date(), account, product)
        return None if refusal is None else Broken("account", account, refusal)

    def expected(self, facts: MarketFacts, price: Decimal | None) -> Decimal | None:
        """What an order's slippage is measured against: the market when it was asked for, else its limit."""
        return facts.quote.last_price if facts.quote is not None else price

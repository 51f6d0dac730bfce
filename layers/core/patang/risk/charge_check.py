"""After the close: what each account's orders of the day cost, by the broker and by our rates."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from patang.accounts.service import AccountService
from patang.errors import PatangError
from patang.execution.following.consequences import Notice, tell
from patang.execution.journal import journal
from patang.keys import charges_key
from patang.market.sessions import session_on
from patang.ports import Broker, BrokerOrder, Clock, ContractNotes, Metrics, Notifier, StateStore, Write
from patang.records import change, create, load
from patang.risk.charge_comparison import ChargeComparison, compare_charges
from patang.risk.charges import Execution
from patang.risk.contract_note import ExecutedOrder
from patang.settings import Settings

__all__ = ["ChargeCheck"]

_AFTER_THE_CLOSE = timedelta(minutes=5)
_RATED = frozenset({"NSE", "NFO", "BSE", "BFO"})


class ChargeCheck:
    """`broker` gives an account's order book in the mode in force, on paper too; `notes` is always Kite,
    which prices orders that never were as well."""

    def __init__(
        self,
        store: StateStore,
        accounts: AccountService,
        broker: Callable[[str], Broker],
        notes: Callable[[str], ContractNotes],
        settings: Callable[[], Settings],
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._broker = broker
        self._notes = notes
        self._settings = settings
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def run(self, as_of: datetime) -> dict[str, str]:
        """What came of each account, once its day is over; run again, it does what is left.

        An account that fails (no session, no rates of the day) fails alone and is tried again.
        """
        try:
            session = session_on(as_of.date(), overrides=self._settings().sessions)
        except PatangError as error:
            self._failed("", error)
            return {}
        if session is None or as_of < session.close + _AFTER_THE_CLOSE:
            return {}
        accounts = (account.account for account in self._accounts.list() if account.enabled)
        return {account: self._account(account, as_of) for account in accounts}

    def compare(self, account: str, as_of: datetime) -> ChargeComparison:
        """The account's day against the broker's virtual contract note, kept with its audit event.

        Raises what the broker raises, BadInput for a reply that does not parse, StopTrading without rates.
        """
        day = as_of.date()
        traded = [order for order in self._broker(account).orders() if order.filled_quantity]
        rated = [order for order in traded if order.exchange in _RATED]
        rows = self._notes(account).virtual_contract_note(rated) if rated else []
        left_out = len(traded) - len(rated)
        found = compare_charges(account, day, [_executed(order) for order in rated], rows, left_out=left_out)
        kept = change(self._store, lambda: self._keeping(found, as_of))
        if kept and found.findings:
            self._tell(found)
        return found

    def _account(self, account: str, as_of: datetime) -> str:
        if self.kept(account, as_of.date()) is not None:
            return "compared"
        try:
            found = self.compare(account, as_of)
        except PatangError as error:
            self._failed(account, error)
            return f"FAILED: {error}"
        return f"{found.orders} orders, {len(found.findings)} findings"

    def _failed(self, account: str, error: PatangError) -> None:
        self._metrics.count("charge_check_failed", account=account, error=f"{type(error).__name__}: {error}")

    def kept(self, account: str, day: date) -> ChargeComparison | None:
        """The comparison of a day, None before it was made."""
        return load(self._store, ChargeComparison, charges_key(account, day))

    def _keeping(self, found: ChargeComparison, as_of: datetime) -> tuple[bool, Sequence[Write]]:
        if self.kept(found.account, found.day) is not None:
            return False, ()
        event = journal(
            found.account,
            "CHARGES_COMPARED",
            found.day.isoformat(),
            as_of,
            self._clock.now(),
            orders=found.orders,
            expected={name: str(amount) for name, amount in found.expected.items()},
            charged={name: str(amount) for name, amount in found.charged.items()},
            findings=[str(finding) for finding in found.findings],
        )
        return True, (create(found), event)

    def _tell(self, found: ChargeComparison) -> None:
        text = "; ".join(str(finding) for finding in found.findings)
        notice = Notice(
            f"Charges of {found.day} are not as expected",
            f"Account {found.account}, {found.orders} orders, rupees over the day: {text}. "
            "Compare with the broker's list of charges: a rate may have changed.",
            alarm="charges_differ",
            kind="report",
        )
        tell(self._notifier, self._metrics, [notice])


def _executed(order: BrokerOrder) -> ExecutedOrder:
    return ExecutedOrder(
        order.exchange,
        order.tradingsymbol,
        str(order.raw.get("product", "")),
        "BUY" if order.transaction_type == "BUY" else "SELL",
        (Execution(Decimal(order.average_price), order.filled_quantity),),
    )

"""A desk in memory with two principals and a day's worth of state, for the tests of its faces."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from patang.accounts.account import Account
from patang.accounts.service import AccountService
from patang.accounts.session import KiteSession
from patang.app import Desk
from patang.approvals.proposal import OrderTerms, Proposal
from patang.audit.chain import link
from patang.audit.event import AuditEvent
from patang.errors import SessionExpired
from patang.execution.intent import OrderIntent
from patang.execution.market_clock import MarketClock
from patang.keys import settings_key
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.position import Mark, Position
from patang.ports import BrokerLogin, Key, Put
from patang.records import Record, create, load
from patang.settings import Settings
from patang.strategies.signal import Signal
from tests.fakes import (
    FixedClock,
    MemoryDocuments,
    MemoryObjects,
    MemorySecrets,
    MemoryStore,
    RecordedDeadLetters,
    RecordedIntentQueue,
    RecordedMessenger,
    RecordedMetrics,
    RecordedNotifier,
    RecordedUpdateQueue,
    RecordedWorkflows,
)
from tests.unit.api.sample_broker import seen_at_broker
from tests.unit.api.sample_research import records_of_research, store_research

NOW = datetime(2026, 8, 18, 10, 47, 30, tzinfo=IST)
DAY = date(2026, 8, 18)
HOSTILE = "<script>alert(1)</script>"


class PretendKite:
    """The broker's end of a login: request tokens are good once, and say who signed in."""

    def __init__(self) -> None:
        self.logins: dict[str, str] = {}
        self.ended: list[str] = []

    def exchange(self, api_key: str, api_secret: str, request_token: str) -> BrokerLogin:
        user_id = self.logins.pop(request_token, None)
        if user_id is None:
            raise SessionExpired("the broker does not accept this login: log in again")
        return BrokerLogin(user_id=user_id, access_token=f"access-{request_token}")

    def end(self, api_key: str, access_token: str) -> None:
        self.ended.append(access_token)


class SampleDesk(Desk):
    """Everything outside is in memory; `kite` is who logs in."""

    def __init__(self, now: datetime = NOW, public_url: str = "http://testserver") -> None:
        super().__init__(
            {
                "SECRET_PREFIX": "patang/test",
                "STAGE": "test",
                "POWERTOOLS_SERVICE_NAME": "api",
                "PUBLIC_URL": public_url,
            }
        )
        self.store, self.auth_store, self.audit_store = MemoryStore(), MemoryStore(), MemoryStore()
        self.objects, self.secrets = MemoryObjects(), MemorySecrets()
        self.client_documents = MemoryDocuments()
        self.clock, self.metrics, self.notifier = FixedClock(now), RecordedMetrics(), RecordedNotifier()
        self.messenger = RecordedMessenger()
        self.workflows, self.dead_letters = RecordedWorkflows(), RecordedDeadLetters()
        self.intent_queue, self.update_queue = RecordedIntentQueue(), RecordedUpdateQueue()
        self.kite = PretendKite()
        self._sample_accounts = AccountService(
            self.store,
            self.secrets,
            self.clock,
            self.kite,
            secret_prefix="patang/test",
            login_root=lambda: "https://kite.example",
        )

    def accounts(self) -> AccountService:
        return self._sample_accounts

    def keep(self, *records: Record) -> None:
        for record in records:
            self.store.write(create(record))

    def register(self, account: str, kite_user_id: str, principal: str, *, enabled: bool = True) -> None:
        self.keep(
            Account(
                account=account,
                label=f"Account {account}",
                kite_user_id=kite_user_id,
                api_key=f"key-{account}",
                principal=principal,
                enabled=enabled,
            )
        )
        self.secrets.put(f"patang/test/account/{account}", {"api_secret": f"secret-{account}"})

    def audited(self, *events: AuditEvent) -> None:
        for event in events:
            self.store.write(create(event))
            link(self.audit_store, event.account, event.day, [event])

    def seen(self, kind: type[Record], key: Key) -> Record | None:
        return load(self.store, kind, key)


def two_owners(now: datetime = NOW, public_url: str = "http://testserver") -> SampleDesk:
    """`main` and `family` are asha's, `other` is ravi's."""
    desk = SampleDesk(now, public_url)
    desk.register("main", "AB1234", "asha")
    desk.register("family", "AB9999", "asha", enabled=False)
    desk.register("other", "XY5678", "ravi")
    return desk


def busy(desk: SampleDesk) -> SampleDesk:
    """Positions, a waiting approval, signals and events on the accounts of `two_owners`."""
    now = desk.clock.now()
    desk.keep(*records_of_research(), *seen_at_broker(now))
    store_research(desk.objects)
    desk.keep(
        MarketClock(market_time=now - timedelta(seconds=1), seen_at=now - timedelta(seconds=1)),
        KiteSession(
            account="main",
            version=1,
            user_id="AB1234",
            logged_in_at=now - timedelta(hours=2),
            valid_until=now + timedelta(hours=19),
            login_digest="0" * 64,
        ),
        RiskState(account="main", peak_realised=Decimal("2140.50"), realised_total=Decimal("1405.20")),
        AccountDay(
            account="main",
            day=DAY,
            realised_pnl=Decimal("-734.85"),
            charges=Decimal("186.42"),
            closed_trades=2,
            refusals={"COOLDOWN": 4, "CONFIDENCE": 31},
        ),
        position("main", "p1", "RELIANCE", state="OPEN"),
        position("other", "p2", "INFY", state="OPEN"),
        position("main", "p3", "TCS", state="CLOSED"),
        Mark(
            position_id="p1",
            account="main",
            as_of=now,
            last_price=Decimal("1021.35"),
            bid=Decimal("1021.30"),
            unrealised_pnl=Decimal("389.40"),
        ),
        proposal("main", "o20260818-1046-a1", expires=now + timedelta(seconds=97)),
        proposal("other", "o20260818-1046-b2", expires=now + timedelta(seconds=97)),
        intent("main", "N260818I1", "ACKED"),
        intent("other", "N260818I2", "ACKED"),
        signal("s1", as_of=now.replace(second=0), refused=()),
        signal(
            "s2",
            as_of=now.replace(minute=41, second=0),
            refused=("CONFIDENCE", "SPREAD"),
            symbol="HDFCBANK",
        ),
        signal(
            "s3",
            as_of=now.replace(minute=38, second=0),
            refused=("COOLDOWN",),
            symbol="BANKNIFTY26AUG55000CE",
        ),
    )
    desk.audited(
        *(
            event("main", number, kind, actor, now - timedelta(minutes=ago), details)
            for number, (ago, kind, actor, details) in enumerate(
                [
                    (30, "LOGGED_IN", "AB1234", {"version": 1}),
                    (26.5, "SIGNAL", "patang", {"symbol": "RELIANCE", "confidence": 0.83}),
                    (26.5, "PROPOSED", "patang", {"symbol": "RELIANCE", "quantity": 20}),
                    (26.1, "APPROVED", "person:asha", {"order_id": "o20260818-1021-77"}),
                    (26, "ORDER_FILLED", "broker", {"symbol": "RELIANCE", "quantity": 20, "price": "1002.5"}),
                    (26, "POSITION_OPENED", "patang", {"symbol": "RELIANCE", "note": HOSTILE}),
                ]
            )
        ),
        event("other", 1, "POSITION_OPENED", "patang", now, {"symbol": "INFY"}),
    )
    return desk


def let_alone(desk: SampleDesk, rupees: int) -> None:
    """Lets programs bring about orders of so many rupees without a person, as settings of yesterday do: what
    is loosened today waits."""
    settings = Settings.model_validate({"requests": {"assistant_alone_inr": rupees}})
    desk.store.write(Put(settings_key(), {"document": settings.model_dump_json()}))
    # Whoever has read the settings does so anew.
    desk.clock.advance(6)


def position(account: str, position_id: str, symbol: str, state: str) -> Position:
    closed = (
        {
            "exited_quantity": 20,
            "exit_value": Decimal("19761.02"),
            "exit_price": Decimal("988.10"),
            "exit_time": NOW - timedelta(minutes=40),
            "exit_charges": Decimal("21.10"),
            "exit_reason": "STOP",
            "realised_pnl": Decimal("-324.40"),
        }
        if state == "CLOSED"
        else {}
    )
    return Position.model_validate(
        {
            "account": account,
            "position_id": position_id,
            "mode": "paper",
            "state": state,
            "strategy": "equity",
            "exchange": "NSE",
            "symbol": symbol,
            "underlying": symbol,
            "instrument_token": 738561,
            "lot_size": 1,
            "tick_size": Decimal("0.05"),
            "product": "MIS",
            "quantity": 20,
            "entry_price": Decimal("1002.20"),
            "entry_time": NOW - timedelta(minutes=26),
            "entry_intent_id": f"e{position_id}",
            "entry_charges": Decimal("20.32"),
            "entry_slippage": Decimal("0.10"),
            "stop_loss_price": Decimal("988.10"),
            "target_price": Decimal("1031.40"),
            "exit_by": NOW + timedelta(hours=4),
        }
        | closed
    )


def signal(
    signal_id: str, as_of: datetime = NOW, refused: tuple[str, ...] = (), symbol: str = "NIFTY26AUG24500CE"
) -> Signal:
    return Signal(
        signal_id=signal_id,
        as_of=as_of,
        strategy="long_options",
        signal_type="CALL",
        symbol=symbol,
        underlying="NIFTY",
        exchange="NFO",
        instrument_token=12601346,
        lot_size=65,
        tick_size=Decimal("0.05"),
        expiry=date(2026, 8, 25),
        entry_price=Decimal("112.40"),
        stop_loss_price=Decimal("67.45"),
        target_price=Decimal("168.60"),
        bid=Decimal("112.20"),
        ask=Decimal("112.40"),
        expected_return_pct=21.4,
        confidence=0.83,
        holding_period="intraday",
        exit_by=NOW + timedelta(hours=4),
        reason="trend up on 1, 5 and 15 minutes, RSI 61, volume 1.8 times its average, IV below its mean",
        model_version="2026-08-01",
        features={"rsi_14": 61.2, "ema_12": 24512.4, "volume_ratio": 1.83, "iv_rank": 0.31, "delta": 0.36},
        refused=refused,
    )


def proposal(account: str, order_id: str, expires: datetime, state: str = "PENDING", **more) -> Proposal:
    terms = OrderTerms(
        account=account,
        mode="paper",
        exchange="NFO",
        tradingsymbol="NIFTY26AUG24500CE",
        transaction_type="BUY",
        quantity=65,
        order_type="LIMIT",
        product="NRML",
        price=Decimal("113.50"),
    )
    return Proposal.model_validate(
        {
            "account": account,
            "order_id": order_id,
            "run_id": "2026-08-18-1046",
            "as_of": NOW.replace(second=0),
            "state": state,
            "signal": signal("s1").model_dump(),
            "quantity": 65,
            "expected_net_profit": Decimal("1246.30"),
            "expected_charges": Decimal("63.18"),
            "risk_amount": Decimal("2993.25"),
            "terms": terms.model_dump(),
            "terms_digest": terms.digest(),
            "task_token": f"task-{order_id}",
            "asked_at": expires - timedelta(seconds=120),
            "expires_at_time": expires,
        }
        | more
    )


def intent(account: str, intent_id: str, state: str) -> OrderIntent:
    return OrderIntent(
        account=account,
        intent_id=intent_id,
        kind="ENTRY",
        state=state,
        terms=OrderTerms(
            account=account,
            mode="paper",
            exchange="NSE",
            tradingsymbol="RELIANCE",
            transaction_type="BUY",
            quantity=20,
            order_type="LIMIT",
            product="MIS",
            price=Decimal("1002.50"),
        ),
        as_of=NOW - timedelta(minutes=26),
        written_at=NOW - timedelta(minutes=26),
        broker_order_id="260818000123456",
        broker_status="OPEN",
        status_message=HOSTILE,
    )


def event(account: str, number: int, kind: str, actor: str, when: datetime, details: dict) -> AuditEvent:
    return AuditEvent(
        event_id=f"{kind.lower()}#{number}",
        account=account,
        kind=kind,
        as_of=when,
        written_at=when,
        actor=actor,
        details=details,
    )

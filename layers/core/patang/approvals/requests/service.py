"""Everything that anybody asks of the market by hand, by the HTTP interface, by an assistant or a command.

    submit --rules, limits--> REFUSED                      (nothing is left of it)
           --needs no yes---> SENT
           --needs a yes----> WAITING --> the owner is asked (patang.approvals.requests.decisions)

Whose yes is needed says `requests.approval` of the settings: by default a program's order waits for one, and
the press of a button by the signed-in owner is one. What cancels an order or leaves a position of the desk's
waits for nobody; but a program that takes a stop away asks, for that raises risk.
"""

from collections.abc import Callable
from datetime import timedelta

from patang.approvals.alone import may_alone
from patang.approvals.link import new_link
from patang.approvals.requests.answer import BrokenRule, FiguresView, RequestAnswer
from patang.approvals.requests.figures import with_account
from patang.approvals.requests.limits import asked, asked_on, limits_broken, too_often_asked
from patang.approvals.requests.message import request_message
from patang.approvals.requests.record import OrderRequest, RequestFigures, approval_id_of, asked_key
from patang.approvals.requests.sending import RequestSender
from patang.approvals.requests.telling import told_event
from patang.approvals.requests.wishes import lowers_risk, takes_a_stop_away
from patang.errors import BadInput, Refused
from patang.execution.following.consequences import Notice, tell
from patang.execution.orders.broken import Broken
from patang.execution.orders.persons_orders import PersonsOrders
from patang.execution.orders.request_book import Decision, PersonsRequest, Receipt, wish_digest
from patang.execution.orders.requests import ExitPosition, PersonsWish, PlaceOrder
from patang.identity.principal import Principal
from patang.keys import request_key
from patang.market.sessions import IST
from patang.ports import Broker, Clock, Key, Metrics, Notifier, StateStore, Write
from patang.records import change, create, load
from patang.settings import Mode, Settings

__all__ = ["OrderRequests"]

_MESSAGES = {
    "WAITING": "Nothing is sent yet: it waits for the owner's yes on its page (approval_url). Ask "
    "request_state with this request_id what became of it.",
    "APPROVED": "It has the owner's yes and is being sent.",
    "SENT": "It is with the order lane.",
    "DECLINED": "The owner has said no: USER_REJECTED.",
    "EXPIRED": "Nobody answered in time: APPROVAL_EXPIRED.",
    "REFUSED": "Nothing was sent.",
}


class OrderRequests:
    """`links` gives the store of the links, `settings` what is in force or was last good, `broker` an
    account's broker in a mode."""

    def __init__(
        self,
        store: StateStore,
        links: Callable[[], StateStore],
        orders: PersonsOrders,
        sender: RequestSender,
        broker: Callable[[str, Mode], Broker],
        notifier: Notifier,
        settings: Callable[[], Settings],
        public_url: Callable[[], str],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._links = links
        self._orders = orders
        self._sender = sender
        self._broker = broker
        self._notifier = notifier
        self._settings = settings
        self._public_url = public_url
        self._clock = clock
        self._metrics = metrics

    def submit(self, principal: Principal, account: str, request_id: str, wish: PersonsWish) -> RequestAnswer:
        """Sends what is asked for, or asks the owner, or says why not. The same id with the same wish is the
        same request for thirty days.

        Raises BadInput for an account that is not the principal's and for an id that stands for another
        wish, Refused without the scope to trade, and as PersonsOrders does where a rule cannot be looked at.
        """
        _hold_against(principal, account)
        known = load(self._store, OrderRequest, _key(account, request_id))
        if known is not None:
            return self._repeated(known, wish)
        if load(self._store, PersonsRequest, request_key(account, request_id)):
            return _told(self._sender.again(account, request_id, wish, principal.actor))
        if lowers_risk(wish) and (principal.in_person or isinstance(wish, ExitPosition)):
            return _told(self._sender.as_asked(account, request_id, wish, principal.actor))
        decision = self._orders.look(account, request_id, wish, principal.actor)
        if lowers_risk(wish) and not takes_a_stop_away(decision):
            return _told(self._sender.as_asked(account, request_id, wish, principal.actor))
        if decision.broken:
            return _refused(account, request_id, decision.broken)
        figures = self._sender.figures(decision, wish)
        request = self._request(principal, account, request_id, wish, decision, figures)
        today = asked_on(self._store, account, request.day)
        broken = limits_broken(figures, today, self._settings().requests)
        if broken:
            return _refused(account, request_id, broken)
        if self._needs_yes(principal, request):
            return self._ask(request, decision)
        receipt = self._sender.at_once(request, alone=not principal.in_person)
        if not receipt.accepted:
            return _refused(account, request_id, receipt.broken)
        return self.answer(principal, account, request_id)

    def answer(self, principal: Principal, account: str, request_id: str) -> RequestAnswer:
        """What has become of a request. Raises BadInput for one that the account does not know."""
        _hold_against(principal, account)
        known = load(self._store, OrderRequest, _key(account, request_id))
        if known is not None:
            return self._view(known)
        sent = load(self._store, PersonsRequest, request_key(account, request_id))
        if sent is None:
            raise BadInput(f"account {account!r} has no request {request_id!r}")
        return _told(Receipt(account, request_id, True, sent.intent_ids, repeated=True))

    def sell_out(self, account: str, request_id: str, sale: PlaceOrder, actor: str) -> Receipt:
        """The sale of what an account holds beside the desk, which its owner has agreed to line by line: it
        lowers risk, so no limit holds it up. Raises BadInput for a purchase, and as PersonsOrders does."""
        if sale.transaction_type != "SELL":
            raise BadInput(f"{sale.transaction_type} {sale.tradingsymbol} is no sale: ask for it by submit")
        return self._sender.as_asked(account, request_id, sale, actor)

    def _request(
        self,
        principal: Principal,
        account: str,
        request_id: str,
        wish: PersonsWish,
        decision: Decision,
        figures: RequestFigures,
    ) -> OrderRequest:
        return OrderRequest(
            account=account,
            approval_id=approval_id_of(account, request_id),
            request_id=request_id,
            mode=self._settings().mode,
            kind=type(wish).__name__,
            wish=wish.model_dump(mode="json", exclude_none=True),
            asked_digest=wish_digest(wish),
            figures=figures,
            principal=principal.name,
            actor=principal.actor,
            as_of=decision.as_of,
            day=decision.as_of.astimezone(IST).date(),
            asked_at=self._clock.now(),
        ).sealed()

    def _needs_yes(self, principal: Principal, request: OrderRequest) -> bool:
        settings, account, day = self._settings(), request.account, request.day
        if settings.requests.approval == "always":
            return True
        if principal.in_person:
            return False
        return not may_alone(self._store, settings, account, day, request.figures.value)

    def _ask(self, request: OrderRequest, decision: Decision) -> RequestAnswer:
        now, settings = self._clock.now(), self._settings()
        broker = self._broker(request.account, settings.mode)
        waiting = request.evolve(
            figures=with_account(
                request.figures, decision, self._store, broker, request.account, now, settings
            ),
            expires_at_time=now + timedelta(seconds=settings.requests.timeout_seconds),
        ).sealed()
        broken, written = change(self._store, lambda: self._write(waiting))
        if broken:
            return _refused(waiting.account, waiting.request_id, broken)
        if written.asked_at != waiting.asked_at:
            return self._view(written)
        link = new_link(
            self._links(),
            self._public_url(),
            waiting.account,
            waiting.approval_id,
            waiting.expires_at_time or now,
        )
        subject, text = request_message(waiting, link)
        tell(self._notifier, self._metrics, [Notice(subject, text, kind="approval")])
        self._metrics.count("approvals_asked", order_id=waiting.approval_id)
        return self._view(waiting)

    def _write(self, request: OrderRequest) -> tuple[tuple[tuple[Broken, ...], OrderRequest], list[Write]]:
        """The request and its count in one transaction; the one that came first where two came at once."""
        before = load(self._store, OrderRequest, request.key())
        if before is not None:
            return ((), before), []
        today = asked_on(self._store, request.account, request.day)
        settings = self._settings().requests
        broken = limits_broken(request.figures, today, settings) or too_often_asked(today, settings)
        if broken:
            return (broken, request), []
        event = told_event(request, "APPROVAL_ASKED", request.asked_at, request.actor)
        return ((), request), [create(request), asked(today, request.figures), event]

    def _repeated(self, known: OrderRequest, wish: PersonsWish) -> RequestAnswer:
        if known.asked_digest != wish_digest(wish):
            raise BadInput(
                f"request id is {known.request_id!r}, which stands for another {known.kind} of "
                f"{known.asked_at:%Y-%m-%d %H:%M}: give a new id"
            )
        return self._view(known).model_copy(update={"repeated": True})

    def _view(self, request: OrderRequest) -> RequestAnswer:
        waits = request.state == "WAITING"
        left = self._settings().requests.max_orders_a_day
        left -= asked_on(self._store, request.account, request.day).orders
        return RequestAnswer(
            account=request.account,
            request_id=request.request_id,
            state=request.state,
            mode=request.mode,
            message=request.outcome or _MESSAGES[request.state],
            approval_id=request.approval_id if waits else None,
            terms_digest=request.terms_digest if waits else None,
            expires_at=request.expires_at_time,
            intent_ids=request.intent_ids,
            figures=_figures_view(request.figures, max(left, 0)),
        )


def _hold_against(principal: Principal, account: str) -> None:
    if not principal.owns(account):
        raise BadInput(f"you have no account {account!r}")
    if not principal.may("trade"):
        raise Refused("this credential has no scope 'trade'")


def _key(account: str, request_id: str) -> Key:
    return asked_key(account, approval_id_of(account, request_id))


def _refused(account: str, request_id: str, broken: tuple[Broken, ...]) -> RequestAnswer:
    rules = tuple(BrokenRule(field=b.field, value=b.value, remedy=b.remedy) for b in broken)
    return RequestAnswer(
        account=account,
        request_id=request_id,
        state="REFUSED",
        message="; ".join(rule.text for rule in broken),
        broken=rules,
    )


def _told(receipt: Receipt) -> RequestAnswer:
    if not receipt.accepted:
        return _refused(receipt.account, receipt.request_id, receipt.broken)
    return RequestAnswer(
        account=receipt.account,
        request_id=receipt.request_id,
        state="SENT",
        message=_MESSAGES["SENT"],
        intent_ids=receipt.intent_ids,
        repeated=receipt.repeated,
    )


def _figures_view(figures: RequestFigures, left: int) -> FiguresView:
    shown = figures.model_dump(exclude={"lines", "prices", "bought", "lot_size"})
    return FiguresView(
        **shown, estimated_price=figures.estimated_price, lines=figures.lines, orders_left_today=left
    )

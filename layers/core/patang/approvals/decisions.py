"""What waits for its owner's word, whoever wants it: the desk's own proposals and orders that were asked for.

Ids tell the two apart; links, pages and answers are the same.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal

from patang.approvals.alone import may_alone
from patang.approvals.link import ApprovalLink, link_key
from patang.approvals.outcome import Reduction, Verdict
from patang.approvals.proposal import Proposal
from patang.approvals.requests.deciding import RequestDecisions
from patang.approvals.requests.limits import asked_on, counted_alone
from patang.approvals.requests.record import OrderRequest, is_request
from patang.approvals.service import ApprovalService
from patang.errors import BadInput
from patang.identity.principal import Principal
from patang.keys import proposal_key
from patang.market.sessions import IST
from patang.ports import Clock, StateStore, Write
from patang.records import change, load
from patang.settings import Settings

__all__ = ["Decisions", "Undecided", "id_of"]

type Undecided = Proposal | OrderRequest

# From these no proposal comes back to waiting; who decides says so.
_OVER = frozenset({"APPROVED", "DECLINED", "EXPIRED", "SUBMITTED", "CONCLUDED"})

_DECIDED: dict[str, Literal["APPROVED", "DECLINED"]] = {"approve": "APPROVED", "decline": "DECLINED"}


def id_of(found: Undecided) -> str:
    """What decisions and addresses name it by."""
    return found.order_id if isinstance(found, Proposal) else found.approval_id


class Decisions:
    """Every method that decides is told whose word it is: another's approval is as unknown as none."""

    def __init__(
        self,
        store: StateStore,
        links: Callable[[], StateStore],
        proposals: ApprovalService,
        requests: RequestDecisions,
        settings: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        self._store = store
        self._links = links
        self._proposals = proposals
        self._requests = requests
        self._settings = settings
        self._clock = clock

    def linked(self, nonce: str) -> Undecided | None:
        """What a link leads to, in whatever state; None for a link unknown or long over."""
        link = load(self._links(), ApprovalLink, link_key(nonce))
        if link is None or self._clock.now() >= link.valid_until:
            return None
        return self.find(link.account, link.order_id)

    def find(self, account: str, approval_id: str) -> Undecided | None:
        """The proposal or the request of this id, in whatever state."""
        if is_request(approval_id):
            return self._requests.find(account, approval_id)
        return load(self._store, Proposal, proposal_key(account, approval_id))

    def decide(
        self, principal: Principal, account: str, approval_id: str, decision: str, terms_digest: str
    ) -> Verdict:
        """A person's answer (approve, decline) to the terms with this digest. Raises BadInput for another
        word."""
        state = _DECIDED.get(decision)
        if state is None:
            raise BadInput(f"a decision is approve or decline, not {decision!r}")
        if not principal.owns(account):
            return Verdict("UNKNOWN")
        if is_request(approval_id):
            return self._requests.decide(principal, account, approval_id, state, terms_digest)
        if state == "APPROVED" and not principal.in_person:
            refused = self._refused_to_a_program(account, approval_id, terms_digest)
            if refused is not None:
                return refused
        now, actor = self._clock.now(), principal.actor
        return Verdict(self._proposals.decide(account, approval_id, decision, terms_digest, actor, now))

    def _refused_to_a_program(self, account: str, order_id: str, terms_digest: str) -> Verdict | None:
        """Why a program may not say yes to these very terms; None if the owner lets it. Then their worth is
        counted of what needs no person on the day, whatever becomes of the yes."""
        found = load(self._store, Proposal, proposal_key(account, order_id))
        if found is None:
            return Verdict("UNKNOWN")
        value, day = _worth(found), found.as_of.astimezone(IST).date()

        def counted() -> tuple[bool, Sequence[Write]]:
            if value is None or not may_alone(self._store, self._settings(), account, day, value):
                return False, ()
            return True, (counted_alone(asked_on(self._store, account, day), value),)

        # Other terms than those that were looked at may stand there by the time that the yes arrives.
        if found.terms_digest != terms_digest:
            return Verdict("TERMS_CHANGED")
        if found.state in _OVER:
            return None
        return None if change(self._store, counted) else Verdict("NOT_IN_PERSON")

    def reduce(
        self, principal: Principal, account: str, approval_id: str, quantity: int, terms_digest: str
    ) -> Reduction:
        """Makes the quantity of the terms with this digest less. Raises as the reads of Broker do."""
        if not principal.owns(account):
            return Reduction("UNKNOWN")
        if is_request(approval_id):
            return self._requests.reduce(principal, account, approval_id, quantity, terms_digest)
        now, actor = self._clock.now(), principal.actor
        return self._proposals.reduce(account, approval_id, quantity, terms_digest, actor, now)


def _worth(found: Proposal) -> Decimal | None:
    """Rupees of a purchase with a limit; None for anything else: a sale may be worth more than its limit."""
    terms = found.terms
    if terms is None or terms.price is None or terms.transaction_type != "BUY":
        return None
    return terms.price * terms.quantity

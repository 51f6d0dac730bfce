"""What waits for its owner's word, whoever wants it: the desk's own proposals and orders that were asked for.

Ids tell the two apart; links, pages and answers are the same.
"""

from collections.abc import Callable
from typing import Literal

from patang.approvals.alone import may_alone
from patang.approvals.link import ApprovalLink, link_key
from patang.approvals.outcome import Reduction, Verdict
from patang.approvals.proposal import Proposal
from patang.approvals.requests.deciding import RequestDecisions
from patang.approvals.requests.record import OrderRequest, is_request
from patang.approvals.service import ApprovalService
from patang.errors import BadInput
from patang.identity.principal import Principal
from patang.keys import proposal_key
from patang.market.sessions import IST
from patang.ports import Clock, StateStore
from patang.records import load
from patang.settings import Settings

__all__ = ["Decisions", "Undecided", "id_of"]

type Undecided = Proposal | OrderRequest

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
        if state == "APPROVED" and not principal.in_person and not self._is_small(account, approval_id):
            return Verdict("NOT_IN_PERSON")
        now, actor = self._clock.now(), principal.actor
        return Verdict(self._proposals.decide(account, approval_id, decision, terms_digest, actor, now))

    def _is_small(self, account: str, order_id: str) -> bool:
        """Whether a program may say yes to it, which the owner has to have let it. What is no proposal is
        told so by who looks for it."""
        found = load(self._store, Proposal, proposal_key(account, order_id))
        if found is None:
            return True
        terms, day = found.terms, found.as_of.astimezone(IST).date()
        value = None
        # A sale may be worth more than its limit says.
        if terms is not None and terms.price is not None and terms.transaction_type == "BUY":
            value = terms.price * terms.quantity
        return may_alone(self._store, self._settings(), account, day, value)

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

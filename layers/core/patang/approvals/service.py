"""Asking the owner, and taking exactly one answer: bound to the terms shown, valid once, for a short time.

    CONSTRUCTED --request--> PENDING --decide--> APPROVED | DECLINED
                                |
                                +--wall time is over--> EXPIRED

While it is PENDING a person may make the quantity less: then he is shown other terms, and says yes to those.
A decision is a conditional write first and an answer to the waiting workflow second. After a crash in between
the decision stands in the index, where the reconciler finds it and has it answered again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from patang.approvals.link import new_link
from patang.approvals.message import approval_message
from patang.approvals.outcome import DecisionResult, Outcome, Reduction
from patang.approvals.proposal import AUTOMATED, Proposal
from patang.approvals.reduction import reduced
from patang.errors import BadInput
from patang.execution.following.consequences import Notice, tell
from patang.execution.graduation import trades_small
from patang.execution.journal import DESK, journal
from patang.keys import PENDING_APPROVALS, proposal_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.ports import Clock, Metrics, Notifier, StateStore, Workflows, Write
from patang.records import change, load, load_index, replace
from patang.risk.slippage import load_slippage
from patang.settings import Settings

__all__ = ["ApprovalService"]

_DECIDED: dict[str, Literal["APPROVED", "DECLINED"]] = {"approve": "APPROVED", "decline": "DECLINED"}
_ANSWERS = {"APPROVED": "approve", "DECLINED": "decline", "EXPIRED": "expired"}
_REASONS = {"DECLINED": "USER_REJECTED", "EXPIRED": "APPROVAL_EXPIRED"}


class ApprovalService:
    """`links` gives the store of the links; `public_url` the address that the owner's browser reaches."""

    def __init__(
        self,
        store: StateStore,
        links: Callable[[], StateStore],
        workflows: Workflows,
        notifier: Notifier,
        settings: Callable[[], Settings],
        public_url: Callable[[], str],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._links = links
        self._workflows = workflows
        self._notifier = notifier
        self._settings = settings
        self._public_url = public_url
        self._clock = clock
        self._metrics = metrics

    def request(self, account: str, order_id: str, task_token: str) -> str:
        """Asks the owner; the answer completes the task. Returns the proposal's state.

        In automated mode the desk answers by itself, but not in an account's first live sessions. Asked
        again, nothing new is sent to the owner: a decided proposal answers at once, a pending one answers the
        newest task.
        """
        now = self._clock.now()
        settings = self._settings()
        lifetime = timedelta(seconds=settings.approval.timeout_seconds)
        automated = settings.approval.mode == "automated" and not self._is_small(account, order_id, settings)
        asked = change(
            self._store,
            lambda: self._ask(account, order_id, task_token, now, now + lifetime, automated=automated),
        )
        if asked is None:
            known = change(self._store, lambda: self._take_over(account, order_id, task_token))
            known.follow()
            if known.state != "PENDING":
                self._workflows.succeed(task_token, _output(known))
            return known.state
        asked.follow()
        if automated:
            self.answer(asked)
        else:
            self._send_link(asked)
        return asked.state

    def pending(self, accounts: Sequence[str]) -> list[Proposal]:
        """What waits for a yes, oldest first. The index is a moment behind."""
        found = [
            proposal
            for account in accounts
            for proposal in load_index(self._store, Proposal, PENDING_APPROVALS, f"{account}#")
            if proposal.state == "PENDING"
        ]
        return sorted(found, key=lambda proposal: proposal.asked_at or proposal.as_of)

    def decide(
        self, account: str, order_id: str, decision: str, terms_digest: str, actor: str, now: datetime
    ) -> DecisionResult:
        """A person's answer to the terms with this digest. `now` is wall time.

        Raises BadInput for a decision that is neither approve nor decline.
        """
        state = _DECIDED.get(decision)
        if state is None:
            raise BadInput(f"a decision is approve or decline, not {decision!r}")
        outcome = change(
            self._store, lambda: self._decide(account, order_id, state, terms_digest, actor, now)
        )
        if outcome.proposal is not None:
            self.answer(outcome.proposal)
        self._metrics.count("approval_decisions", result=outcome.result, order_id=order_id)
        return outcome.result

    def reduce(
        self, account: str, order_id: str, quantity: int, terms_digest: str, actor: str, now: datetime
    ) -> Reduction:
        """Makes the quantity of the terms with this digest less; the time to decide stays.

        `now` is wall time. Raises StopTrading where the day has no sourced charges.
        """
        outcome = change(
            self._store, lambda: self._reduce(account, order_id, quantity, terms_digest, actor, now)
        )
        if outcome.proposal is not None:
            self.answer(outcome.proposal)
        self._metrics.count("approval_reductions", result=outcome.result, order_id=order_id)
        return outcome

    def expire(self, account: str, order_id: str, now: datetime) -> bool:
        """Ends an approval whose time is over; False if it is not PENDING or still has time."""
        expired = change(self._store, lambda: self._expire(account, order_id, now))
        if expired is not None:
            self.answer(expired)
        return expired is not None

    def answer(self, proposal: Proposal) -> bool:
        """Gives the workflow the decision; False if there is none or it does not wait (it had it before)."""
        if proposal.state not in _ANSWERS or proposal.task_token is None:
            return False
        return self._workflows.succeed(proposal.task_token, _output(proposal))

    def _ask(
        self,
        account: str,
        order_id: str,
        task_token: str,
        now: datetime,
        deadline: datetime,
        *,
        automated: bool,
    ) -> tuple[Proposal | None, list[Write]]:
        proposal = self._load(account, order_id)
        if proposal.state != "CONSTRUCTED" or proposal.terms_digest is None:
            return None, []
        asked = proposal.evolve(
            state="APPROVED" if automated else "PENDING",
            task_token=task_token,
            asked_at=now,
            expires_at_time=deadline,
            decided_by=AUTOMATED if automated else None,
            decided_at=now if automated else None,
        )
        kind = "APPROVED" if automated else "APPROVAL_ASKED"
        return asked, self._writes(asked, kind, now, DESK)

    def _take_over(self, account: str, order_id: str, task_token: str) -> tuple[Proposal, list[Write]]:
        """A workflow that was driven again waits with a token of its own."""
        proposal = self._load(account, order_id)
        if proposal.state != "PENDING" or proposal.task_token == task_token:
            return proposal, []
        taken_over = proposal.evolve(task_token=task_token)
        return taken_over, [replace(taken_over)]

    def _send_link(self, proposal: Proposal) -> None:
        if proposal.terms is None or proposal.expires_at_time is None:
            return
        address = new_link(
            self._links(),
            self._public_url(),
            proposal.account,
            proposal.order_id,
            proposal.expires_at_time,
        )
        subject, text = approval_message(proposal, proposal.terms, address)
        tell(self._notifier, self._metrics, [Notice(subject, text, kind="approval")])
        self._metrics.count("approvals_asked", order_id=proposal.order_id)

    def _is_small(self, account: str, order_id: str, settings: Settings) -> bool:
        return trades_small(self._store, settings, account, self._load(account, order_id).as_of.date())

    def _reduce(
        self, account: str, order_id: str, quantity: int, terms_digest: str, actor: str, now: datetime
    ) -> tuple[Reduction, list[Write]]:
        proposal, writes = self._open(account, order_id, terms_digest, now)
        if isinstance(proposal, Outcome):
            return Reduction(proposal.result, proposal=proposal.proposal), writes
        settings = self._settings()
        state = load(self._store, RiskState, risk_key(account)) or RiskState(account=account)
        found = reduced(proposal, state, quantity, settings, load_slippage(self._store, settings.mode))
        if isinstance(found, str):
            return Reduction("NOT_REDUCED", why=found), []
        smaller, held = found
        told = self._writes(smaller, "REDUCED", now, actor)
        return Reduction("REDUCED", smaller.terms_digest), [*told, replace(held)]

    def _decide(
        self,
        account: str,
        order_id: str,
        state: Literal["APPROVED", "DECLINED"],
        terms_digest: str,
        actor: str,
        now: datetime,
    ) -> tuple[Outcome, list[Write]]:
        proposal, writes = self._open(account, order_id, terms_digest, now)
        if isinstance(proposal, Outcome):
            return proposal, writes
        decided = proposal.evolve(state=state, decided_by=actor, decided_at=now)
        return Outcome(state, decided), self._writes(decided, state, now, actor)

    def _open(
        self, account: str, order_id: str, terms_digest: str, now: datetime
    ) -> tuple[Proposal | Outcome, list[Write]]:
        """The proposal while these terms wait for a word, or why a person can say nothing (any more)."""
        proposal = load(self._store, Proposal, proposal_key(account, order_id))
        if proposal is None or proposal.state in ("PROPOSED", "CONSTRUCTED"):
            return Outcome("UNKNOWN"), []
        if proposal.state != "PENDING":
            over = proposal.state == "EXPIRED" or proposal.outcome == "APPROVAL_EXPIRED"
            return Outcome("EXPIRED" if over else "ALREADY_DECIDED"), []
        expired, writes = self._expire(account, order_id, now)
        if expired is not None:
            return Outcome("EXPIRED", expired), writes
        if terms_digest != proposal.terms_digest:
            return Outcome("TERMS_CHANGED"), []
        return proposal, []

    def _expire(self, account: str, order_id: str, now: datetime) -> tuple[Proposal | None, list[Write]]:
        proposal = load(self._store, Proposal, proposal_key(account, order_id))
        if proposal is None or proposal.state != "PENDING" or proposal.expires_at_time is None:
            return None, []
        if now < proposal.expires_at_time:
            return None, []
        expired = proposal.evolve(state="EXPIRED", decided_at=now)
        return expired, self._writes(expired, "EXPIRED", now, DESK)

    def _writes(self, proposal: Proposal, kind: str, now: datetime, actor: str) -> list[Write]:
        event = journal(
            proposal.account,
            kind if kind == "APPROVAL_ASKED" else f"APPROVAL_{kind}",
            # A quantity may be made less several times; everything else happens once.
            f"{proposal.order_id}#{proposal.quantity}" if kind == "REDUCED" else proposal.order_id,
            proposal.as_of,
            now,
            actor,
            order_id=proposal.order_id,
            terms_digest=proposal.terms_digest,
            terms=proposal.terms.model_dump(mode="json", exclude_none=True) if proposal.terms else None,
            expires_at=proposal.expires_at_time.astimezone(IST).isoformat()
            if proposal.expires_at_time
            else None,
        )
        return [replace(proposal), event]

    def _load(self, account: str, order_id: str) -> Proposal:
        proposal = load(self._store, Proposal, proposal_key(account, order_id))
        if proposal is None:
            raise BadInput(f"account {account!r} has no proposal {order_id!r}")
        return proposal


def _output(proposal: Proposal) -> dict[str, object]:
    """What the waiting task is told; `decision` is none where there was nothing to decide."""
    return {
        "ok": proposal.state == "APPROVED",
        "decision": _ANSWERS.get(proposal.state, "none"),
        "reason": _REASONS.get(proposal.state, proposal.state),
    }

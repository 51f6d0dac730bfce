"""A person buys less than was proposed: other terms, another hash, less held back for it.

Down only, and in whole lots: more than the risk manager has allowed is never on offer.
"""

from decimal import ROUND_HALF_EVEN, Decimal

from patang.approvals.proposal import Proposal
from patang.portfolio.account_state import RiskState
from patang.risk.expected_profit import expected_profit
from patang.risk.sizing import at_quantity
from patang.risk.slippage import Slippage
from patang.settings import Settings

__all__ = ["Reduced", "reduced"]

type Reduced = tuple[Proposal, RiskState]

_PAISA = Decimal("0.01")


def reduced(
    proposal: Proposal, state: RiskState, quantity: int, settings: Settings, slippage: Slippage
) -> Reduced | str:
    """The proposal with `quantity` units and the state that holds only that much for it, or a sentence why
    not. Charges do not shrink with the quantity, so that less may no longer be worth its costs.

    Raises StopTrading where the day has no sourced charges.
    """
    terms, signal = proposal.terms, proposal.signal
    reserved = state.reservations.get(proposal.order_id)
    if terms is None or reserved is None:
        return "nothing is held for this order any more"
    if not 0 < quantity < terms.quantity:
        return f"{quantity} is not less than the {terms.quantity} proposed, or is nothing"
    if quantity % signal.lot_size:
        return f"{quantity} is not a multiple of the lot of {signal.lot_size}"
    profit = expected_profit(signal, quantity, slippage)
    least = settings.risk.min_expected_net_profit_inr
    if profit.net < least:
        return f"{profit.net:.2f} rupees are expected of {quantity}, less than the {least} asked for"
    at_risk, exposure = at_quantity(signal, settings, quantity)
    at_risk, exposure = min(at_risk, proposal.risk_amount), min(exposure, reserved.exposure)
    new_terms = terms.model_copy(update={"quantity": quantity})
    smaller = proposal.evolve(
        quantity=quantity,
        proposed_quantity=proposal.proposed_quantity or proposal.quantity,
        terms=new_terms,
        terms_digest=new_terms.digest(),
        expected_net_profit=_to_paisa(profit.net),
        expected_charges=_to_paisa(profit.charges.total),
        risk_amount=_to_paisa(at_risk),
    )
    held = reserved.model_copy(update={"exposure": exposure, "risk_amount": at_risk})
    return smaller, state.evolve(reservations=state.reservations | {proposal.order_id: held})


def _to_paisa(amount: Decimal) -> Decimal:
    return amount.quantize(_PAISA, ROUND_HALF_EVEN)

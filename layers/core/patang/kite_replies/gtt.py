"""Good-till-triggered orders: https://kite.trade/docs/connect/v3/gtt/"""

from patang.kite_replies.base import Amount, Moment, Reply, Text

__all__ = ["Trigger", "TriggerCondition", "TriggerId", "TriggerLeg", "TriggerOutcome", "TriggerResult"]


class TriggerCondition(Reply):
    """When it triggers; `last_price` is what the market was at when it was laid down."""

    exchange: str
    tradingsymbol: str
    instrument_token: int = 0
    last_price: Amount = None
    trigger_values: tuple[Amount, ...]


class TriggerOutcome(Reply):
    """The order that came of it, or why none did."""

    status: Text = ""
    order_id: Text = ""
    rejection_reason: Text = ""


class TriggerResult(Reply):
    """What became of a leg when it was triggered."""

    timestamp: Moment = None
    triggered_at: Amount = None
    order_result: TriggerOutcome = TriggerOutcome()


class TriggerLeg(Reply):
    """The order that a trigger price places; triggered is not filled."""

    exchange: str
    tradingsymbol: str
    transaction_type: str
    quantity: int
    order_type: Text = ""
    product: str
    price: Amount = None
    result: TriggerResult | None = None


class Trigger(Reply):
    """`status`: active, triggered, disabled, expired, cancelled, rejected or deleted."""

    id: str
    user_id: Text = ""
    parent_trigger: str | None = None
    type: str
    status: str
    created_at: Moment = None
    updated_at: Moment = None
    expires_at: Moment = None
    condition: TriggerCondition
    orders: tuple[TriggerLeg, ...]


class TriggerId(Reply):
    """The trigger that was laid down, changed or taken away."""

    trigger_id: str

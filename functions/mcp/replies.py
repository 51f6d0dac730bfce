"""What the tools answer: objects around the views, as structured content wants them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.desk_view.views import ApprovalView, OrderView, PositionView, RiskView, SignalView

__all__ = ["Approvals", "DecisionReply", "Orders", "Positions", "RiskState", "Signals"]


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Positions(_Reply):
    """Positions, oldest first."""

    positions: tuple[PositionView, ...]


class Orders(_Reply):
    """Orders, newest first."""

    orders: tuple[OrderView, ...]


class Signals(_Reply):
    """Signals, newest first."""

    signals: tuple[SignalView, ...]


class RiskState(_Reply):
    """An entry for each account."""

    accounts: tuple[RiskView, ...]


class Approvals(_Reply):
    """What waits for a yes, the one that ends first in front."""

    approvals: tuple[ApprovalView, ...]


class DecisionReply(_Reply):
    """What the decision came to."""

    result: Literal["APPROVED", "DECLINED"]
    order_id: str
    message: str

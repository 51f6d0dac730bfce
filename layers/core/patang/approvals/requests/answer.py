"""What whoever asks for an order is told of it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.desk_view.views import Moment, Rupees
from patang.settings import Mode

__all__ = ["AnswerState", "BrokenRule", "FiguresView", "RequestAnswer"]

# REFUSED: rules or limits are broken, nothing was sent. WAITING: for the owner's yes. APPROVED: it has it
# and is being sent. SENT: its intents are with the lane.
type AnswerState = Literal["REFUSED", "WAITING", "APPROVED", "SENT", "DECLINED", "EXPIRED"]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BrokenRule(_Told):
    """The `field` that is wrong, its `value`, and what to do."""

    field: str
    value: str
    remedy: str

    @property
    def text(self) -> str:
        return f"{self.field} is {self.value}: {self.remedy}"


class FiguresView(_Told):
    """What an order comes to, in rupees, as far as it is known: the market may move, and what is not known
    is null. `lines` are the orders as they would be sent, `value` is of all of them, `margin_needed` of those
    that buy, with the buffer. `exposure_after` is what would be invested in all beside `exposure_limit`.
    """

    lines: tuple[str, ...]
    estimated_price: Rupees | None = None
    value: Rupees | None = None
    charges: Rupees | None = None
    margin_needed: Rupees | None = None
    exposure_before: Rupees | None = None
    exposure_after: Rupees | None = None
    exposure_limit: Rupees | None = None
    orders: int
    orders_left_today: int


class RequestAnswer(_Told):
    """The state of a request; `mode` says whether its orders are real. A yes has to name `terms_digest`, at
    `approval_id`, before `expires_at`."""

    account: str
    request_id: str
    state: AnswerState
    mode: Mode | None = None
    message: str
    broken: tuple[BrokenRule, ...] = ()
    approval_id: str | None = None
    terms_digest: str | None = None
    expires_at: Moment | None = None
    intent_ids: tuple[str, ...] = ()
    figures: FiguresView | None = None
    repeated: bool = False

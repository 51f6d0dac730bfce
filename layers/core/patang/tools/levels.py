"""Another stop or target for a position that the desk guards."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from patang.desk_view.levels import levels_told
from patang.desk_view.trading_views import PositionLevels
from patang.execution.guarding.levels import LevelWish
from patang.said_by_others import PlainLine
from patang.tools.caller import Caller
from patang.tools.errors import OrderRefused
from patang.tools.tool import AccountInput, AnyTool, Tool

__all__ = ["TOOLS"]

Price = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4)]


class AdjustInput(AccountInput):
    """Rupees a unit; what is not said stays."""

    position_id: Annotated[str, Field(min_length=1, max_length=80)]
    stop_loss_price: Price | None = None
    target_price: Price | None = None
    reason: Annotated[PlainLine, Field(min_length=1, max_length=200)] = "set by hand"


def _adjust(caller: Caller, args: AdjustInput) -> PositionLevels:
    services, account = caller.services, caller.account(args.account_id)
    wish = LevelWish(args.stop_loss_price, args.target_price, args.reason)
    moment = services.desk_view().moment()
    done = services.persons_levels().set(account, args.position_id, wish, caller.principal.actor, moment)
    found = services.trade_lists().position((account,), args.position_id)
    if done.broken or found is None:
        broken = [{"field": b.field, "value": b.value, "remedy": b.remedy} for b in done.broken]
        message = "; ".join(b.text for b in done.broken)
        raise OrderRefused(message, {"broken": broken}, modification=True)
    return levels_told(done, found)


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="adjust_position",
        title="Another stop or target",
        description="Set another stop or target of an open position of the desk's; what rests at the broker "
        "follows. You may raise a stop; its owner alone lowers one, on the desk's page.",
        input=AdjustInput,
        output=PositionLevels,
        effect="orders",
        scope="trade",
        run=_adjust,
        example={"account_id": "main", "position_id": "p1", "stop_loss_price": 995.5},
        destructive=True,
    ),
)

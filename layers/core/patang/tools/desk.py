"""The desk itself: what it is doing, as a whole and in its lists."""

from patang.desk_view.views import StatusView
from patang.tools.caller import Caller
from patang.tools.tool import AnyTool, Tool, ToolInput

__all__ = ["TOOLS"]


class NoInput(ToolInput):
    """No argument."""


def _status(caller: Caller, _: NoInput) -> StatusView:
    return caller.services.desk_view().status(caller.principal.accounts)


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="get_status",
        title="Desk at a glance",
        description="Session, data age, mode, risk, P&L, open positions, waiting approvals, last signals and "
        "events of the desk, over all of your accounts. Begin here.",
        input=NoInput,
        output=StatusView,
        effect="looks",
        scope="read",
        run=_status,
        example={},
    ),
)

"""All tools, by subject. A subject adds its module here; nothing else lists tools by name."""

from difflib import get_close_matches

from patang.errors import BadInput
from patang.tools import (
    alert_orders,
    alerts,
    approvals,
    backtests,
    charges,
    checks,
    desk,
    instruments,
    levels,
    market,
    market_state,
    mutual_funds,
    orders,
    portfolio,
    records,
    reports,
    session,
    signals,
    stopping,
    trading_reports,
    triggers,
    watchlists,
)
from patang.tools.tool import AnyTool

__all__ = ["TOOLS", "find"]

TOOLS: tuple[AnyTool, ...] = (
    *desk.TOOLS,
    *session.TOOLS,
    *signals.TOOLS,
    *market_state.TOOLS,
    *records.TOOLS,
    *backtests.TOOLS,
    *reports.TOOLS,
    *trading_reports.TOOLS,
    *checks.TOOLS,
    *approvals.TOOLS,
    *orders.TOOLS,
    *levels.TOOLS,
    *triggers.TOOLS,
    *stopping.TOOLS,
    *portfolio.TOOLS,
    *instruments.TOOLS,
    *market.TOOLS,
    *charges.TOOLS,
    *mutual_funds.TOOLS,
    *watchlists.TOOLS,
    *alerts.TOOLS,
    *alert_orders.TOOLS,
)

_BY_NAME = {tool.name: tool for tool in TOOLS}


def find(name: str) -> AnyTool:
    """The tool of that name. Raises BadInput that names those most like it."""
    found = _BY_NAME.get(name)
    if found is None:
        near = get_close_matches(name, _BY_NAME, n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(near)}?" if near else ": GET /api/tools lists them"
        raise BadInput(f"there is no tool {name!r}{hint}")
    return found

"""The two panels, and the tools whose answers they show."""

from collections.abc import Mapping

from functions.mcp.apps.panel import Panel

__all__ = ["DESK", "ORDER", "PANELS", "PANEL_OF_TOOL"]

_SHARED = ("host.js", "drawing.js")

ORDER = Panel(
    uri="ui://patang/order",
    name="order_panel",
    title="Order",
    description="An order that was asked for or proposed: its terms, charges, risk and what its owner "
    "decided. It leads to the desk's page, where he says yes; by itself it can only decline.",
    scripts=(*_SHARED, "ticket.js", "order.js"),
)
DESK = Panel(
    uri="ui://patang/desk",
    name="desk_panel",
    title="Desk",
    description="The desk at a glance: positions, profit and loss, risk, alerts, waiting approvals, and a "
    "button that stops entries.",
    scripts=(*_SHARED, "desk.js"),
)

PANELS: Mapping[str, Panel] = {panel.uri: panel for panel in (ORDER, DESK)}

# Of the tools that ask for an order those that may have to wait for a yes. A cancellation and an exit never
# do, and request_state and decide_approval belong to an order that has its panel already.
PANEL_OF_TOOL: Mapping[str, str] = {
    "get_status": DESK.uri,
    "list_pending_approvals": ORDER.uri,
    "place_order": ORDER.uri,
    "place_basket": ORDER.uri,
    "modify_order": ORDER.uri,
    "convert_position": ORDER.uri,
    "place_gtt_order": ORDER.uri,
    "modify_gtt_order": ORDER.uri,
    "delete_gtt_order": ORDER.uri,
    "create_ato_alert": ORDER.uri,
    "modify_ato_alert": ORDER.uri,
    "delete_ato_alert": ORDER.uri,
}

"""MCP Apps: panels that a host shows beside the answers of tools (extension io.modelcontextprotocol/ui)."""

from functions.mcp.apps.panel import MIME_TYPE, Panel
from functions.mcp.apps.panels import PANEL_OF_TOOL, PANELS

__all__ = ["MIME_TYPE", "PANELS", "PANEL_OF_TOOL", "Panel"]

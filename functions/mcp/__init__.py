"""(mcp): the remote MCP endpoint."""

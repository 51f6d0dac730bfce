"""What tests in a browser need: Chromium by its DevTools protocol, and a host of MCP Apps."""

"""The desk on a machine of one's own, without AWS: `patang mcp serve`."""

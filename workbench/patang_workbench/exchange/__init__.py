"""Exchange simulator: a market of one day behind Kite Connect's REST and websocket protocols."""

__all__: list[str] = []

"""The ingester: Kite's websocket in, packed ticks and a time marker a second out onto the tick stream."""

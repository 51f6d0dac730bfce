"""Features of candles that are files."""

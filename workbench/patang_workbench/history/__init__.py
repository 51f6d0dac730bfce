"""Historical candles: pulled from the broker, kept as Parquet, checked, shown."""

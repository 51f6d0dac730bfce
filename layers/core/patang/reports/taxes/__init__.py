"""The financial year as the tax return asks for it."""

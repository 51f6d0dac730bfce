"""Watchlists: instruments that a person keeps an eye on. The broker's API has none; these are the desk's."""

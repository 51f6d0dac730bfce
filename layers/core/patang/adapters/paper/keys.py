"""Keys of what paper keeps in the desk table; patang.keys has the table."""

from patang.ports import Key

__all__ = ["PAPER_BOOK", "paper_funds_key", "paper_gtt_key", "paper_order_key"]

PAPER_BOOK = "PAPER_BOOK"


def paper_order_key(account: str, order_id: str) -> Key:
    return Key(f"PAPER#{account}", f"ORDER#{order_id}")


def paper_gtt_key(account: str, gtt_id: str) -> Key:
    return Key(f"PAPER#{account}", f"GTT#{gtt_id}")


def paper_funds_key(account: str) -> Key:
    return Key(f"PAPER#{account}", "FUNDS")

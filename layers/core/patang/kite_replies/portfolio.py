"""Holdings and positions: https://kite.trade/docs/connect/v3/portfolio/"""

from patang.kite_replies.base import Amount, Day, Reply, Text

__all__ = ["AuctionHolding", "Holding", "MarginFunded", "Position", "Positions"]


class MarginFunded(Reply):
    """What of a holding the broker has financed (MTF)."""

    quantity: int = 0
    used_quantity: int = 0
    average_price: Amount = None
    value: Amount = None
    initial_margin: Amount = None


class Holding(Reply):
    """Shares in the demat account. `quantity` is settled, `t1_quantity` is on its way, `used_quantity` was
    sold today, `authorised_quantity` may leave without asking again; rupees, percent."""

    tradingsymbol: str
    exchange: str
    instrument_token: int = 0
    isin: Text = ""
    product: Text = ""
    price: Amount = None
    quantity: int
    used_quantity: int = 0
    t1_quantity: int = 0
    realised_quantity: int = 0
    authorised_quantity: int = 0
    authorised_date: Day = None
    opening_quantity: int = 0
    short_quantity: int = 0
    collateral_quantity: int = 0
    collateral_type: Text = ""
    discrepancy: bool = False
    average_price: Amount = None
    last_price: Amount = None
    close_price: Amount = None
    pnl: Amount = None
    day_change: Amount = None
    day_change_percentage: Amount = None
    mtf: MarginFunded | None = None


class AuctionHolding(Holding):
    """A holding that may be offered in an auction, and the auction's number."""

    auction_number: str


class Position(Reply):
    """A position in an instrument and product; short below 0. Rupees."""

    tradingsymbol: str
    exchange: str
    instrument_token: int = 0
    product: str
    quantity: int
    overnight_quantity: int = 0
    multiplier: Amount = None
    average_price: Amount = None
    close_price: Amount = None
    last_price: Amount = None
    value: Amount = None
    pnl: Amount = None
    m2m: Amount = None
    unrealised: Amount = None
    realised: Amount = None
    buy_quantity: int = 0
    buy_price: Amount = None
    buy_value: Amount = None
    buy_m2m: Amount = None
    sell_quantity: int = 0
    sell_price: Amount = None
    sell_value: Amount = None
    sell_m2m: Amount = None
    day_buy_quantity: int = 0
    day_buy_price: Amount = None
    day_buy_value: Amount = None
    day_sell_quantity: int = 0
    day_sell_price: Amount = None
    day_sell_value: Amount = None


class Positions(Reply):
    """`net` as they are, `day` by what was traded today alone."""

    net: tuple[Position, ...] = ()
    day: tuple[Position, ...] = ()

"""Who the user is, his session and his funds: https://kite.trade/docs/connect/v3/user/"""

from pydantic import Field

from patang.kite_replies.base import Amount, Moment, Reply, Text

__all__ = [
    "AvailableFunds",
    "Funds",
    "Profile",
    "ProfileMeta",
    "SegmentFunds",
    "SessionReply",
    "UsedFunds",
]


class ProfileMeta(Reply):
    """`demat_consent`: consent (DDPI), physical (power of attorney), or empty."""

    demat_consent: Text = ""


class Profile(Reply):
    """The account's owner, and what the account may trade."""

    user_id: str
    user_type: Text = ""
    user_name: Text = ""
    user_shortname: Text = ""
    email: Text = ""
    broker: Text = ""
    exchanges: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    order_types: tuple[str, ...] = ()
    avatar_url: str | None = None
    meta: ProfileMeta = ProfileMeta()


class SessionReply(Profile):
    """What a login is worth. The tokens are secrets: they are in no representation of it."""

    api_key: Text = ""
    access_token: str = Field(repr=False)
    public_token: Text = Field("", repr=False)
    enctoken: Text = Field("", repr=False)
    refresh_token: Text = Field("", repr=False)
    login_time: Moment = None


class AvailableFunds(Reply):
    """What there is, rupees."""

    adhoc_margin: Amount = None
    cash: Amount = None
    opening_balance: Amount = None
    live_balance: Amount = None
    collateral: Amount = None
    intraday_payin: Amount = None


class UsedFunds(Reply):
    """What is used of it, rupees."""

    debits: Amount = None
    exposure: Amount = None
    m2m_realised: Amount = None
    m2m_unrealised: Amount = None
    option_premium: Amount = None
    payout: Amount = None
    span: Amount = None
    holding_sales: Amount = None
    turnover: Amount = None
    liquid_collateral: Amount = None
    stock_collateral: Amount = None
    delivery: Amount = None


class SegmentFunds(Reply):
    """Funds of a segment; `net` is what new orders may use."""

    enabled: bool = False
    net: Amount = None
    available: AvailableFunds = AvailableFunds()
    utilised: UsedFunds = UsedFunds()


class Funds(Reply):
    """By segment; None where the account has none of it."""

    equity: SegmentFunds | None = None
    commodity: SegmentFunds | None = None

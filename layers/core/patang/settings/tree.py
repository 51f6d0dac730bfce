"""The tree: everything a person may set, each with its safe default."""

from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from patang.market.session_override import SessionOverride
from patang.settings.blackouts import EventBlackout
from patang.settings.exits import ExitSettings
from patang.settings.fields import About, ClockTime, Percent, Section
from patang.settings.limits import ApprovalSettings, CapitalSettings, RiskSettings
from patang.settings.notifications import NotificationSettings
from patang.settings.requests import RequestSettings
from patang.settings.strategies import EquitySettings, OptionSettings

__all__ = ["KiteSettings", "Mode", "Settings", "UniverseSettings"]

type Mode = Literal["paper", "simulator", "live"]

_PRIVATE_HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "sandbox.kite.trade"})


class KiteSettings(Section):
    """Where the broker is. Base addresses are settings so that a simulator or the sandbox can stand in."""

    root: Annotated[str, About("address", looser=None), Field(description="The broker's REST interface.")] = (
        "https://api.kite.trade"
    )
    ticker_root: Annotated[
        str, About("address", looser=None), Field(description="The broker's stream of ticks.")
    ] = "wss://ws.kite.trade"
    login_root: Annotated[
        str, About("address", looser=None), Field(description="The broker's login page.")
    ] = "https://kite.zerodha.com"
    timeout_seconds: Annotated[
        int,
        About("seconds", looser=None),
        Field(
            ge=1,
            le=15,
            description="How long the broker's answer to a call is waited for; an order's 10 at most.",
        ),
    ] = 7
    logout_at: Annotated[
        ClockTime | None,
        About("HH:MM, IST", looser=None),
        Field(
            description="When the day's token is given up, half an hour after the close at the earliest; "
            "none: it ends at 06:00."
        ),
    ] = "16:30"


class UniverseSettings(Section):
    """What is watched: indices (by underlying), equities (by tradingsymbol), and of each index the options of
    its current and next expiry. `chain_band_pct`: how far from the last price, in percent, strikes may be
    watched during the day; `strikes_each_side`: how many either side of the money are at a time."""

    indices: Annotated[
        tuple[str, ...],
        # One that goes takes its STALE_INDEX with it; one that comes may bring options.
        About("names", "any"),
        Field(max_length=20, description="Indices that are watched."),
    ] = ("NIFTY", "BANKNIFTY")
    equities: Annotated[
        tuple[str, ...],
        About("tradingsymbols", "more"),
        Field(max_length=500, description="Shares of NSE that are watched and may be bought."),
    ] = (
        "RELIANCE",
        "HDFCBANK",
        "ICICIBANK",
        "INFY",
        "TCS",
        "SBIN",
        "ITC",
        "LT",
        "AXISBANK",
        "MARUTI",
    )
    chain_band_pct: Annotated[
        Percent,
        About("percent of the last price", looser=None),
        Field(description="How far from the last price strikes may be watched during the day."),
    ] = Decimal(10)
    strikes_each_side: Annotated[
        int,
        About("strikes", looser=None),
        Field(ge=1, le=40, description="How many either side of the money are watched at a time."),
    ] = 8


class Settings(Section):
    """Everything a person may set. Absent fields take these safe defaults; unknown ones are refused.

    `mode`: paper (orders stay inside Patang), simulator (orders go to a simulator on this machine or to the
    broker's sandbox, and nowhere else), live (real orders, after the day's preflight).
    `profile` is a label that every screen shows when it is not "safe".
    `sessions`: hours of single days that go before the exchange calendar's.
    """

    mode: Annotated[
        Mode,
        About("word", looser=None),
        Field(
            description="Where orders go: paper (nowhere), simulator (on this machine or the sandbox), "
            "live (to the exchange, after the day's preflight). Changed while nothing is open only."
        ),
    ] = "paper"
    profile: Annotated[
        str,
        About("word", looser=None),
        Field(max_length=40, description="A label, shown everywhere unless it reads safe."),
    ] = "safe"
    data_account: Annotated[
        str,
        About("account", looser=None),
        Field(max_length=40, description="The account that supplies market data."),
    ] = "main"
    public_url: Annotated[
        str | None,
        About("address", looser=None),
        Field(description="Where the desk is reached from outside; without it, its own HTTP API."),
    ] = None
    cycle_interval_seconds: Annotated[
        int,
        About("seconds", "down"),
        Field(
            ge=60,
            le=900,
            multiple_of=60,
            description="How often entries are decided: whole minutes, counted from the hour.",
        ),
    ] = 60
    kite: KiteSettings = KiteSettings()
    capital: CapitalSettings = CapitalSettings()
    risk: RiskSettings = RiskSettings()
    options: OptionSettings = OptionSettings()
    equity: EquitySettings = EquitySettings()
    exits: ExitSettings = ExitSettings()
    approval: ApprovalSettings = ApprovalSettings()
    requests: RequestSettings = RequestSettings()
    notifications: NotificationSettings = NotificationSettings()
    universe: UniverseSettings = UniverseSettings()
    sessions: Annotated[
        tuple[SessionOverride, ...],
        About("hours of days", looser=None),
        Field(max_length=100, description="Hours of single days, which go before the exchange calendar's."),
    ] = ()
    blackouts: Annotated[
        tuple[EventBlackout, ...],
        About("events", "fewer"),
        Field(max_length=200, description="Events (budget, Reserve Bank) around which no entry is made."),
    ] = ()
    entry_order_seconds: Annotated[
        int,
        About("seconds", "up"),
        Field(ge=5, le=900, description="How long an entry may rest unfilled before it is cancelled."),
    ] = 120
    registered_egress_ip: Annotated[
        str | None,
        About("IP address", looser=None),
        Field(description="The address that the broker knows; live orders leave from no other."),
    ] = None
    egress_echo_url: Annotated[
        str,
        About("address", looser=None),
        Field(
            max_length=200,
            pattern=r"^https?://\S+$",
            description="What the order lane asks for the address it leaves from: answers with the caller's "
            "IPv4 address and nothing else, over https unless it is on this machine.",
        ),
    ] = "https://checkip.amazonaws.com"

    @property
    def simulated_market(self) -> bool:
        """Whether the market is a simulator's, whose time need not be the wall's."""
        return urlsplit(self.kite.root).hostname in _PRIVATE_HOSTS

    @model_validator(mode="after")
    def _simulator_is_private(self) -> Self:
        if self.mode == "simulator" and not self.simulated_market:
            raise ValueError(
                f"mode simulator sends orders to kite.root, which is {self.kite.root!r}: "
                "give a loopback address or the sandbox, or set mode paper"
            )
        return self

    @model_validator(mode="after")
    def _is_an_address(self) -> Self:
        if self.registered_egress_ip is not None:
            try:
                ip_address(self.registered_egress_ip)
            except ValueError:
                told = f"registered_egress_ip is {self.registered_egress_ip!r}, which is no IP address"
                raise ValueError(told) from None
        return self

    @model_validator(mode="after")
    def _echo_is_private(self) -> Self:
        address = urlsplit(self.egress_echo_url)
        if address.scheme != "https" and address.hostname not in _PRIVATE_HOSTS:
            raise ValueError(
                f"egress_echo_url is {self.egress_echo_url!r}: over http anybody on the way could answer for "
                "it; give an https address"
            )
        return self

    @model_validator(mode="after")
    def _one_word_a_session(self) -> Self:
        said = [(override.day, override.segment) for override in self.sessions]
        twice = next((key for key in said if said.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"sessions says two things of {twice[0]}, segment {twice[1] or 'all'}: keep one")
        return self

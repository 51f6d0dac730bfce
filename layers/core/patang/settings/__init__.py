"""The desk's settings: one validated tree with safe defaults, kept as a versioned item of the desk table."""

from patang.settings.blackouts import EventBlackout, blackout_at
from patang.settings.exits import ExitSettings
from patang.settings.limits import (
    LONGEST_APPROVAL_SECONDS,
    ApprovalSettings,
    CapitalSettings,
    RiskSettings,
)
from patang.settings.stored import explain
from patang.settings.strategies import EquitySettings, OptionSettings
from patang.settings.tree import KiteSettings, Mode, Settings, UniverseSettings

__all__ = [
    "LONGEST_APPROVAL_SECONDS",
    "ApprovalSettings",
    "CapitalSettings",
    "EquitySettings",
    "EventBlackout",
    "ExitSettings",
    "KiteSettings",
    "Mode",
    "OptionSettings",
    "RiskSettings",
    "Settings",
    "UniverseSettings",
    "blackout_at",
    "explain",
]

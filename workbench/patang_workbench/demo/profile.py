"""The demonstration profile: as near to the safe defaults as a small demonstration model can trade with.

What it loosens, and why:

- `min_confidence` 0.35 and `min_expected_net_profit_inr` 0: the shipped model knows synthetic data only and
  is never as sure as the safe defaults ask. Expected profit is still net of charges, spread and slippage.
- `max_hold_minutes` 30 and 45: a trade closes within a short session. The model's labels assume the same.
- `enter_on_expiry_day`: a demonstration may fall on any day. What expires that day is not entered even so.

What it tightens: one position at a time, so that a session shows its trades one after the other.
"""

from decimal import Decimal

from patang.settings import EquitySettings, OptionSettings, RiskSettings, Settings

__all__ = ["DEMONSTRATION"]

DEMONSTRATION = Settings(
    profile="demonstration",
    risk=RiskSettings(
        min_confidence=0.35, min_expected_net_profit_inr=Decimal(0), max_concurrent_positions=1
    ),
    options=OptionSettings(max_hold_minutes=30, enter_on_expiry_day=True),
    equity=EquitySettings(max_hold_minutes=45),
)

"""What a month costs beside the capital that it is to be earned from."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

__all__ = ["DATA_SUBSCRIPTION_INR", "RUPEES_A_DOLLAR", "Burden"]

# Kite Connect with live and historical data, a month and API key
# (support.zerodha.com, Kite Connect API FAQs, read 2026-11-21; orders alone are free).
DATA_SUBSCRIPTION_INR: Final = Decimal(500)
# Assumed on 2026-11-21; AWS bills an Indian account in rupees at its own rate of the day.
RUPEES_A_DOLLAR: Final = Decimal(88)

_PERCENT: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Burden:
    """A month's bill of AWS (US dollars) and the broker's data subscription, on a capital in rupees."""

    aws_usd: Decimal
    capital_inr: Decimal
    rupees_a_dollar: Decimal = RUPEES_A_DOLLAR

    @property
    def aws_inr(self) -> Decimal:
        return self.aws_usd * self.rupees_a_dollar

    @property
    def total_inr(self) -> Decimal:
        return self.aws_inr + DATA_SUBSCRIPTION_INR

    def percent(self, rupees: Decimal) -> Decimal:
        """Of the capital."""
        return rupees / self.capital_inr * _PERCENT

"""Amounts in reports: exact here, numbers in JSON."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer

__all__ = ["Rupees"]

type Rupees = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]

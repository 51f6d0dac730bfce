"""What was left alone is kept as the log has it, without being validated: it must be what would validate."""

import math

import pytest

from patang.strategies.explanation import LeftAlone
from patang.strategies.rules import RuleLog


@pytest.mark.parametrize("value", [2, 2.0, True, math.nan, math.inf])
@pytest.mark.parametrize("ask", ["holds", "allows"])
def test_what_the_log_tells_is_what_is_read_back(ask, value):
    log = RuleLog("SBIN")
    getattr(log, ask)("sides_of_the_book", value, ">=", 3)
    told = LeftAlone.told("equity", log.refuse("CIRCUIT_LOCKED"))
    validated = LeftAlone(strategy="equity", subject="SBIN", gate="CIRCUIT_LOCKED", rules=tuple(log.rules))
    kept = told.model_dump_json()
    assert told == validated
    assert kept == validated.model_dump_json()
    assert LeftAlone.model_validate_json(kept) == told
    assert '"threshold":3.0' in kept

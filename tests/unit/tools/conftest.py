"""A desk in memory, and callers of its tools. A module shares one: what changes it makes its own."""

import pytest

from patang.identity.principal import ALL_SCOPES, Principal
from patang.tools.caller import Caller
from tests.fakes import RecordedPollQueue
from tests.unit.api.sample_desk import SampleDesk, busy, two_owners


@pytest.fixture(scope="module")
def desk() -> SampleDesk:
    """`main` is asha's, `other` is ravi's; both are busy."""
    made = busy(two_owners())
    made.poll_queue = RecordedPollQueue()
    return made


@pytest.fixture(scope="module")
def caller(desk):
    """Makes a caller by his name and scopes."""

    def make(*scopes: str, name: str = "asha") -> Caller:
        account = {"asha": "main", "ravi": "other"}[name]
        allowed = frozenset(scopes) if scopes else ALL_SCOPES
        return desk.caller(Principal(name, f"token:t1 of {name}", (account,), allowed))

    return make

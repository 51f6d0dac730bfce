"""One desk a test."""

import pytest

from tests.unit.api.sample_desk import SampleDesk
from tests.unit.oauth.parties import new_desk


@pytest.fixture
def desk() -> SampleDesk:
    return new_desk()

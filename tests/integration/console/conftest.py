"""Pages of the console in a real browser, over a desk in memory."""

from collections.abc import Iterator

import pytest

from tests.browser.console import Console, served_console
from tests.unit.api.sample_desk import busy, two_owners


@pytest.fixture
def console(browser) -> Iterator[Console]:
    with served_console(browser, lambda address: busy(two_owners(public_url=address))) as served:
        yield served

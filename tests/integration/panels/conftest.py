"""Desks whose panels are shown in a browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.panels import Order
from tests.browser.serving import Host, ServedDesk, served_desk
from tests.unit.api.ordered_desk import OrderedDesk
from tests.unit.api.sample_desk import SampleDesk, busy, two_owners

type Shows = Callable[..., Host]


@pytest.fixture
def ordering(browser) -> Iterator[Order]:
    """A desk that takes orders, an assistant with a token of its owner's, and his browser."""
    with served_desk(OrderedDesk) as served:
        yield Order(browser, served)


@pytest.fixture
def sample() -> Iterator[ServedDesk]:
    """A desk with a day's worth of state, of the principals asha and ravi."""
    with served_desk(lambda address: busy(two_owners(public_url=address))) as served:
        yield served


@pytest.fixture
def show(browser, sample) -> Shows:
    """Shows the panel of a tool to asha's assistant."""

    def shown(tool: str, *scopes: str, **asked: Any) -> Host:
        desk: SampleDesk = sample.desk
        token = desk.tokens().issue("asha", "test", scopes or ("read", "trade"), days=1).secret
        return sample.show(browser, token, tool, **asked)

    return shown

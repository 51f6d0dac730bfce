"""What the first view of each page weighs, and how long it takes from the local stack, in Chromium.

pytest tests/bench/test_first_view.py -s

Everything behind the page is as deployed: front door, gateway's events, the function's bundle, DynamoDB's
emulator. The browser has no file of the page yet; the function is warm, as it is while a page is left open.
"""

import os
from collections.abc import Iterator
from statistics import median

import pytest

from patang_workbench.demo.run import Run
from patang_workbench.local_stack.stack import LocalStack
from tests.browser.chromium import CHROMIUM, Page, running_chromium
from tests.browser.console import SCREEN
from tests.e2e.troubled_day import PLAN
from tests.e2e.watched_session import signed_in

TIMES = 5
HEAVIEST, LONGEST_MS = 100_000, 1000

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to measure a first view")
    before = dict(os.environ)
    try:
        with LocalStack(lambda _line: None) as stack, running_chromium() as browser:
            Run(PLAN, lambda _line: None).set_up(stack).close()
            yield signed_in(browser, stack.address, SCREEN)
    finally:
        # The stack tells boto3 of itself by the environment of this process.
        os.environ.clear()
        os.environ.update(before)


def test_first_views_are_light_and_soon_there(page: Page) -> None:
    page.until("Boolean(document.querySelector('nav.pages a'))")
    addresses = page.run("[...document.querySelectorAll('nav.pages a')].map((one) => one.href)")
    for address in addresses:
        page.open(address)
        seen = []
        for _ in range(TIMES):
            page.forget_files()
            seen.append(page.open(address).loaded())
        weight, took = max(each[0] for each in seen), median(each[1] for each in seen)
        print(f"{address.rpartition('/')[2] or 'today'}: {weight / 1000:.0f} KB, {took:.0f} ms")
        assert weight < HEAVIEST
        assert took < LONGEST_MS

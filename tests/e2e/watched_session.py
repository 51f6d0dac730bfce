"""A morning in the hands of a person at a browser, by the console's pages: one order declined, one approved.

Nothing here waits for the market: its clock is moved by the loop that calls `during`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from patang.settings import ApprovalSettings
from patang_workbench.demo.report import Report
from patang_workbench.demo.run import Run
from patang_workbench.local_stack.owner import Owner
from patang_workbench.local_stack.stack import LocalStack
from tests.browser.chromium import Chromium, Page
from tests.browser.console import PHONE, SCREEN, press
from tests.e2e.troubled_day import PLAN

__all__ = ["PersonAtTheDesk", "Watched", "signed_in", "watched"]

_ONE_TRADE = replace(
    PLAN,
    until_trades=1,
    profile=PLAN.profile.model_copy(update={"approval": ApprovalSettings(timeout_seconds=60)}),
)
_STATE = "document.querySelector('#risk strong').innerText"
_HELD = "document.querySelector('#positions tbody tr td strong')?.innerText ?? ''"

# A button, what it asks once more, and whether entries are open after the yes.
_ACTS = (
    ("Halt", "Halt main?", False),
    ("Resume", "Resume main?", True),
    ("Flatten", "Flatten main?", False),
)


@dataclass
class PersonAtTheDesk:
    """`today` is the page that stays open, `phone` the one on which links are opened, without JavaScript once
    somebody was refused."""

    today: Page
    phone: Page
    told: list[str] = field(default_factory=list)
    declined: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    held: str = ""

    def answer(self, _owner: Owner, link: str) -> None:
        """The first is declined from Today, every other approved by its link with JavaScript off."""
        if not self.declined:
            self.today.until("Boolean(document.querySelector('#approvals .countdown'))")
            press(self.today, "Decide", "#approvals")
            self.today.until("location.pathname.startsWith('/proposals/')")
            press(self.today, "Decline")
            self.today.until("document.body.innerText.includes('eclined')")
            self.declined.append(self.today.text())
            self.today.open(link.partition("/approvals/")[0] + "/")
            return
        self.phone.scripts(run=False)
        self.phone.open(link)
        if self.phone.run("Boolean(document.querySelector('form#decision'))"):
            self.phone.run("document.querySelector('button[value=approve]').click()")
            self.phone.until("!document.querySelector('form#decision')")
        self.approved.append(self.phone.text())

    def during(self, _stack: LocalStack, _market_time: datetime) -> None:
        """Once a position has come in by itself: halted, resumed, flattened, each with a yes."""
        if self.held or not self.today.run(_HELD):
            return
        self.held = self.today.run(_HELD)
        for button, title, open_after in _ACTS:
            press(self.today, button, "#risk")
            self.today.until("document.getElementById('ask').open")
            assert self.today.run("document.getElementById('ask-title').innerText") == title
            self.told.append(self.today.run("document.getElementById('ask-text').innerText"))
            press(self.today, "Yes", "#ask")
            self.today.until(f"{_STATE}.startsWith('Entries') === {json.dumps(open_after)}")


@dataclass(frozen=True)
class Watched:
    """What is to be seen when it is over; the stack and the tab of Today still stand."""

    stack: LocalStack
    person: PersonAtTheDesk
    report: Report


def watched(stack: LocalStack, browser: Chromium, say: Callable[[str], None]) -> Watched:
    """A fresh stack until its first trade is over. Raises RunError if it does not come to that."""
    owner = Run(_ONE_TRADE, say).set_up(stack)
    person = PersonAtTheDesk(
        signed_in(browser, stack.address, SCREEN), signed_in(browser, stack.address, PHONE)
    )
    run = Run(_ONE_TRADE, say, during=person.during, answer=person.answer)
    report = run.session(stack, owner)
    owner.close()
    return Watched(stack, person, report)


def signed_in(browser: Chromium, address: str, size: tuple[int, int]) -> Page:
    """Through the broker's login page."""
    page = browser.page(f"{address}/", width=size[0], height=size[1])
    page.size(*size)
    press(page, "Sign in with Kite")
    page.until("document.title.startsWith('Sign in - simulated broker')")
    page.run("document.querySelector('form button').click()")
    page.until("Boolean(document.querySelector('main.console'))")
    page.console.clear()
    return page

"""The console of a desk in memory, in its owner's browser.

python -m tests.browser.console /signals --out DIR    pictures of a page: light and dark, wide and narrow
python -m tests.browser.console --out DIR             of every page
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from functions.api.app import build_app
from patang.app import Desk
from tests.browser.chromium import Chromium, Page, running_chromium
from tests.on_a_port import on_a_port
from tests.unit.api.oauth_client import browser_at, log_in_at_kite
from tests.unit.api.whole_desk import ADDRESSES, whole_desk

__all__ = ["PHONE", "SCREEN", "Console", "press", "served_console"]

SCREEN, PHONE = (1280, 900), (390, 844)


class Console:
    """Pages of a served desk; whoever opens one is signed in as the owner of `main`."""

    def __init__(self, desk: Desk, address: str, browser: Chromium) -> None:
        self.desk, self.address = desk, address
        self._browser = browser
        client = browser_at(desk, address)
        answer = log_in_at_kite(client, desk, "/login?account=main", "AB1234")
        if answer.status_code != 303:
            raise RuntimeError(f"the sample desk lets nobody in: {answer.text[:300]}")
        self.session: str = client.cookies["patang-session"]

    def page(self, path: str, size: tuple[int, int] = SCREEN, *, dark: bool = False) -> Page:
        """A tab at an address of the desk."""
        page = self._browser.page(width=size[0], height=size[1])
        page.size(*size)
        page.media(dark=dark, reduced_motion=True)
        page.cookie(self.address, "patang-session", self.session)
        return page.open(f"{self.address}{path}")


def press(page: Page, text: str, within: str = "body") -> None:
    """Clicks the button, link or summary of this text, as soon as it is there to be clicked."""
    of = json.dumps(f"{within} :is(button, a, summary)")
    find = f"[...document.querySelectorAll({of})].filter((one) => one.offsetParent && !one.disabled)"
    named = f"(one) => one.innerText.trim() === {json.dumps(text)}"
    page.until(f"(() => {{ const one = {find}.find({named}); one?.click(); return Boolean(one); }})()")


@contextmanager
def served_console(browser: Chromium, make: Callable[[str], Desk]) -> Iterator[Console]:
    """`make` is told the address under which its desk is served."""
    desks: list[Desk] = []

    def application(address: str) -> ASGIApp:
        desks.append(make(address))
        return build_app(desks[0])

    with on_a_port(application) as address:
        yield Console(desks[0], address, browser)


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of pages of the console of a sample desk.")
    parser.add_argument("path", nargs="*", help="of every page without it")
    parser.add_argument("--out", type=Path, default=Path())
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with running_chromium() as browser, served_console(browser, whole_desk) as console:
        for path in options.path or ADDRESSES:
            for picture, said in _pictures(console, path, options.out):
                print(picture, said)  # noqa: T201 (a command's output)
            browser.close_pages()


def _pictures(console: Console, path: str, folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each with what the browser's console said meanwhile."""
    name = re.sub(r"\W+", "-", path).strip("-") or "today"
    for width, size in (("wide", SCREEN), ("narrow", PHONE)):
        for scheme in ("light", "dark"):
            page = console.page(path, size, dark=scheme == "dark")
            page.until("!document.querySelector('main.console:not(html.scripted main)')")
            page.until("!document.querySelector('figure[data-chart]:not(.is-drawn)')")
            yield page.picture(folder / f"{name}-{width}-{scheme}.png"), page.console


if __name__ == "__main__":
    main()

"""Whatever others have named, written or answered is text on every page."""

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

import functions.api.console as console
from functions.api.app import build_app
from tests.unit.api.hostile_desk import BREAKOUT, MARK, attacked_desk
from tests.unit.api.oauth_client import browser_at, log_in_at_kite
from tests.unit.api.sample_desk import two_owners
from tests.unit.api.whole_desk import ADDRESSES

# The one address outside that a page names, as the licence of the charts asks.
CREDIT = "https://www.tradingview.com/"


ROUTES = [
    (compile_path(str(route.path))[0], route.methods or set())
    for route in iter_route_contexts(build_app(two_owners()).routes)
]


def is_route(method: str, address: str) -> bool:
    """Whether the desk has a route there, as a browser asks that finds the address on a page."""
    path = urlsplit(urljoin("http://desk/somewhere", address)).path
    return any(method in methods and pattern.match(path) for pattern, methods in ROUTES)


class Markup(HTMLParser):
    """What of a page would be run, fetched from elsewhere, or sent to where nobody meant it to go."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        shown = f"<{tag} {values}>"
        if tag == "script" and not (values.get("src") or "").startswith("/static/"):
            self.wrong.append(shown)
        if tag in ("img", "iframe", "object", "embed", "link", "base") and MARK in str(values):
            self.wrong.append(shown)
        self.wrong += [shown for name in values if name.startswith("on") or MARK in name]
        for name in ("href", "src", "action", "formaction"):
            leads = values.get(name) or "#"
            if leads != CREDIT and not re.match(r"/(?!/)|#|\?", leads):
                self.wrong.append(shown)
            elif name in values and not leads.startswith(("#", "?")):
                method = (values.get("method") or "get").upper()
                self.wrong += [] if is_route(method, leads) else [shown]
        if "data-api" in values:
            method, _, path = (values["data-api"] or "").partition(" ")
            self.wrong += [] if is_route(method, path) else [shown]


@pytest.fixture(scope="module")
def attacked():
    """A signed-in browser on a desk of which every free word is hostile."""
    desk = attacked_desk()
    browser = browser_at(desk, "http://testserver")
    assert log_in_at_kite(browser, desk, "/login?account=main", "AB1234").status_code == 303
    return browser


@pytest.mark.parametrize("path", ADDRESSES)
def test_hostile_words_are_text(attacked, path):
    page = attacked.get(path)
    assert page.status_code == 200, page.text[:300]
    assert Markup(page.text).wrong == []


def test_they_are_shown_whole(attacked):
    """A page that left them out would pass by silence."""
    shown = {path for path in ADDRESSES if BREAKOUT in unescape(attacked.get(path).text)}
    assert {"/", "/signals", "/orders", "/audit", "/settings/history", "/settings/accounts"} <= shown


def test_parts_that_change_escape_them_too(attacked):
    for path in ADDRESSES:
        answer = attacked.get(path, headers={"Patang-Live": "1"})
        assert Markup(answer.text).wrong == [], path


@pytest.mark.parametrize(
    "page",
    [
        "<title>{}</title>",
        '<p title="{}">',
        "<p title='{}'>",
        "<p>{}</p>",
        '<a href="/orders/../../elsewhere">',
        '<form data-api="DELETE /api/alerts/../../elsewhere">',
        '<form data-api="POST /api/alerts/one">',
    ],
)
def test_the_check_would_find_them(page):
    assert Markup(page.format(BREAKOUT)).wrong


def test_every_page_of_the_console_is_walked():
    """An address for each route that shows a page."""
    routes = [
        route.path
        for route in iter_route_contexts(build_app(two_owners()).routes)
        if route.endpoint.__module__.startswith(console.__name__)
    ]
    assert routes
    paths = [address.partition("?")[0] for address in ADDRESSES]
    for route in routes:
        pattern = re.sub(r"{[^}]+}", "[^/]+", route)
        assert any(re.fullmatch(pattern, path) for path in paths), f"{route} is not walked"

"""A page of somebody else in the owner's browser, while he is signed in: it shows nothing, and does nothing.

Under another port of this machine it is of the same site for cookies: his session goes along with whatever it
sends, and nothing but the word of the session stands in its way.
"""

import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.on_a_port import on_a_port

FORMS = (
    ("/api/risk/halt", "text/plain", '{"account": "main", "x": "', '"}'),
    ("/api/risk/halt", "application/x-www-form-urlencoded", "account", "main"),
    ("/logout", "application/x-www-form-urlencoded", "csrf", ""),
    ("/proposals/main/o20260818-1046-a1", "application/x-www-form-urlencoded", "decision", "approve"),
)


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a page that holds nothing of its own."""
    page = Route("/", lambda _request: HTMLResponse("<!doctype html><title>elsewhere</title><p>Win!</p>"))
    with on_a_port(lambda _address: Starlette(routes=[page])) as address:
        yield address


def untouched(console) -> None:
    assert not console.desk.desk_view().risk(("main",))[0].halted
    assert console.desk.sign_in().principal(console.session) is not None
    [waiting] = console.desk.desk_view().approvals(("main",))
    assert waiting.order_id == "o20260818-1046-a1"


@pytest.mark.parametrize(("path", "kind", "name", "value"), FORMS)
def test_a_form_that_another_page_posts_changes_nothing(console, elsewhere, path, kind, name, value):
    page = console.page("/")
    page.open(elsewhere)
    form = {"action": f"{console.address}{path}", "method": "post", "enctype": kind}
    page.run(
        f"(() => {{ const form = Object.assign(document.createElement('form'), {json.dumps(form)});"
        "const field = document.createElement('input');"
        f"field.name = {json.dumps(name)}; field.value = {json.dumps(value)};"
        "form.append(field); document.body.append(form); form.submit(); })()"
    )
    page.until(f"location.origin === {json.dumps(console.address)} && document.readyState === 'complete'")
    assert "own page" in page.text()
    untouched(console)


def test_a_script_elsewhere_may_neither_read_nor_send(console, elsewhere):
    page = console.page("/")
    page.open(elsewhere)
    for path, options in (
        ("/", {}),
        ("/api/status", {}),
        ("/api/risk/halt", {"method": "POST", "body": "{}", "headers": {"Content-Type": "application/json"}}),
        ("/api/risk/halt", {"method": "POST", "body": "{}", "headers": {"Content-Type": "text/plain"}}),
    ):
        asked = (
            f"fetch({json.dumps(console.address + path)}, {json.dumps(options | {'credentials': 'include'})})"
        )
        assert page.run(f"{asked}.then((answer) => answer.text(), (error) => error.name)") == "TypeError"
    untouched(console)


@pytest.mark.parametrize("path", ["/", "/api/status", "/reports/daily/2026-08-18"])
def test_another_page_may_not_even_load_what_it_cannot_read(console, elsewhere, path):
    """Without it an answer comes into its process, and tells by its size and time."""
    page = console.page("/")
    page.open(elsewhere)
    options = {"mode": "no-cors", "credentials": "include"}
    asked = f"fetch({json.dumps(console.address + path)}, {json.dumps(options)})"
    assert page.run(f"{asked}.then((answer) => answer.type, (error) => error.name)") == "TypeError"


def test_a_page_that_another_opens_is_out_of_its_reach(console, elsewhere):
    """It may count no frames, and lead the window nowhere else."""
    page = console.page("/")
    page.open(elsewhere)
    page.run(f"void (window.opened = window.open({json.dumps(console.address + '/')}))")
    page.until("window.opened === null || window.opened.closed")
    untouched(console)


@pytest.mark.parametrize("path", ["/", "/settings/limits", "/proposals/main/o20260818-1046-a1"])
def test_no_page_is_drawn_within_another(console, elsewhere, path):
    page = console.page("/")
    page.open(elsewhere)
    page.console.clear()
    page.run(
        f"new Promise((done) => {{ const frame = document.createElement('iframe'); frame.onload = done;"
        f"frame.src = {json.dumps(console.address + path)}; document.body.append(frame); }})"
    )
    page.until("true")
    assert page.run("document.querySelector('iframe').contentDocument") is None
    assert any("frame" in line.lower() for line in page.console), page.console

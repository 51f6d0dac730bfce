"""What every page of the console has, whatever it shows."""

import re
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts

import functions.api.console as console
from functions.api.app import build_app
from functions.api.console.frame import PAGES
from patang.keys import mark_key
from tests.unit.api.sample_desk import HOSTILE, two_owners

ROUTES = list(iter_route_contexts(build_app(two_owners()).routes))
THERE = [page.path for page in PAGES if page.path in {route.path for route in ROUTES}]


def test_pages_only_show():
    routes = [route for route in ROUTES if route.endpoint.__module__.startswith(console.__name__)]
    assert routes
    assert {method for route in routes for method in route.methods} <= {"GET", "HEAD"}


@pytest.mark.parametrize("path", THERE)
def test_a_page_is_whole_and_asks_nobody_else(owner, path):
    page = owner.get(path)
    assert page.status_code == 200
    assert re.search(r"<title>[^<]+ · Patang</title>", page.text)
    assert page.text.count('aria-current="page"') == 1
    assert page.text.count("<main") == 1
    assert not re.search(r"(?:src|href|action)=.?\s*(?:https?:|//|data:|javascript:)", page.text)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page.text), "the policy forbids it"
    assert HOSTILE not in page.text


@pytest.mark.parametrize("path", THERE)
def test_what_changes_comes_alone_tagged_and_without_the_word_of_the_session(owner, live, path):
    first = live(path)
    assert first.status_code == 200
    assert first.text.lstrip().startswith('<div class="lights"')
    assert owner.csrf not in first.text
    assert owner.csrf in owner.get(path).text
    same = live(path, tag=first.headers["ETag"])
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize("path", THERE)
def test_parts_that_change_can_be_found_again(owner, live, path):
    page, parts = owner.get(path).text, live(path).text
    named = re.findall(r'<\w+[^>]*\bid="([^"]+)"[^>]*\bdata-live', parts)
    assert len(named) == len(re.findall(r"\bdata-live\b", parts)), "a part without an id"
    assert len(set(named)) == len(named)
    for name in named:
        assert page.count(f' id="{name}"') == 1, name


def test_time_alone_changes_nothing(desk, live):
    first = live("/")
    desk.clock.advance(5)
    again = live("/", tag=first.headers["ETag"])
    assert again.status_code == 304
    assert again.headers["Patang-Now"] == desk.clock.now().isoformat()


def test_a_price_that_moved_is_told(desk, live):
    first = live("/")
    key = mark_key("p1")
    desk.store.items[key] = {**desk.store.items[key], "unrealised_pnl": "12.34"}
    assert live("/", tag=first.headers["ETag"]).status_code == 200


def test_files_are_a_fixed_set_kept_for_good_in_one_version(stranger, owner):
    addresses = sorted(set(re.findall(r'"(/static/[^"]+)"', owner.get("/").text)))
    assert len({address.split("/")[2] for address in addresses}) == 1
    for address in addresses:
        answer = stranger.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        older = stranger.get(re.sub(r"/static/\w+/", "/static/0123456789ab/", address))
        assert (older.content, older.headers["cache-control"]) == (answer.content, "no-store")
    for name in ("../handler.py", "..%2fhandler.py", "handler.py", "today.html", "%2e%2e/app.py"):
        assert stranger.get(f"/static/0123456789ab/{name}").status_code == 404


def test_modules_import_what_lies_beside_them():
    folder = Path(console.__file__).parents[1] / "static"
    for module in folder.glob("*.js"):
        for name in re.findall(r'from "([^"]+)"|import\("([^"]+)"\)', module.read_text()):
            assert (folder / (name[0] or name[1]).removeprefix("./")).exists(), (module.name, name)


def test_what_may_be_compressed_is_and_what_holds_the_word_is_not(owner):
    asked = {"Accept-Encoding": "gzip"}
    assert "content-encoding" not in owner.get("/", headers=asked).headers
    assert owner.get("/", headers=asked | {"Patang-Live": "1"}).headers["content-encoding"] == "gzip"
    assert owner.get("/api/status", headers=asked).headers["content-encoding"] == "gzip"

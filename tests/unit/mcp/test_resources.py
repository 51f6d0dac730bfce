"""Resources: each address is a tool's answer to the one who asks, and nothing of anybody else's."""

import json

import pytest

from functions.mcp.resources import RESOURCE_TEMPLATES, RESOURCES, NoSuchResource, read
from functions.mcp.results import content_of
from patang.errors import BadInput
from patang.identity.principal import ALL_SCOPES, Principal
from patang.identity.rights import ScopeMissing, UnknownAccount
from patang.tools.registry import find
from patang_workbench.research.run_files import keep_run, store_run
from tests.unit.api.sample_desk import DAY, HOSTILE, busy, event, two_owners
from tests.unit.backtest.sample_runs import backtest_run


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = busy(two_owners())
    made.audited(event("DESK", 1, "SETTINGS_CHANGED", "person:asha", made.clock.now(), {"version": 2}))
    run, _ = backtest_run(days=5)
    folder = tmp_path_factory.mktemp("runs") / "backtest-mine"
    store_run(keep_run("backtest", "a", run, out=folder), made.objects)
    return made


@pytest.fixture(scope="module")
def caller(desk):
    def make(name="asha", scopes=ALL_SCOPES):
        account = {"asha": "main", "ravi": "other"}[name]
        return desk.caller(Principal(name, f"token:t1 of {name}", (account,), frozenset(scopes)))

    return make


# Every template filled in for asha, beside every resource.
ADDRESSES = {
    "patang://positions": ("desk_positions", {}),
    "patang://orders": ("desk_orders", {}),
    "patang://reports": ("list_reports", {"limit": 100}),
    "patang://audit": ("search_audit", {"account_id": "DESK", "limit": 200}),
    "patang://positions/main": ("desk_positions", {"account_id": "main"}),
    f"patang://orders/main/{DAY}": ("desk_orders", {"account_id": "main", "day": str(DAY)}),
    "patang://reports/backtest-mine": ("get_backtest", {"report": "backtest-mine"}),
    f"patang://audit/main/{DAY}": ("search_audit", {"account_id": "main", "day": str(DAY), "limit": 200}),
}


def test_the_addresses_are_those_that_are_listed():
    shapes = {one.uri for one in RESOURCES} | {one.uri_template for one in RESOURCE_TEMPLATES}
    filled = {shape.format(account="main", day=DAY, report="backtest-mine") for shape in shapes}
    assert filled == set(ADDRESSES)


@pytest.mark.parametrize("uri", ADDRESSES)
def test_it_is_what_the_tool_answers(caller, uri):
    (contents,) = read(caller(), uri)
    name, arguments = ADDRESSES[uri]
    assert (contents.uri, contents.mime_type) == (uri, "application/json")
    told = json.loads(contents.text)
    assert told == content_of(name, find(name).call(caller(), arguments))
    assert any(told.values()), "it has something to tell"


@pytest.mark.parametrize("uri", ADDRESSES)
def test_it_needs_the_scope_to_read_and_no_more(caller, uri):
    assert read(caller(scopes={"read"}), uri)
    with pytest.raises(ScopeMissing):
        read(caller(scopes={"trade", "admin"}), uri)


@pytest.mark.parametrize(
    "uri", ["patang://positions/main", f"patang://orders/main/{DAY}", f"patang://audit/main/{DAY}"]
)
def test_anothers_account_is_as_one_that_is_not_there(caller, uri):
    for address in (uri, uri.replace("main", "nobody")):
        with pytest.raises(UnknownAccount, match="you have no account"):
            read(caller("ravi"), address)


def test_without_an_account_only_ones_own_is_shown(caller):
    told = json.loads(read(caller("ravi"), "patang://positions")[0].text)
    assert [position["account"] for position in told["positions"]] == ["other"]


def test_what_somebody_wrote_comes_as_data_and_is_named_as_such(caller):
    told = json.loads(read(caller(), f"patang://audit/main/{DAY}")[0].text)
    assert [e for e in told["events"] if e["details"].get("note") == HOSTILE]
    assert "events[].details.note" in told["said_by_others"]


@pytest.mark.parametrize(
    "uri",
    [
        "patang://", "patang://settings", "patang://orders/main", "patang://positions/main/2026-08-18/x",
        "patang://positions/", "http://positions", "file:///etc/passwd", "patang://reports/a/run.json", "",
        "patang://positions?account=main", "PATANG://positions", "patang://positions\n",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_told_with_those_that_are(caller, uri):
    with pytest.raises(NoSuchResource, match="patang://positions"):
        read(caller(), uri)


@pytest.mark.parametrize(
    "uri",
    ["patang://audit/main/yesterday", "patang://reports/none-of-this-name", "patang://reports/..%2Fminutes"],
)
def test_what_an_address_names_wrongly_is_refused(caller, uri):
    with pytest.raises(BadInput):
        read(caller(), uri)


def test_a_name_in_an_address_may_be_written_in_its_escaped_form(caller):
    assert (
        read(caller(), "patang://positions/%6Dain")[0].text
        == read(caller(), "patang://positions/main")[0].text
    )

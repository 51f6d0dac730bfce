"""What is tried against the way by which programs are let in, over HTTP: each attempt comes to nothing, and
what it must not leave behind is looked for."""

from itertools import product

import pytest
from starlette.testclient import TestClient

from functions.mcp.endpoint import McpEndpoint
from patang.records import replace
from tests.unit.api.oauth_client import (
    HERE,
    LOOPBACK,
    Program,
    answered_in,
    asked_in,
    browser_at,
    code_of,
    log_in_at_kite,
    query_of,
    tokens_of,
)
from tests.unit.api.sample_desk import busy, two_owners
from tests.unit.api.test_every_route import GUARDED, concrete

EVIL = "https://evil.example"


@pytest.fixture
def desk():
    return busy(two_owners(public_url=HERE))


def signed_in(desk, account: str = "main", user_id: str = "AB1234") -> TestClient:
    browser = browser_at(desk)
    assert log_in_at_kite(browser, desk, f"/login?account={account}", user_id).status_code == 303
    return browser


def word_of(desk, browser: TestClient) -> str:
    """What the pages of this signed-in browser carry."""
    return desk.sign_in().principal(browser.cookies["__Host-patang-session"]).csrf


@pytest.fixture
def browser(desk):
    """Asha's."""
    return signed_in(desk)


@pytest.fixture
def program(desk):
    return Program(browser_at(desk)).register()


@pytest.fixture
def works(desk):
    """Whether /mcp takes a token."""
    endpoint = TestClient(McpEndpoint(desk), base_url=HERE)

    def ask(token: str) -> bool:
        answer = endpoint.post(
            "/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"},
        )
        assert answer.status_code in (200, 401)
        return answer.status_code == 200

    return ask


def refused(answer, error: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["error"]) == (401 if error == "invalid_client" else 400, error), body
    assert "access_token" not in body


# Secrets that were seen by somebody else.


def test_a_code_that_is_replayed_ends_what_it_gave(browser, program, works):
    code = code_of(browser, program, "read")
    tokens = program.change(code).json()
    assert works(tokens["access_token"])
    refused(program.change(code), "invalid_grant")
    assert not works(tokens["access_token"])
    refused(program.refresh(tokens["refresh_token"]), "invalid_grant")


def test_a_refresh_token_that_is_replayed_ends_the_family(browser, program, works):
    """Whether the thief or the client came first: both have to ask the person again."""
    first = tokens_of(browser, program, "read")
    second = program.refresh(first["refresh_token"]).json()
    assert works(second["access_token"])
    refused(program.refresh(first["refresh_token"]), "invalid_grant")
    assert not works(second["access_token"])
    refused(program.refresh(second["refresh_token"]), "invalid_grant")
    assert "None is connected" in browser.get("/settings/programs").text


def test_another_yes_of_the_same_person_outlives_it(browser, program, works):
    attacked, other = tokens_of(browser, program, "read"), tokens_of(browser, program, "read")
    program.refresh(attacked["refresh_token"])
    refused(program.refresh(attacked["refresh_token"]), "invalid_grant")
    assert works(other["access_token"])


def test_a_stolen_code_is_worth_nothing_without_the_verifier(desk, browser, program):
    code = code_of(browser, program, "read")
    thief = Program(program.http, registered=program.registered)
    refused(thief.change(code), "invalid_grant")


def test_a_code_of_one_client_is_worth_nothing_to_another(desk, browser, program, works):
    """Injected into another client's callback, say: that one has its own verifier, or here even the same."""
    code = code_of(browser, program, "read")
    other = Program(browser_at(desk), verifier=program.verifier).register()
    refused(other.change(code), "invalid_grant")


def test_a_refresh_token_of_one_client_is_worth_nothing_to_another(desk, browser, program):
    tokens = tokens_of(browser, program, "read")
    other = Program(browser_at(desk)).register()
    refused(other.refresh(tokens["refresh_token"]), "invalid_grant")


def test_one_client_cannot_end_anothers_tokens(desk, browser, program, works):
    tokens = tokens_of(browser, program, "read")
    other = Program(browser_at(desk)).register()
    other.revoke(tokens["access_token"])
    assert works(tokens["access_token"])


def test_a_code_is_over_after_a_minute(desk, browser, program):
    code = code_of(browser, program, "read")
    desk.clock.advance(61)
    refused(program.change(code), "invalid_grant")


def test_a_code_goes_with_the_address_that_it_was_sent_to(browser, program):
    code = code_of(browser, program, "read")
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": program.verifier}
    refused(program.ask(**form, redirect_uri="http://127.0.0.1:9999/callback"), "invalid_grant")


# Other browsers, other people.


def test_a_question_of_one_browser_is_not_answered_in_another(desk, program):
    """A thief begins, and has the owner open the consent's page: the code would go to the thief's client."""
    thief, owner = browser_at(desk), signed_in(desk)
    consent = asked_in(thief, program)
    shown = owner.get(consent)
    assert shown.status_code == 409
    assert "another browser" in shown.text
    assert "Sample assistant" not in shown.text
    pressed = owner.post(
        consent, data={"csrf": word_of(desk, owner), "decision": "allow", "scopes": ["read"]}
    )
    assert pressed.status_code == 409
    assert "location" not in pressed.headers
    assert desk.grants().connected("asha") == ()


def test_the_way_back_from_kite_in_another_browser_signs_nobody_in(desk, program):
    """The thief's login, finished in the owner's browser or the other way round, gives neither a session."""
    victim, thief = browser_at(desk), browser_at(desk)
    consent = asked_in(victim, program)
    login = victim.get("/login", params={"next": consent}).headers["location"]
    state = login.rpartition("state%3D")[2]
    desk.kite.logins["r1"] = "AB1234"
    answer = thief.get("/kite/callback", params={"state": state, "request_token": "r1"})
    assert answer.status_code == 403
    assert thief.get(consent).status_code == 401


def test_a_planted_cookie_without_the_prefix_is_nothing(desk, program, browser):
    """Over https a neighbour on the same domain can set a cookie, and not one that begins with __Host-."""
    consent = asked_in(browser, program)
    secret = browser.cookies["__Host-patang-consent"]
    owner = signed_in(desk)
    owner.cookies.set("patang-consent", secret)
    assert owner.get(consent).status_code == 409


def test_the_cookie_of_a_question_is_out_of_reach(program, browser):
    answer = browser.get("/authorize", params=program.question())
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-patang-consent=")
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=600"):
        assert part in cookie
    assert "Domain" not in cookie


def test_a_program_cannot_say_yes_for_its_owner(desk, program):
    """Not with the widest token there is, not with the question's own browser."""
    browser = browser_at(desk)
    consent = asked_in(browser, program)
    token = desk.tokens().issue("asha", "test", ("read", "trade", "admin"), days=1).secret
    headers = {"Authorization": f"Bearer {token}"}
    assert browser.get(consent, headers=headers).status_code == 403
    pressed = browser.post(consent, headers=headers, data={"decision": "allow", "scopes": ["read"]})
    assert pressed.status_code == 403
    assert desk.grants().connected("asha") == ()


@pytest.mark.parametrize("word", [None, "", "guessed", "another session's"])
def test_another_site_cannot_press_the_button(desk, browser, program, word):
    consent = asked_in(browser, program)
    if word == "another session's":
        word = word_of(desk, signed_in(desk))
    form = {"decision": "allow", "scopes": ["read"]} | ({} if word is None else {"csrf": word})
    answer = browser.post(consent, data=form, headers={"Origin": EVIL})
    assert answer.status_code == 403
    assert answered_in(browser, consent, "read").status_code == 303, "the question was not used up"


def test_another_site_cannot_end_a_program(desk, browser, program, works):
    tokens = tokens_of(browser, program, "read")
    [one] = desk.grants().connected("asha")
    assert browser.delete(f"/api/clients/{one.grant_id}", headers={"Origin": EVIL}).status_code == 403
    assert works(tokens["access_token"])


def test_another_principals_programs_are_not_there(desk, browser, program, works):
    tokens = tokens_of(browser, program, "read")
    [one] = desk.grants().connected("asha")
    ravi = signed_in(desk, "other", "XY5678")
    page = ravi.get("/settings/programs")
    assert "None is connected" in page.text
    assert "Sample assistant" not in page.text
    assert ravi.get("/api/clients").json() == []
    word = word_of(desk, ravi)
    answers = [
        ravi.delete(f"/api/clients/{grant_id}", headers={"X-CSRF-Token": word})
        for grant_id in (one.grant_id, "missing")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert works(tokens["access_token"])


def test_who_has_no_account_any_more_has_no_program_either(desk, browser, program, works):
    tokens = tokens_of(browser, program, "read")
    desk.store.write(replace(desk.accounts().account("main").evolve(enabled=False)))
    assert not works(tokens["access_token"])


# Where a browser is sent.


@pytest.mark.parametrize(
    "uri",
    [
        EVIL,
        f"{LOOPBACK}/../evil",
        "http://127.0.0.1:8765@evil.example/callback",
        "http://127.0.0.1:8765.evil.example/callback",
        "http://evil.example:8765/callback",
        "https://127.0.0.1:8765/callback",
        f"{LOOPBACK}?next={EVIL}",
        f"{LOOPBACK}#fragment",
        "javascript:alert(1)//callback",
        "//evil.example/callback",
        "",
    ],
)
def test_nobody_is_sent_where_the_client_is_not(browser, program, uri):
    answer = browser.get("/authorize", params=program.question(redirect_uri=uri))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert 'href="https://evil' not in answer.text
    assert "javascript:alert(1)//callback" not in hrefs(answer.text)


def hrefs(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('href="')[1:]]


def test_a_link_to_this_desk_is_no_link_to_somebody_elses_site(desk, browser):
    """Anybody can register a site; so an error sends nobody there by itself (RFC 9700 section 4.11.2)."""
    program = Program(browser_at(desk), redirect=f"{EVIL}/back").register()
    for wrong in ({"scope": "nothing"}, {"code_challenge": None}, {"response_type": "token"}):
        answer = browser.get("/authorize", params=program.question(**wrong))
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "leads away from this desk" in answer.text
        [link] = [one for one in hrefs(answer.text) if one.startswith(EVIL)]
        assert "code=" not in link


@pytest.mark.parametrize(
    "client_id", ["", "unknown", "patang-client-guessed", "x" * 600, "http://evil.example/c"]
)
def test_an_unknown_client_leads_nowhere(browser, program, client_id):
    answer = browser.get("/authorize", params=program.question(client_id=client_id, redirect_uri=EVIL))
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "http://evil.example/callback",
        "https://user@evil.example/callback",
        "https://evil.example/callback#code",
        "https://*.evil.example/callback",
        "https://evil.example/\r\nSet-Cookie: a=b",
        "/callback",
    ],
)
def test_no_such_address_is_registered(desk, uri):
    answer = browser_at(desk).post("/register", json={"client_name": "x", "redirect_uris": [uri]})
    refused(answer, "invalid_redirect_uri")


def test_a_state_cannot_split_the_answer(desk, browser, program):
    for state in ("a\r\nSet-Cookie: patang-session=x", "a\x00b", "a" * 3000):
        answer = browser.get("/authorize", params=program.question(state=state))
        assert answer.status_code == 303
        told = query_of(answer.headers["location"])
        assert told["error"] == "invalid_request"
        assert "set-cookie" not in answer.headers
    tricky = "a&code=stolen&iss=https://evil.example#x"
    answer = answered_in(browser, asked_in(browser, program, state=tricky), "read")
    told = query_of(answer.headers["location"])
    assert (told["state"], told["iss"]) == (tricky, HERE)


def test_every_answer_says_whose_it_is(browser, program):
    """A client of several servers drops what another one has sent it (RFC 9207)."""
    yes = answered_in(browser, asked_in(browser, program), "read")
    no = answered_in(browser, asked_in(browser, program), decision="refuse")
    wrong = browser.get("/authorize", params=program.question(scope="nothing"))
    for answer in (yes, no, wrong):
        assert query_of(answer.headers["location"])["iss"] == HERE


# More than was given.


@pytest.mark.parametrize(
    "ticked", [("admin",), ("read", "admin"), ("read", "everything"), ("read trade admin",)]
)
def test_a_form_cannot_tick_what_was_not_asked_for(desk, browser, program, ticked):
    consent = asked_in(browser, program, scope="read trade")
    answer = answered_in(browser, consent, *ticked)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert desk.grants().connected("asha") == ()


def test_a_client_cannot_ask_for_more_than_it_registered_for(desk, browser):
    program = Program(browser_at(desk)).register(scope="read")
    page = browser.get(asked_in(browser, program, scope="read trade admin"))
    assert 'value="admin"' not in page.text
    assert 'value="trade"' not in page.text


@pytest.mark.parametrize("wider", ["read trade", "admin", "read admin"])
def test_a_refresh_cannot_ask_for_more_than_the_person_ticked(browser, program, wider):
    tokens = tokens_of(browser, program, "read")
    refused(program.refresh(tokens["refresh_token"], scope=wider), "invalid_scope")


def test_a_token_to_read_does_no_more_over_mcp(desk, browser, program):
    token = tokens_of(browser, program, "read")["access_token"]
    before = dict(desk.store.items)
    answer = TestClient(McpEndpoint(desk), base_url=HERE).post(
        "/mcp",
        json={
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "halt", "arguments": {"account_id": "main"}},
        },
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-11-25",
        },
    )
    assert answer.json()["result"]["isError"]
    assert desk.store.items == before


# One place's token at another.


def test_rest_takes_no_token_of_mcp(desk, browser, program, works):
    """Nor does its owner's cookie beside it help."""
    tokens = tokens_of(browser, program, "read", "trade")
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    before = dict(desk.store.items)
    for method, path in GUARDED:
        body = {} if method == "GET" else {"json": {}}
        for caller in (program.http, browser):
            assert caller.request(method, concrete(path), headers=headers, **body).status_code == 401, path
    assert desk.store.items == before
    assert works(tokens["access_token"])


def test_only_an_access_token_opens_mcp(desk, browser, program, works):
    code = code_of(browser, program, "read")
    assert not works(code)
    tokens = program.change(code).json()
    assert works(tokens["access_token"])
    others = (
        tokens["refresh_token"],
        program.client_id,
        browser.cookies["__Host-patang-session"],
        "patang-access-",
    )
    for secret in others:
        assert not works(secret)


def test_a_token_of_another_desk_is_none_here(desk, browser, program, works):
    """Its table may even be the same: what a token is bound to is the address it was asked for."""
    tokens = tokens_of(browser, program, "read")
    elsewhere = two_owners(public_url="https://other-desk.example")
    elsewhere.auth_store, elsewhere.store = desk.auth_store, desk.store
    answer = TestClient(McpEndpoint(elsewhere), base_url="https://other-desk.example").post(
        "/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
        headers={
            "Authorization": f"Bearer {tokens['access_token']}",
            "Accept": "application/json, text/event-stream",
        },
    )
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert works(tokens["access_token"])


@pytest.mark.parametrize("resource", [EVIL, f"{HERE}/api", f"{HERE}/mcp/other", f"{HERE}.evil.example/mcp"])
def test_a_token_is_asked_for_this_resource_or_not_at_all(browser, program, resource):
    answer = browser.get("/authorize", params=program.question(resource=resource))
    assert query_of(answer.headers["location"])["error"] == "invalid_target"
    code = code_of(browser, program, "read")
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": program.verifier}
    refused(program.ask(**form, redirect_uri=program.redirect, resource=resource), "invalid_target")


# Requests that say two things, or too little.


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "scope", "state", "resource", "code_challenge"]
)
def test_a_parameter_that_is_given_twice_is_none(browser, program, name):
    asked = program.question()
    twice = [*asked.items(), (name, asked[name])]
    answer = browser.get("/authorize", params=twice)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert f"{name} is given twice" in answer.text


def test_a_form_that_says_two_things_is_none(browser, program):
    code = code_of(browser, program, "read")
    body = f"grant_type=authorization_code&code={code}&code={code}&client_id={program.client_id}"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(program.http.post("/token", content=body, headers=kind), "invalid_request")


@pytest.mark.parametrize(
    ("method", "challenge"),
    [
        ("plain", "a" * 43),
        (None, "a" * 43),
        ("S256", None),
        ("S256", "short"),
        ("S256", "a" * 42 + "="),
        ("none", ""),
    ],
)
def test_there_is_no_way_without_proof(browser, program, method, challenge):
    asked = program.question(code_challenge_method=method, code_challenge=challenge)
    answer = browser.get("/authorize", params=asked)
    assert query_of(answer.headers["location"])["error"] == "invalid_request"


GARBAGE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b'{"a": "\\ud800"}',
    b"\xff\xfe",
    b"[" * 5000,
    b"a=%ED%A0%80",
    b"=&=&=",
]
KINDS = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
]


@pytest.mark.parametrize(("path", "content"), list(product(["/token", "/register", "/revoke"], GARBAGE)))
def test_garbage_is_told_as_such(desk, path, content):
    before = dict(desk.auth_store.items)
    for kind in KINDS:
        answer = browser_at(desk).post(path, content=content, headers={"Content-Type": kind} if kind else {})
        assert answer.status_code in (400, 401), answer.text
        assert answer.json()["error"].startswith("invalid_")
        assert answer.json()["error_description"].isprintable()
    assert desk.auth_store.items == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/token", "/register", "/revoke"])
def test_a_wrong_method_is_told_in_the_protocols_words(desk, method, path):
    answer = browser_at(desk).request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "kind", ["password", "client_credentials", "implicit", "", "urn:ietf:params:oauth:grant-type:x"]
)
def test_no_other_flow_is_there(program, kind):
    answer = program.ask(grant_type=kind, username="asha", password="x")
    assert answer.json()["error"] == "unsupported_grant_type"


def test_who_registers_again_and_again_is_held(desk):
    http, statuses = browser_at(desk), []
    for _ in range(25):
        answer = http.post("/register", json={"client_name": "x", "redirect_uris": [LOOPBACK]})
        statuses.append(answer.status_code)
    assert statuses == [201] * 20 + [503] * 5
    assert answer.json()["error"] == "temporarily_unavailable"


def test_a_huge_registration_is_not_kept(desk):
    before = dict(desk.auth_store.items)
    uris = [f"https://example.com/{'x' * 900}/{number}" for number in range(40)]
    refused(browser_at(desk).post("/register", json={"redirect_uris": uris}), "invalid_client_metadata")
    assert desk.auth_store.items == before

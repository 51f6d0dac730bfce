"""The endpoints of OAuth under requests that nobody has written: none fails, none sends a browser astray."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.api.oauth_client import HERE, LOOPBACK, Program, browser_at
from tests.unit.api.sample_desk import two_owners

NAMES = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "resource",
    "code_challenge", "code_challenge_method", "prompt", "nonce",
)  # fmt: skip
ADDRESSES = st.builds(
    lambda scheme, user, host, port, path: f"{scheme}{user}{host}{port}{path}",
    st.sampled_from(["http://", "https://", "//", "HTTP://", "javascript:", "http:/\\", "cursor://", ""]),
    st.sampled_from(["", "127.0.0.1:8765@", "a:b@"]),
    st.sampled_from(
        ["127.0.0.1", "localhost", "evil.example", "127.0.0.1.evil.example", "[::1]", "0x7f.1", ""]
    ),
    st.sampled_from(["", ":8765", ":1", ":99999", ":x"]),
    st.sampled_from(
        ["/callback", "/callback/", "/callback?x=1", "/callback#x", "/", "", "/callback\\..", "/%0d%0a"]
    ),
)
WORDS = st.one_of(
    st.text(max_size=40),
    ADDRESSES,
    st.sampled_from(
        ["code", "S256", "plain", "read", "admin trade", f"{HERE}/mcp", LOOPBACK, "query", "fragment"]
    ),
)
FORMS = st.dictionaries(
    st.sampled_from(
        ["grant_type", "code", "code_verifier", "client_id", "client_secret", "refresh_token", "token",
         "resource", "redirect_uri", "scope", "token_type_hint"]
    ),
    st.one_of(WORDS, st.sampled_from(["authorization_code", "refresh_token", "patang-code-x"])),
)  # fmt: skip
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=8,
)
METADATA = st.dictionaries(
    st.sampled_from(
        ["client_name", "redirect_uris", "scope", "grant_types", "response_types",
         "token_endpoint_auth_method", "client_uri", "jwks", "logo_uri"]
    ),
    st.one_of(JSON, st.lists(ADDRESSES, max_size=3)),
)  # fmt: skip
BRIEF = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def desk():
    return two_owners(public_url=HERE)


@pytest.fixture(scope="module")
def browser(desk):
    return browser_at(desk)


@pytest.fixture(scope="module")
def program(desk):
    return Program(browser_at(desk)).register()


@BRIEF
@given(changes=st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), WORDS), min_size=1, max_size=3))
def test_a_browser_goes_to_the_consent_or_to_the_client_and_nowhere_else(browser, program, changes):
    answer = browser.get("/authorize", params=program.question(**changes))
    assert answer.status_code in (303, 400), answer.text
    if answer.status_code == 303:
        there = answer.headers["location"]
        own_page = there.startswith("/consent/") and "set-cookie" in answer.headers
        # Any port of a loopback address is the client's own (RFC 8252 section 7.3).
        told = changes.get("redirect_uri", LOOPBACK) or ""
        to_client = there.startswith(f"{told}?error=") and told.startswith("http://127.0.0.1")
        assert own_page or to_client
    else:
        assert "location" not in answer.headers


@BRIEF
@given(
    form=FORMS,
    path=st.sampled_from(["/token", "/revoke"]),
    own=st.booleans(),
    header=st.one_of(st.none(), WORDS),
)
def test_no_form_gets_a_token_or_breaks_anything(browser, program, form, path, own, header):
    fields = form | ({"client_id": program.client_id} if own else {})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if header is not None:
        headers["Authorization"] = (
            "Basic " + header.encode("ascii", "ignore").decode().replace("\n", "").strip()
        )
    try:
        answer = browser.post(path, content=urlencode(fields), headers=headers)
    except (ValueError, TypeError):
        # What no header can carry was never sent.
        return
    assert "access_token" not in answer.text
    if answer.status_code != 200:
        assert answer.status_code in (400, 401), answer.text
        assert set(answer.json()) == {"error", "error_description"}
    else:
        assert path == "/revoke"
        assert own


@BRIEF
@given(metadata=st.one_of(METADATA, JSON))
def test_whatever_is_registered_can_be_sent_back_to(desk, browser, metadata):
    desk.clock.advance(3600)
    answer = browser.post(
        "/register", content=json.dumps(metadata), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (201, 400), answer.text
    told = answer.json()
    if answer.status_code == 400:
        assert told["error"] in ("invalid_client_metadata", "invalid_redirect_uri")
    for uri in told.get("redirect_uris", ()):
        asked = Program(browser, redirect=uri, registered=told).question()
        assert browser.get("/authorize", params=asked).status_code == 303

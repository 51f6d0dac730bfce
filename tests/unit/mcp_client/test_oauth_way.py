"""Logging in by OAuth at our own server: pages and /mcp at one address, a person in a scripted browser."""

import asyncio
import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from mcp.client.auth import OAuthFlowError
from mcp.shared.auth import OAuthMetadata
from pydantic import BaseModel

from patang.errors import BadInput, OtherSideFailed, Refused
from patang.ports.client_documents import ClientDocument
from patang_workbench.cli import main, mcp
from patang_workbench.loopback import LoopbackPage
from patang_workbench.mcp_client import (
    ClientName,
    LoginNeeded,
    LoginRefused,
    ServerDown,
    connect,
    login,
    logout,
)
from patang_workbench.mcp_client.kept import KeptServer, ServerFile
from patang_workbench.mcp_client.oauth import KeptOAuth
from tests.unit.mcp_client.served_desk import Person, ServedDesk

DOCUMENT = "https://patang.example/client.json"


class Risk(BaseModel):
    """A part of what the desk's get_risk_state answers."""

    accounts: list[dict[str, object]]


def log_in(served: ServedDesk, person: Person | None = None, **how):
    person = person or Person(served)
    try:
        return asyncio.run(login(served.url, person.open, seconds=10, **how))
    finally:
        assert not person.errors, person.errors


def call(served: ServedDesk, tool: str = "get_risk_state", **arguments):
    async def called():
        async with connect(served.url, seconds=10) as connection:
            return await connection.call(tool, arguments)

    return asyncio.run(called())


def kept(served: ServedDesk) -> KeptServer:
    return ServerFile(served.url).read()


def age(served: ServedDesk) -> None:
    """As if the access token's hour were over, on this machine's clock."""

    def aged(server: KeptServer) -> KeptServer:
        past = server.tokens.model_copy(update={"ends_at": datetime.now(UTC) - timedelta(minutes=1)})
        return server.model_copy(update={"tokens": past})

    ServerFile(served.url).change(aged)


def test_a_login_works_in_the_next_process(served, folder):
    person = Person(served)
    found = log_in(served, person)
    assert (found.way, found.scopes, found.already) == ("oauth", ("read", "trade"), False)
    assert found.tools > 50
    assert timedelta(minutes=55) < found.until - datetime.now(UTC) < timedelta(minutes=65)
    (came_back,) = person.came_back
    assert came_back[0] == 200
    assert "You can close this page" in came_back[1]
    served.asked.clear()
    assert call(served).into(Risk).accounts
    assert set(served.asked) == {"/mcp"}, "no page, and no discovery either"
    (file,) = folder.glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_asked_in_the_browser(served, folder):
    """PKCE with SHA-256, the resource, a state, and this machine's address by number."""
    person = Person(served)
    log_in(served, person)
    (url,) = person.opened
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["resource"] == served.url
    assert len(asked["state"]) >= 32
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert kept(served).client.client_secret is None, "a program that all may read keeps no secret"


def test_an_access_token_that_is_over_is_renewed_silently(served, folder):
    log_in(served)
    before = kept(served).tokens
    age(served)
    served.asked.clear()
    assert call(served).into(Risk)
    assert served.asked[0] == "/token", "asked before the call, not after a refusal"
    assert served.asked.count("/token") == 1
    after = kept(served).tokens
    assert after.token.refresh_token != before.token.refresh_token
    assert after.ends_at > datetime.now(UTC) + timedelta(minutes=55)
    age(served)
    assert call(served).into(Risk), "and again, with the rotated token"


def test_an_access_token_that_the_server_ended_early_is_renewed_silently(served, folder):
    log_in(served)
    served.desk.clock.advance(3_700)
    served.asked.clear()
    assert call(served).into(Risk)
    assert served.asked.count("/token") == 1
    assert "/authorize" not in served.asked


def test_many_processes_renew_once(served, folder):
    """A refresh token that is used twice looks stolen: the server would end the whole login."""
    log_in(served)
    age(served)
    served.asked.clear()
    gate = threading.Barrier(5)

    def one(_: int) -> bool:
        gate.wait(10)
        return bool(call(served).into(Risk).accounts)

    with ThreadPoolExecutor(5) as pool:
        assert all(pool.map(one, range(5)))
    assert served.asked.count("/token") == 1
    assert call(served).into(Risk)


def test_a_copied_file_ends_the_login_for_both(served, folder, tmp_path, monkeypatch):
    """Whoever comes second with a refresh token shows that there are two of them."""
    log_in(served)
    (file,) = folder.glob("*.json")
    thief = tmp_path / "thief" / "patang" / "mcp"
    thief.mkdir(parents=True, mode=0o700)
    (thief / file.name).touch(mode=0o600)
    (thief / file.name).write_bytes(file.read_bytes())
    age(served)
    assert call(served).into(Risk)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "thief"))
    age(served)
    with pytest.raises(LoginNeeded):
        call(served)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(LoginNeeded, match="the login has ended"):
        call(served)


def test_an_authorization_server_that_is_down_for_a_moment_ends_no_login(served, folder):
    log_in(served)
    age(served)
    served.broken["/token"] = 503, ""
    with pytest.raises(OtherSideFailed, match="/token answered 503: out for a moment"):
        call(served)
    served.broken.clear()
    assert call(served).into(Risk)


def test_nobody_is_logged_in(served, folder):
    with pytest.raises(LoginNeeded, match="nobody is logged in: run `patang mcp login http"):
        call(served)
    assert set(served.asked) == {"/mcp"}, "nothing is registered for a call that cannot be made"
    assert not list(folder.glob("*.json"))


def test_a_login_that_its_owner_took_back(served, folder):
    log_in(served)
    (client,) = served.desk.grants().connected("asha")
    assert served.desk.grants().disconnect("asha", client.grant_id, "person:asha")
    with pytest.raises(LoginNeeded, match="the login has ended"):
        call(served)
    assert kept(served).tokens is None
    assert log_in(served).already is False
    assert call(served).into(Risk)


def test_logging_in_again_opens_no_page_while_the_login_works(served, folder):
    log_in(served)
    again = log_in(served, Person(served, says_yes=False))
    assert again.already
    assert again.scopes == ("read", "trade")


def test_other_scopes_take_another_answer_and_the_first_login_goes(served, folder):
    log_in(served, Person(served, ticks=["read"]), scopes=["read"])
    assert kept(served).tokens.token.scope == "read"
    found = log_in(served, scopes=["read", "trade"])
    assert (found.scopes, found.already) == (("read", "trade"), False)
    assert len(served.desk.grants().connected("asha")) == 1
    assert log_in(served, scopes=["trade"]).already


def test_the_person_may_grant_less_than_was_asked(served, folder):
    assert log_in(served, Person(served, ticks=["read"])).scopes == ("read",)


def test_a_no_is_told(served, folder):
    person = Person(served, says_yes=False)
    with pytest.raises(LoginRefused, match="the login was refused"):
        log_in(served, person)
    assert "The login was refused" in person.came_back[0][1]
    assert kept(served).tokens is None
    with pytest.raises(LoginNeeded):
        call(served)


def test_an_answer_of_another_authorization_server_is_refused(served, folder):
    """The mix-up of RFC 9207: the code would be carried to the wrong token endpoint."""

    class MixedUp(Person):
        @staticmethod
        def _leads(answer: httpx.Response) -> str:
            return answer.headers["location"].replace("iss=http", "iss=https")

    person = MixedUp(served)
    served.asked.clear()
    with pytest.raises(LoginRefused, match="iss mismatch"):
        log_in(served, person)
    assert "/token" not in served.asked


def test_answers_to_another_login_are_turned_away(served, folder):
    """Another page of the same browser cannot slip its own code in, before or after the right one."""
    answers: list[int] = []

    class Attacked(Person):
        def _visit(self, url: str) -> None:
            back = parse_qs(urlsplit(url).query)["redirect_uri"][0]
            with httpx.Client(trust_env=False) as other:
                for query in ({"code": "evil"}, {"code": "evil", "state": "guessed"}, {"state": "guessed"}):
                    answers.append(other.get(back, params=query).status_code)
                answers.append(other.get(back.replace("/callback", "/else"), params=query).status_code)
            super()._visit(url)

    assert log_in(served, Attacked(served)).way == "oauth"
    assert answers == [403, 403, 403, 404]


def test_nobody_answers(served, folder):
    with pytest.raises(LoginNeeded, match="nobody has finished the login within 0 s"):
        asyncio.run(login(served.url, lambda url: None, seconds=0.3))


def test_a_client_that_has_a_document_registers_nowhere(served, folder):
    content = {
        "client_id": DOCUMENT,
        "client_name": "Patang of Asha",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none",
    }

    class Documents:
        def fetch(self, url: str) -> ClientDocument:
            assert url == DOCUMENT
            return ClientDocument(json.dumps(content).encode(), None)

    served.desk.client_documents = Documents()
    found = log_in(served, client=ClientName(DOCUMENT))
    assert found.way == "oauth"
    assert "/register" not in served.asked
    assert kept(served).client.client_id == DOCUMENT
    age(served)
    assert call(served).into(Risk)


def test_a_server_does_not_lead_the_client_onto_an_open_line(served, folder):
    served.broken["/mcp"] = 401, 'Bearer resource_metadata="http://10.0.0.1/metadata"'
    with pytest.raises(LoginRefused, match=r"leads to http://10\.0\.0\.1/metadata, which is no https"):
        log_in(served)


def test_tokens_are_not_sent_over_an_open_line(served, folder):
    log_in(served)

    def open_line(server: KeptServer) -> KeptServer:
        said = server.authorization_server.model_dump(mode="json")
        moved = {"token_endpoint": "http://a.example/token", "revocation_endpoint": "http://a.example/revoke"}
        metadata = OAuthMetadata.model_validate(said | moved)
        return server.model_copy(update={"authorization_server": metadata})

    age(served)
    ServerFile(served.url).change(open_line)
    with pytest.raises(LoginRefused, match=r"leads to http://a\.example/token"):
        call(served)
    gone = asyncio.run(logout(served.url))
    assert (gone.known, gone.left) == (True, True)


@pytest.mark.parametrize(
    ("server", "leads_to", "taken"),
    [
        ("https://desk.example/mcp", "https://login.example/token", True),
        ("https://desk.example/mcp", "http://desk.example/token", False),
        ("https://desk.example/mcp", "http://127.0.0.1:9000/token", False),
        ("https://desk.example/mcp", "http://localhost:9000/token", False),
        ("https://desk.example/mcp", "https://127.0.0.1:9000/token", False),
        ("https://desk.example/mcp", "https://localhost./token", False),
        ("https://desk.example/mcp", "https://api.localhost/token", False),
        ("https://desk.example/mcp", "https://[::ffff:127.0.0.1]/token", False),
        ("https://desk.example/mcp", "https://0.0.0.0/token", False),
        ("http://127.0.0.1:8000/mcp", "http://localhost:9000/token", True),
        ("http://127.0.0.1:8000/mcp", "http://10.0.0.1/token", False),
        ("http://127.0.0.1:8000/mcp", "file:///etc/passwd", False),
    ],
)
def test_where_a_server_may_lead(folder, server, leads_to, taken):
    """From another machine's server to this machine's services least of all."""
    auth = KeptOAuth(ServerFile(server))
    with nullcontext() if taken else pytest.raises(OAuthFlowError, match="no https address"):
        auth._hold_to_a_safe_line(leads_to)


def test_a_token_endpoint_that_is_not_there_ends_no_login(served, folder):
    log_in(served)
    age(served)
    served.broken["/token"] = 404, ""
    with pytest.raises(Refused, match="/token"):
        call(served)
    served.broken.clear()
    assert call(served).into(Risk)


def test_a_login_mends_what_a_refresh_does_not(served, folder):
    log_in(served)
    age(served)
    served.broken["/token"] = 404, ""
    person = Person(served)
    with pytest.raises(LoginRefused, match="Token exchange failed"):
        log_in(served, person)
    assert person.opened, "it has asked, rather than stop at the old login"


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
def test_a_client_that_the_servers_owner_has_registered(served, folder, method):
    metadata = {
        "client_name": "Known before",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": method,
    }
    registered = served.desk.oauth_clients().register(metadata, "test")
    name = ClientName(registered.client.client_id, registered.secret, method)
    assert log_in(served, client=name).way == "oauth"
    assert "/register" not in served.asked
    age(served)
    assert call(served).into(Risk)


def test_the_registered_port_is_taken_again_and_another_means_another_registration(served, folder):
    log_in(served)
    first = kept(served).client
    port = first.redirect_uris[0].port
    assert log_in(served, Person(served, ticks=["read"]), scopes=["admin", "read"]).scopes == ("read",)
    assert kept(served).client.client_id == first.client_id
    with LoopbackPage(port, lambda target: (404, "")):
        log_in(served, Person(served, ticks=["trade"]), scopes=["trade"])
    assert kept(served).client.client_id != first.client_id
    assert kept(served).client.redirect_uris[0].port != port
    assert len(served.desk.grants().connected("asha")) == 1, "what a login replaces ends, whosoever it was"


def test_a_port_that_is_taken_is_told(served, folder):
    with LoopbackPage(0, lambda target: (404, "")) as page:
        port = urlsplit(page.origin).port
        with pytest.raises(BadInput, match=f"port {port} of 127.0.0.1 cannot be opened"):
            log_in(served, port=port)


def test_logging_out_ends_the_tokens_at_the_server(served, folder):
    log_in(served)
    token = kept(served).tokens.token.access_token
    gone = asyncio.run(logout(served.url))
    assert (gone.known, gone.left) == (True, False)
    assert served.desk.grants().principal(token, served.url) is None
    assert served.desk.grants().connected("asha") == ()
    assert not list(folder.glob("*.json"))
    assert not asyncio.run(logout(served.url)).known


def test_logging_out_of_a_server_that_ends_no_tokens_says_so(served, folder, capsys):
    log_in(served)

    def without(server: KeptServer) -> KeptServer:
        poorer = server.authorization_server.model_copy(update={"revocation_endpoint": None})
        return server.model_copy(update={"authorization_server": poorer})

    ServerFile(served.url).change(without)
    assert main(["mcp", "logout", served.url]) == 0
    assert "stay valid until they end by themselves" in capsys.readouterr().out
    assert not list(folder.glob("*.json"))


def test_a_right_that_the_login_lacks(served, folder):
    log_in(served, Person(served, ticks=["read"]))
    served.broken["/mcp"] = 403, 'Bearer error="insufficient_scope", scope="trade"'
    with pytest.raises(LoginNeeded, match=f"run `patang mcp login {served.url} --scope read --scope trade`"):
        call(served)


def test_a_right_that_a_tool_misses_takes_a_person_too(served, folder, capsys):
    log_in(served, Person(served, ticks=["read"]))
    assert main(["mcp", "call", served.url, "halt"]) == 3
    told = capsys.readouterr().err
    assert "this token has no scope 'trade': its owner connects the program again" in told
    assert f"run `patang mcp login {served.url}` with a --scope for each right" in told
    assert told.rstrip().endswith("--scope trade among them")


def test_logging_out_where_the_server_cannot_be_told(served, folder):
    log_in(served)
    served.broken["/revoke"] = 502, ""
    with pytest.raises(OtherSideFailed, match="/revoke answered 502"):
        asyncio.run(logout(served.url))
    assert not list(folder.glob("*.json")), "what this machine knew is gone all the same"


def test_from_the_command_line(served, folder, monkeypatch, capsys):
    person = Person(served)
    monkeypatch.setattr(mcp.webbrowser, "open", person.open)
    assert main(["mcp", "tools", served.url]) == 3
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "nobody is logged in" in err
    assert main(["mcp", "login", served.url, "--json", "--timeout", "10"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["way"], facts["scopes"]) == ("oauth", ["read", "trade"])
    assert main(["mcp", "tools", served.url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("get_risk_state ") and "  looks  " in line for line in lines)
    assert main(["mcp", "tools", served.url, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == facts["tools"] == len(lines)
    assert main(["mcp", "call", served.url, "get_order_history", "--args", '{"order_id": "none"}']) == 1
    assert capsys.readouterr().err.startswith("patang: get_order_history: ")
    assert main(["mcp", "call", served.url, "get_risk_state", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accounts"]
    assert main(["mcp", "call", served.url, "get_risk_state", "--args", "[1]"]) == 1
    assert "give a JSON object" in capsys.readouterr().err
    assert main(["mcp", "logout", served.url]) == 0
    assert main(["mcp", "call", served.url, "get_risk_state"]) == 3


def test_a_no_from_the_command_line(served, folder, monkeypatch, capsys):
    monkeypatch.setattr(mcp.webbrowser, "open", Person(served, says_yes=False).open)
    assert main(["mcp", "login", served.url, "--timeout", "10"]) == 1
    assert "the login was refused" in capsys.readouterr().err


def test_without_a_browser_the_address_is_printed(served, folder, monkeypatch, capsys):
    monkeypatch.setattr(mcp.webbrowser, "open", lambda url: pytest.fail("it must not be opened"))
    assert main(["mcp", "login", served.url, "--no-browser", "--timeout", "0.3"]) == 3
    out, err = capsys.readouterr()
    assert f"Log in at {served.origin}/authorize?" in out
    assert "nobody has finished the login" in err


def test_a_server_that_is_gone(served, folder):
    log_in(served)
    gone = served.url
    served.broken["/mcp"] = 500, ""
    with pytest.raises(OtherSideFailed, match="answered 500"):
        call(served)
    ServerFile(gone).change(lambda server: server.model_copy(update={"url": "http://127.0.0.1:9/mcp"}))
    with pytest.raises(ServerDown):
        asyncio.run(login("http://127.0.0.1:9/mcp", lambda url: None, seconds=1))

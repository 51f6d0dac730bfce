"""A mail scanner opens the link as a browser would: it runs scripts, follows links and posts every form.

What stops it is the owner's session: Kite's own login with its second factor, which no mail knows of.
"""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from patang.approvals.link import ApprovalLink, link_key, new_nonce
from patang.approvals.proposal import Proposal
from patang.keys import proposal_key
from patang.records import create

ORDER = "o20260818-1046-a1"
PAGES = 40


class Page(HTMLParser):
    """The links and forms of a page, each form with all its fields and every button it could be sent by."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, str, dict[str, str], list[tuple[str, str]]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = {name: value or "" for name, value in attrs}
        if tag in ("a", "link", "area"):
            self.links.append(found.get("href", ""))
        elif tag in ("script", "img", "iframe"):
            self.links.append(found.get("src", ""))
        elif tag == "form":
            self.forms.append((found.get("method", "get"), found.get("action", ""), {}, []))
        elif tag == "input" and self.forms and found.get("name"):
            self.forms[-1][2][found["name"]] = found.get("value", "")
        elif tag == "button" and self.forms:
            self.forms[-1][3].append((found.get("name", ""), found.get("value", "")))


class Scanner:
    """Visits what it can reach of the desk, cookies kept, and sends every form by every button."""

    def __init__(self, browser: TestClient) -> None:
        self.browser = browser
        self.seen: set[str] = set()
        self.posted: list[tuple[str, int]] = []

    def scan(self, address: str) -> None:
        waiting = [address]
        while waiting and len(self.seen) < PAGES:
            here = waiting.pop()
            if here in self.seen or urlsplit(here).netloc not in ("", "testserver"):
                continue
            self.seen.add(here)
            answer = self.browser.get(here)
            if "location" in answer.headers:
                waiting.append(urljoin(here, answer.headers["location"]))
            if "html" not in answer.headers.get("content-type", ""):
                continue
            page = Page(answer.text)
            waiting += [urljoin(here, link) for link in page.links if link]
            for method, action, fields, buttons in page.forms:
                for name, value in buttons or [("", "")]:
                    self.send(method, urljoin(here, action), fields | ({name: value} if name else {}))

    def send(self, method: str, address: str, fields: dict[str, str]) -> None:
        answer = self.browser.request(
            method.upper(), address, **({"data": fields} if method.lower() == "post" else {"params": fields})
        )
        self.posted.append((address, answer.status_code))


def proposal(desk) -> Proposal:
    return desk.seen(Proposal, proposal_key("main", ORDER))


@pytest.fixture
def link(desk) -> str:
    nonce = new_nonce()
    digest = link_key(nonce).partition.removeprefix("NONCE#")
    desk.auth_store.write(
        create(
            ApprovalLink(
                digest=digest, account="main", order_id=ORDER, valid_until=proposal(desk).expires_at_time
            )
        )
    )
    return f"/approvals/{nonce}"


def test_a_scanner_that_runs_scripts_and_posts_every_form_decides_nothing(desk, stranger, link):
    before = dict(desk.store.items)
    scanner = Scanner(stranger)
    scanner.scan(link)
    assert link in scanner.seen
    assert any("/login" in seen for seen in scanner.seen), "it pressed on to the sign-in"
    assert desk.store.items == before
    assert desk.workflows.answers == {}
    assert desk.intent_queue.messages == []


@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_a_scanner_that_knows_the_form_decides_nothing_without_a_session(desk, stranger, link, decision):
    """It has the page's source from elsewhere: the digest of the terms too, and everything but a session."""
    fields = {"terms_digest": proposal(desk).terms_digest, "decision": decision, "csrf": "anything"}
    for address in (link, f"/proposals/main/{ORDER}"):
        assert stranger.post(address, data=fields).status_code == 401
        assert stranger.post(f"{address}/quantity", data=fields | {"quantity": "1"}).status_code == 401
    assert proposal(desk).state == "PENDING"


def test_looking_in_the_owners_own_browser_decides_nothing(desk, owner, link):
    """Previews and prefetches carry his cookie, and get pages only."""
    before = dict(desk.store.items)
    for _ in range(3):
        assert owner.get(link).status_code == 200
        assert owner.head(link).status_code in (200, 405)
    assert desk.store.items == before


def test_a_form_that_another_site_posts_in_the_owners_browser_decides_nothing(desk, owner, link):
    fields = {"terms_digest": proposal(desk).terms_digest, "decision": "approve"}
    answer = owner.post(link, data=fields, headers={"Origin": "https://scanner.example"})
    assert answer.status_code == 403
    assert proposal(desk).state == "PENDING"


def test_the_same_forms_in_the_owners_hands_do_decide(desk, owner, link):
    """The scanner above would have found and pressed the button, had it been shown one."""
    scanner = Scanner(owner)
    scanner.seen |= {"/"}
    scanner.scan(link)
    assert (link, 200) in scanner.posted
    assert proposal(desk).state in ("APPROVED", "DECLINED")

"""A person at a browser: signs in at Kite's login, reads the consent's page, ticks and presses."""

from urllib.parse import urlsplit

import httpx

from tests.unit.api.oauth_client import answered_in, log_in_at_kite, sign_in_link
from tests.unit.api.sample_desk import SampleDesk

__all__ = ["Person"]


class Person:
    """Asha, who has an account at Kite, in a browser that knows nobody yet, at the desk's `address`."""

    def __init__(self, desk: SampleDesk, address: str) -> None:
        self._desk = desk
        self._browser = httpx.Client(base_url=address, trust_env=False, timeout=30)

    def lets_in(self, authorize: str, *scopes: str) -> str:
        """From the page that a program opens to the answer that the program gets; returns its address."""
        asked = self._browser.get(authorize)
        assert asked.status_code == 303, asked.text
        consent = urlsplit(asked.headers["location"]).path
        shown = self._browser.get(consent)
        if shown.status_code == 401:
            back = log_in_at_kite(self._browser, self._desk, sign_in_link(shown.text), "AB1234")
            assert back.headers["location"] == consent
        answer = answered_in(self._browser, consent, *scopes)
        assert answer.status_code == 303, answer.text
        told = answer.headers["location"]
        with httpx.Client(trust_env=False, timeout=30) as elsewhere:
            assert elsewhere.get(told).status_code < 400
        return told

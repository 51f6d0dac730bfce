"""A person's browser that a program sends to the desk: logs in at the broker, answers, ends the program."""

import html
import re
import threading
from urllib.parse import urljoin

import httpx

__all__ = ["Visitor"]


class Visitor:
    """`errors` is what went wrong on the way, which nobody else sees."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._browser = httpx.Client(follow_redirects=True, trust_env=False, timeout=20)
        self.errors: list[BaseException] = []

    def lets_in(self, url: str) -> None:
        """Opens the address in a thread, as a browser does beside the program that shows it."""
        threading.Thread(target=self._answer, args=(url,), daemon=True).start()

    def _clients(self) -> str:
        """The page of connected programs."""
        return self._browser.get(f"{self._address}/settings/programs").text

    def connected(self) -> list[str]:
        """The names of the programs on it."""
        programs = re.findall(r'<article class="connected">.*?</article>', self._clients(), re.DOTALL)
        return [html.unescape(name) for one in programs for name in re.findall(r"<h2>(.*?)</h2>", one)]

    def disconnect(self) -> None:
        """Ends the one program on it."""
        page = self._clients()
        program = re.search(r'data-api="DELETE (/api/clients/[^"]+)"', page)
        word = re.search(r'data-csrf="(\w+)"', page)
        assert program is not None, page
        assert word is not None, page
        answer = self._browser.delete(f"{self._address}{program[1]}", headers={"X-CSRF-Token": word[1]})
        assert answer.status_code == 204, answer.text

    def _answer(self, url: str) -> None:
        try:
            page = self._browser.get(url)
            if 'name="decision"' not in page.text:
                link = re.search(r'href="(/login\?[^"]*)"', page.text)
                assert link is not None, page.text
                kite = self._browser.get(urljoin(str(page.url), html.unescape(link[1])))
                page = self._send(kite, _form(kite.text), {})
            assert 'name="decision"' in page.text, page.text
            said = {"decision": "allow", "scopes": ["read", "trade"]}
            back = self._send(page, _form(page.text), said)
            assert back.status_code == 200, back.text
        except BaseException as error:
            self.errors.append(error)

    def _send(self, page: httpx.Response, form: str, said: dict[str, str | list[str]]) -> httpx.Response:
        action = re.search(r'action="([^"]*)"', form)
        fields = re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"', form)
        address = urljoin(str(page.url), html.unescape(action[1]) if action else "")
        origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
        hidden = {name: html.unescape(value) for name, value in fields}
        return self._browser.post(address, data=hidden | said, headers={"origin": origin})


def _form(page: str) -> str:
    """The page's first form."""
    found = re.search(r"<form.*?</form>", page, re.DOTALL)
    assert found is not None, page
    return found[0]

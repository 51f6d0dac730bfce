"""How a page of the console is asked for."""

import re
from html import unescape

import pytest

LIVE = {"Patang-Live": "1"}


@pytest.fixture
def live(owner):
    """Asks for the parts of a page that change, as its script does; `tag` is what it has."""

    def ask(path, tag=None, **params):
        headers = LIVE | ({} if tag is None else {"If-None-Match": tag})
        return owner.get(path, params=params, headers=headers)

    return ask


@pytest.fixture
def text(owner):
    """What is to be read on a page, without its markup."""

    def read(path, **params):
        answer = owner.get(path, params=params)
        assert answer.status_code == 200, answer.text
        body = re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.text)
        return re.sub(r"\s+", " ", unescape(body))

    return read

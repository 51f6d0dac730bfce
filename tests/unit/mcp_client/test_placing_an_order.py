"""From a login to a filled order, by the client: the desk asks for its owner's page, and the person says yes
there."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from patang_workbench.mcp_client import connect, login, pages_for_a_person
from tests.unit.api.ordered_desk import OrderedDesk
from tests.unit.mcp_client.served_desk import Person, ServedDesk, served_desk

BUY = {
    "exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "quantity": 10, "product": "CNC",
    "order_type": "LIMIT", "price": 800, "request_id": "r-1", "wait_seconds": 0,
}  # fmt: skip


@pytest.fixture
def served(folder) -> Iterator[ServedDesk]:
    def made(public_url: str) -> OrderedDesk:
        desk = OrderedDesk(public_url)
        desk.secrets.put("patang/test/mcp/request-state", {"key": "k" * 48})
        return desk

    with served_desk(made) as found:
        person = Person(found)
        asyncio.run(login(found.url, person.open, seconds=10))
        yield found


def place(served: ServedDesk, questions=None):
    async def placed():
        async with connect(served.url, questions=questions, seconds=30) as connection:
            return await connection.call("place_order", BUY)

    return asyncio.run(placed()).data


def test_the_person_says_yes_on_the_page(served):
    shown: list[tuple[str, str]] = []

    def yes() -> None:
        time.sleep(0.2)
        served.desk.room.say("approve")
        served.desk.room.run_lane()

    def agreed(message: str, url: str) -> bool:
        shown.append((message, url))
        threading.Thread(target=yes).start()
        return True

    done = place(served, pages_for_a_person(agreed))
    assert done["state"] == "SENT"
    assert len(served.desk.room.exchange.orders()) == 1
    [(message, url)] = shown
    assert "BUY 10 NSE:INFY" in message
    assert url.startswith(f"{served.origin}/proposals/main/")


def test_a_person_who_closes_the_question_has_not_said_no(served):
    waits = place(served, pages_for_a_person(lambda message, url: False))
    assert waits["state"] == "WAITING"
    assert served.desk.room.request().state == "WAITING"
    assert served.desk.room.queue.messages == []


def test_where_nobody_can_be_asked_the_answer_has_the_link(served):
    waits = place(served)
    assert waits["state"] == "WAITING"
    assert waits["approval_url"].startswith(f"{served.origin}/proposals/main/")

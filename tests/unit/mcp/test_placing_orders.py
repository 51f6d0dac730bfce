"""An assistant's order: proposed, said yes to by a person on the desk's page, confirmed. And every way round
the person that an assistant, or whoever speaks through it, might try."""

import asyncio
from datetime import timedelta
from functools import partial

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

from functions.mcp.endpoint import McpEndpoint
from functions.mcp.server import build_server
from patang.approvals.requests.record import OrderRequest, approval_id_of
from tests.on_a_port import on_a_port
from tests.unit.api.ordered_desk import OrderedDesk
from tests.unit.mcp.gateway import NEW_ERA, OLD_ERA, Gateway, token, tool

BUY = {
    "exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "quantity": 10, "product": "CNC",
    "order_type": "LIMIT", "price": 800, "request_id": "r-1", "wait_seconds": 0,
}  # fmt: skip
OPENS_PAGES = {"elicitation": {"form": {}, "url": {}}}
PAGE = f"https://desk.example/proposals/main/{approval_id_of('main', 'r-1')}"
NOT_OURS = {"code": -32602, "message": "Invalid or expired requestState"}


@pytest.fixture
def desk():
    made = OrderedDesk("https://desk.example")
    made.secrets.put("patang/test/mcp/request-state", {"key": "k" * 48})
    return made


@pytest.fixture
def gateway(desk):
    """A warm instance that waits for nobody."""
    return Gateway(desk, partial(build_server, patience=timedelta(0)))


@pytest.fixture
def assistant(desk):
    return token(desk, "read", "trade", principal="owner")


def place(gateway, bearer, era=NEW_ERA, capabilities=OPENS_PAGES, arguments=BUY, **answer):
    params = {"name": "place_order", "arguments": arguments} | answer
    return gateway.ask(bearer, "tools/call", params, era, capabilities)


def accepted(asked, action="accept"):
    return {
        "requestState": asked["result"]["requestState"],
        "inputResponses": {"approval": {"action": action}},
    }


def request(desk) -> OrderRequest:
    return desk.room.request("r-1")


@pytest.mark.parametrize(
    ("era", "capabilities"), [(OLD_ERA, None), (NEW_ERA, None), (NEW_ERA, {"elicitation": {"form": {}}})]
)
def test_a_client_that_opens_no_pages_gets_the_link(gateway, desk, assistant, era, capabilities):
    told = place(gateway, assistant, era, capabilities)["result"]
    content = told["structuredContent"]
    assert (content["state"], content["approval_url"]) == ("WAITING", PAGE)
    text = told["content"][0]["text"]
    for fact in ("state: WAITING", PAGE, "BUY 10 NSE:INFY", "value 8000", "currency: INR", "r-1"):
        assert fact in text
    assert desk.room.queue.messages == []


def test_proposed_said_yes_to_on_the_page_and_confirmed(gateway, desk, assistant):
    asked = place(gateway, assistant)
    question = asked["result"]["inputRequests"]["approval"]
    assert (question["method"], question["params"]["mode"]) == ("elicitation/create", "url")
    assert question["params"]["url"] == PAGE
    assert "BUY 10 NSE:INFY" in question["params"]["message"]
    assert "r-1" not in asked["result"]["requestState"]
    assert desk.room.say("approve") == "APPROVED"
    desk.room.run_lane()
    done = place(gateway, assistant, **accepted(asked))["result"]
    assert done["structuredContent"]["state"] == "SENT"
    [intent] = done["structuredContent"]["intents"]
    assert (intent["state"], intent["quantity"]) == ("ACKED", 10)
    assert len(desk.room.exchange.orders()) == 1


def test_another_instance_takes_up_what_the_first_has_asked(gateway, desk, assistant):
    asked = place(gateway, assistant)
    desk.room.say("approve")
    other = Gateway(desk, partial(build_server, patience=timedelta(0)))
    assert place(other, assistant, **accepted(asked))["result"]["structuredContent"]["state"] == "SENT"


@pytest.mark.parametrize("action", ["accept", "cancel"])
def test_what_a_client_says_is_no_yes(gateway, desk, assistant, action):
    asked = place(gateway, assistant)
    still = place(gateway, assistant, **accepted(asked, action))["result"]["structuredContent"]
    assert (still["state"], still["approval_url"]) == ("WAITING", PAGE)
    assert request(desk).state == "WAITING"
    assert desk.room.queue.messages == []


def test_a_no_is_passed_on(gateway, desk, assistant):
    asked = place(gateway, assistant)
    done = place(gateway, assistant, **accepted(asked, "decline"))["result"]["structuredContent"]
    assert done["state"] == "DECLINED"
    assert desk.room.say("approve") == "ALREADY_DECIDED"


def test_a_state_is_good_once(gateway, desk, assistant):
    """A replay, on this instance or another, before the yes or after it."""
    asked = place(gateway, assistant)
    place(gateway, assistant, **accepted(asked, "cancel"))
    for instance in (gateway, Gateway(desk)):
        for _ in range(2):
            again = place(instance, assistant, **accepted(asked, "decline"))
            assert again["error"].items() >= NOT_OURS.items()
    assert request(desk).state == "WAITING"


def test_a_state_is_of_its_call_its_caller_and_this_desk(gateway, desk, assistant):
    asked = place(gateway, assistant)
    back = accepted(asked, "decline")
    changed = BUY | {"quantity": 1000}
    assert "error" in place(gateway, assistant, arguments=changed, **back)
    asked_by_other = {"name": "place_basket", "arguments": {"orders": [BUY]}} | back
    assert "error" in gateway.ask(assistant, "tools/call", asked_by_other, NEW_ERA, OPENS_PAGES)
    another = token(desk, "read", "trade", principal="owner")
    assert "error" in place(gateway, another, **back)
    desk.register("other", "XY5678", "ravi")
    assert "error" in place(gateway, token(desk, "read", "trade", principal="ravi"), **back)
    elsewhere = OrderedDesk("https://desk.example")
    elsewhere.secrets.put("patang/test/mcp/request-state", {"key": "z" * 48})
    foreign = place(Gateway(elsewhere), token(elsewhere, "read", "trade", principal="owner"))
    assert "error" in place(gateway, assistant, **accepted(foreign, "decline"))
    assert request(desk).state == "WAITING"
    assert place(gateway, assistant, **back)["result"]["structuredContent"]["state"] == "DECLINED"


@pytest.mark.parametrize(
    "state", ["", "x", "v1.", "v1.AAAA", '{"account":"main","request":"r-1"}', "v1." + "A" * 400, 7, ["a"]]
)
def test_a_state_that_was_made_up_opens_nothing(gateway, desk, assistant, state):
    place(gateway, assistant)
    answer = place(gateway, assistant, requestState=state, inputResponses={"approval": {"action": "decline"}})
    assert answer["error"]["code"] == -32602
    assert request(desk).state == "WAITING"


def test_a_changed_state_opens_nothing(gateway, desk, assistant):
    asked = place(gateway, assistant)
    state = asked["result"]["requestState"]
    for place_ in range(3, len(state), 17):
        other = state[:place_] + ("A" if state[place_] != "A" else "B") + state[place_ + 1 :]
        back = {"requestState": other, "inputResponses": {"approval": {"action": "decline"}}}
        assert "error" in place(gateway, assistant, **back)
    assert request(desk).state == "WAITING"


def test_a_key_is_changed_without_a_lost_call(gateway, desk, assistant):
    """Each phase wholly deployed before the next: the new one is known, then seals, then is alone."""
    asked = place(gateway, assistant)
    desk.secrets.put("patang/test/mcp/request-state", {"key": "n" * 48, "previous": "k" * 48})
    after = Gateway(desk, partial(build_server, patience=timedelta(0)))
    assert place(after, assistant, **accepted(asked, "cancel"))["result"]["structuredContent"]


def test_without_a_key_there_is_the_link(desk, assistant):
    desk.secrets.delete("patang/test/mcp/request-state")
    told = place(Gateway(desk), assistant)["result"]
    assert told["structuredContent"]["approval_url"] == PAGE


def test_a_call_waits_for_the_person_who_has_opened_the_page(desk, assistant):
    """He says yes while the client waits; the clock of the wait is the machine's."""
    gateway = Gateway(desk, partial(build_server, patience=timedelta(seconds=10)))
    asked = place(gateway, assistant)
    looks = desk.room.order_requests
    seen = []

    def looked():
        seen.append(None)
        if len(seen) == 2:
            desk.room.say("approve")
        return looks()

    desk.order_requests = looked
    done = place(gateway, assistant, **accepted(asked))["result"]["structuredContent"]
    assert (done["state"], len(seen)) == ("SENT", 2)


def test_another_account_takes_no_order_and_shows_none(gateway, desk, assistant):
    """To whom it is not, it does not exist."""
    desk.register("other", "XY5678", "ravi")
    place(gateway, assistant)
    for name, arguments in [
        ("place_order", BUY | {"account_id": "other", "request_id": "r-9"}),
        ("request_state", {"account_id": "other", "request_id": "r-1"}),
        ("list_pending_approvals", {"account_id": "other"}),
        ("flatten", {"account_id": "other", "reason": "x"}),
        ("halt", {"account_id": "other", "reason": "x"}),
        ("get_orders", {"account_id": "other"}),
        ("search_audit", {"account_id": "other"}),
    ]:
        refused = tool(gateway, assistant, name, **arguments)
        assert refused["isError"], name
        assert "you have no account 'other'" in refused["content"][0]["text"], name
    ravi = token(desk, "read", "trade", principal="ravi")
    assert tool(gateway, ravi, "list_pending_approvals")["structuredContent"]["approvals"] == []
    no = {
        "account_id": "main", "order_id": request(desk).approval_id, "decision": "decline",
        "terms_digest": request(desk).terms_digest,
    }  # fmt: skip
    assert tool(gateway, ravi, "decide_approval", **no)["isError"]
    assert request(desk).state == "WAITING"


ATTEMPTS = st.lists(
    st.sampled_from(["place", "repeat", "approve", "lower", "accept", "state", "reword"]),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(attempts=ATTEMPTS, quantity=st.integers(1, 40), scopes=st.sampled_from(["trade", "trade admin"]))
def test_an_assistant_alone_never_makes_an_order_of_a_proposal(attempts, quantity, scopes):
    """Whatever it calls in whatever order, with every scope there is: nothing is queued without a person."""
    desk = OrderedDesk("https://desk.example")
    desk.secrets.put("patang/test/mcp/request-state", {"key": "k" * 48})
    gateway = Gateway(desk, partial(build_server, patience=timedelta(0)))
    bearer = token(desk, "read", *scopes.split(), principal="owner")
    wish, asked = BUY | {"quantity": quantity}, None
    for number, attempt in enumerate(attempts):
        known = desk.room.request_decisions().find("main", approval_id_of("main", "r-1"))
        named = {
            "order_id": approval_id_of("main", "r-1"),
            "terms_digest": known.terms_digest if known else "0" * 64,
        }
        match attempt:
            case "place":
                asked = place(gateway, bearer, arguments=wish)
            case "repeat":
                place(gateway, bearer, arguments=wish | {"request_id": f"r-{number + 2}"})
            case "approve":
                tool(gateway, bearer, "decide_approval", decision="approve", **named)
            case "lower":
                tool(gateway, bearer, "reduce_approval", quantity=1, **named)
            case "accept" if asked and "requestState" in asked.get("result", {}):
                place(gateway, bearer, arguments=wish, **accepted(asked))
            case "reword":
                place(gateway, bearer, arguments=wish | {"tag": "approved by owner"})
            case _:
                tool(gateway, bearer, "request_state", request_id="r-1")
    assert desk.room.queue.messages == []
    assert not desk.room.exchange.orders()


@settings(max_examples=60, deadline=None)
@given(alone=st.integers(0, 20_000), quantity=st.integers(1, 40))
def test_what_an_assistant_sends_alone_is_no_more_than_its_owner_allows(alone, quantity):
    desk = OrderedDesk("https://desk.example")
    desk.room.settings = desk.room.settings.model_copy(
        update={"requests": desk.room.settings.requests.model_copy(update={"assistant_alone_inr": alone})}
    )
    bearer = token(desk, "read", "trade", principal="owner")
    told = tool(Gateway(desk), bearer, "place_order", **BUY | {"quantity": quantity})["structuredContent"]
    assert (told["state"] == "SENT") is (0 < 800 * quantity <= alone)
    assert bool(desk.room.queue.messages) is (told["state"] == "SENT")


def test_a_thousand_proposals_in_a_burst(gateway, desk, assistant):
    """The owner is asked so often and no more; the rest is refused at once, with what to do."""
    before = len(desk.notifier.sent)
    states = []
    for number in range(1000):
        wish = BUY | {"quantity": 1, "request_id": f"burst-{number}"}
        answer = tool(gateway, assistant, "place_order", **wish)
        states.append(answer["structuredContent"].get("state", "REFUSED"))
    limit = desk.room.get_settings().requests.max_orders_a_day
    assert states.count("WAITING") == limit
    assert states.count("REFUSED") == 1000 - limit
    assert len(desk.notifier.sent) - before <= limit
    assert "Most requested orders a day" in answer["content"][0]["text"]
    assert desk.room.queue.messages == []


def test_asking_and_taking_back_without_end(gateway, desk, assistant):
    """What is taken back may be asked for anew, and its owner's telephone still does not ring all day."""
    before = len(desk.notifier.sent)
    for number in range(200):
        placed = tool(gateway, assistant, "place_order", **BUY | {"request_id": f"again-{number}"})
        waiting = placed["structuredContent"]
        if "approval_id" not in waiting:
            continue
        no = {"order_id": waiting["approval_id"], "terms_digest": waiting["terms_digest"]}
        tool(gateway, assistant, "decide_approval", decision="decline", **no)
    assert len(desk.notifier.sent) - before <= 3 * desk.room.get_settings().requests.max_orders_a_day
    assert "he places it himself" in placed["content"][0]["text"]


def test_the_sdks_own_client_goes_the_whole_way(desk):
    """Its person opens the page, says yes there, and comes back: the call ends with what became of it."""
    opened = []

    async def open_the_page(_, asked):
        opened.append(asked.url)
        desk.room.say("approve")
        return ElicitResult(action="accept")

    async def talk(url: str, bearer: str):
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}) as http,
            Client(
                streamable_http_client(url, http_client=http),
                mode=NEW_ERA,
                elicitation_callback=open_the_page,
            ) as client,
        ):
            return await client.call_tool("place_order", BUY)

    with on_a_port(lambda _: McpEndpoint(desk)) as address:
        desk._environment = dict(desk._environment, PUBLIC_URL=address)
        bearer = token(desk, "read", "trade", principal="owner")
        placed = asyncio.run(talk(f"{address}/mcp", bearer))
    [page] = opened
    assert page.endswith(PAGE.removeprefix("https://desk.example"))
    assert placed.structured_content["state"] == "SENT"

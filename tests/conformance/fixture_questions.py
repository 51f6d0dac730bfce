"""Tools and a prompt that answer with questions: the several rounds of 2026-07-28."""

from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    GetPromptRequestParams,
    GetPromptResult,
    InputRequiredResult,
    InputResponseRequestParams,
    ListRootsRequest,
    ListRootsResult,
    PromptMessage,
    SamplingMessage,
    TextContent,
)

from tests.conformance.fixture_tools import said, takes

__all__ = ["QUESTIONS", "asking_prompt"]

type _Context = ServerRequestContext[Any, Any]
type _Reply = CallToolResult | InputRequiredResult


def _question(message: str, **properties: str) -> ElicitRequest:
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _model(text: str) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=100))


_NAME = {"user_name": _question("What is your name?", name="string")}
_CAPITAL = {"capital_question": _model("What is the capital of France?")}
_ROOTS = {"client_roots": ListRootsRequest()}
_CONFIRM = {"confirm": _question("Please confirm", ok="boolean")}
_ALL = _NAME | {"greeting": _model("Generate a greeting")} | _ROOTS
_STEPS = (
    {"step1": _question("Step 1: What is your name?", name="string")},
    {"step2": _question("Step 2: What is your favorite color?", color="string")},
)


def _given(asked: InputResponseRequestParams, key: str, kind: type) -> Any:
    """The client's answer to the question `key`; None where there is none of that kind."""
    answer = (asked.input_responses or {}).get(key)
    return answer if isinstance(answer, kind) else None


async def _name(_: _Context, asked: CallToolRequestParams) -> _Reply:
    answer = _given(asked, "user_name", ElicitResult)
    if answer is None or "name" not in (answer.content or {}):
        return InputRequiredResult(input_requests=_NAME)
    return said(f"Hello, {answer.content['name']}!")


async def _capital(_: _Context, asked: CallToolRequestParams) -> _Reply:
    answer = _given(asked, "capital_question", CreateMessageResult)
    return said(answer.content.text) if answer else InputRequiredResult(input_requests=_CAPITAL)


async def _roots(_: _Context, asked: CallToolRequestParams) -> _Reply:
    answer = _given(asked, "client_roots", ListRootsResult)
    if answer is None:
        return InputRequiredResult(input_requests=_ROOTS)
    return said(f"Roots: {', '.join(str(root.uri) for root in answer.roots)}")


async def _confirmed(_: _Context, asked: CallToolRequestParams) -> _Reply:
    if _given(asked, "confirm", ElicitResult) is None or asked.request_state != "asked":
        return InputRequiredResult(input_requests=_CONFIRM, request_state="asked")
    return said("state-ok")


async def _three_at_once(_: _Context, asked: CallToolRequestParams) -> _Reply:
    answers = (
        _given(asked, "user_name", ElicitResult),
        _given(asked, "greeting", CreateMessageResult),
        _given(asked, "client_roots", ListRootsResult),
    )
    if None in answers or asked.request_state != "asked all":
        return InputRequiredResult(input_requests=_ALL, request_state="asked all")
    return said("All three were answered.")


async def _rounds(_: _Context, asked: CallToolRequestParams) -> _Reply:
    done = int(asked.request_state or 0)
    if done and _given(asked, f"step{done}", ElicitResult) is None:
        done -= 1
    if done == len(_STEPS):
        return said("Both steps are done.")
    return InputRequiredResult(input_requests=_STEPS[done], request_state=str(done + 1))


async def _able(context: _Context, _: CallToolRequestParams) -> _Reply:
    able = context.session.client_capabilities
    asked = _CAPITAL if able is not None and able.sampling is not None else {}
    if able is not None and able.elicitation is not None:
        asked = asked | _NAME
    return InputRequiredResult(input_requests=asked) if asked else said("This client answers no question.")


async def asking_prompt(asked: GetPromptRequestParams) -> GetPromptResult | InputRequiredResult:
    """A prompt about what the person says it shall be about."""
    answer = _given(asked, "user_context", ElicitResult)
    if answer is None or "context" not in (answer.content or {}):
        question = _question("What context should the prompt use?", context="string")
        return InputRequiredResult(input_requests={"user_context": question})
    text = TextContent(type="text", text=f"Think of this: {answer.content['context']}")
    return GetPromptResult(messages=[PromptMessage(role="user", content=text)])


_NOTHING = takes()
_PREFIX = "test_input_required_result_"
QUESTIONS = {
    f"{_PREFIX}elicitation": ("Greets whom the person says he is", _NOTHING, _name),
    f"{_PREFIX}sampling": ("Passes on what the client's model says", _NOTHING, _capital),
    f"{_PREFIX}list_roots": ("Lists the client's roots", _NOTHING, _roots),
    f"{_PREFIX}request_state": ("Asks to confirm, and knows that it has asked", _NOTHING, _confirmed),
    f"{_PREFIX}tampered_state": ("Asks to confirm, and believes only its own state", _NOTHING, _confirmed),
    f"{_PREFIX}multiple_inputs": ("Asks three things at once", _NOTHING, _three_at_once),
    f"{_PREFIX}multi_round": ("Asks one thing after another", _NOTHING, _rounds),
    f"{_PREFIX}capabilities": ("Asks only what the client can answer", _NOTHING, _able),
    "test_streaming_elicitation": ("Asks the person, in the reply and nowhere else", _NOTHING, _name),
}

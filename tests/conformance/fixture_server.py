"""The server that the scenarios expect, on the desk's hosting code: what is tested is what carries it."""

import json
import re
from typing import Any

from mcp.server.caching import CACHEABLE_METHODS, CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    EmbeddedResource,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    Tool,
    UnsubscribeRequestParams,
)

from functions.mcp.request_state import RequestStates
from functions.mcp.server import signed_in
from patang.app import Desk
from tests.conformance.fixture_questions import QUESTIONS, asking_prompt
from tests.conformance.fixture_tools import PIXEL, TOOLS

__all__ = ["build_fixture"]

type _Context = ServerRequestContext[Any, Any]
type _Pages = PaginatedRequestParams | None

_TOOLS = TOOLS | QUESTIONS
_TEMPLATE = re.compile(r"test://template/([^/]+)/data")
_ARGUMENTS = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}


async def _list_tools(_: _Context, __: _Pages) -> ListToolsResult:
    return ListToolsResult(
        tools=[
            Tool(name=name, description=description, input_schema=schema)
            for name, (description, schema, _) in _TOOLS.items()
        ]
    )


async def _call_tool(context: _Context, asked: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    if asked.name not in _TOOLS:
        raise MCPError(INVALID_PARAMS, f"there is no tool {asked.name!r}")
    return await _TOOLS[asked.name][2](context, asked)


async def _list_resources(_: _Context, __: _Pages) -> ListResourcesResult:
    return ListResourcesResult(
        resources=[
            Resource(uri="test://static-text", name="text", description="A text", mime_type="text/plain"),
            Resource(
                uri="test://static-binary", name="pixel", description="A picture", mime_type="image/png"
            ),
            Resource(uri="test://watched-resource", name="watched", description="A text that stays"),
        ]
    )


async def _list_templates(_: _Context, __: _Pages) -> ListResourceTemplatesResult:
    template = ResourceTemplate(
        uri_template="test://template/{id}/data", name="record", mime_type="application/json"
    )
    return ListResourceTemplatesResult(resource_templates=[template])


async def _read(_: _Context, asked: ReadResourceRequestParams) -> ReadResourceResult:
    uri = str(asked.uri)
    if uri == "test://static-binary":
        picture = BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)
        return ReadResourceResult(contents=[picture])
    if found := _TEMPLATE.fullmatch(uri):
        one = {"id": found[1], "templateTest": True, "data": f"Data for ID: {found[1]}"}
        kind, text = "application/json", json.dumps(one)
    elif uri in {"test://static-text", "test://watched-resource"}:
        kind, text = "text/plain", "This is the content of the static text resource."
    else:
        raise MCPError(INVALID_PARAMS, "Resource not found", {"uri": uri})
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=kind, text=text)])


async def _list_prompts(_: _Context, __: _Pages) -> ListPromptsResult:
    return ListPromptsResult(
        prompts=[
            Prompt(
                name=name,
                description=name.removeprefix("test_").replace("_", " "),
                arguments=[PromptArgument(name=one, required=True) for one in arguments],
            )
            for name, arguments in _ARGUMENTS.items()
        ]
    )


async def _get_prompt(_: _Context, asked: GetPromptRequestParams) -> GetPromptResult | InputRequiredResult:
    given = asked.arguments or {}
    text: str
    before: list[EmbeddedResource | ImageContent] = []
    if asked.name == "test_input_required_result_prompt":
        return await asking_prompt(asked)
    if asked.name == "test_simple_prompt":
        text = "This is a simple prompt for testing."
    elif asked.name == "test_prompt_with_arguments":
        text = f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"
    elif asked.name == "test_prompt_with_embedded_resource":
        text = "Please process the embedded resource above."
        resource = TextResourceContents(
            uri=given["resourceUri"], mime_type="text/plain", text="Embedded resource content for testing."
        )
        before = [EmbeddedResource(type="resource", resource=resource)]
    elif asked.name == "test_prompt_with_image":
        text = "Please analyze the image above."
        before = [ImageContent(type="image", data=PIXEL, mime_type="image/png")]
    else:
        raise MCPError(INVALID_PARAMS, f"there is no prompt {asked.name!r}")
    contents = [*before, TextContent(type="text", text=text)]
    return GetPromptResult(messages=[PromptMessage(role="user", content=one) for one in contents])


async def _complete(_: _Context, asked: CompleteRequestParams) -> CompleteResult:
    words = [word for word in ("paris", "park", "party") if word.startswith(asked.argument.value)]
    return CompleteResult(completion=Completion(values=words, total=len(words), has_more=False))


async def _subscribe(_: _Context, __: SubscribeRequestParams | UnsubscribeRequestParams) -> EmptyResult:
    return EmptyResult()


async def _set_level(_: _Context, __: SetLevelRequestParams) -> EmptyResult:
    return EmptyResult()


def build_fixture(desk: Desk) -> Server[Any]:
    """The server of the scenarios, in the place of the desk's own."""
    server = Server(
        name="patang-conformance",
        version="1",
        cache_hints={method: CacheHint(ttl_ms=60_000, scope="private") for method in CACHEABLE_METHODS},
        on_list_tools=_list_tools,
        on_call_tool=_call_tool,
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=_read,
        on_subscribe_resource=_subscribe,
        on_unsubscribe_resource=_subscribe,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
        on_completion=_complete,
        on_set_logging_level=_set_level,
    )
    server.middleware.append(RequestStates(desk, signed_in, server.name))
    return server

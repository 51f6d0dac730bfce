"""The tools that the scenarios call, as the suite describes them: each shows one thing a reply can be."""

import asyncio
import base64
import json
import struct
import zlib
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolRequestParams,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    SamplingMessage,
    TextContent,
    TextResourceContents,
)

__all__ = ["PIXEL", "TOOLS", "said", "takes"]

type _Context = ServerRequestContext[Any, Any]

_STEP_SECONDS = 0.05


def _pixel() -> str:
    """A red PNG of one pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\xff\0\0")),
        (b"IEND", b""),
    )
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)).decode()


def _silence() -> str:
    """A WAV of eight samples at 8 kHz, one byte each."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    data = struct.pack("<4sI", b"data", 8) + b"\x80" * 8
    whole = b"WAVE" + form + data
    return base64.b64encode(struct.pack("<4sI", b"RIFF", len(whole)) + whole).decode()


PIXEL = _pixel()
_SILENCE = _silence()


def said(*texts: str) -> CallToolResult:
    """A reply of texts alone."""
    return CallToolResult(content=[TextContent(type="text", text=text) for text in texts])


async def _simple(_: _Context, __: CallToolRequestParams) -> CallToolResult:
    return said("This is a simple text response for testing.")


async def _image(_: _Context, __: CallToolRequestParams) -> CallToolResult:
    return CallToolResult(content=[ImageContent(type="image", data=PIXEL, mime_type="image/png")])


async def _audio(_: _Context, __: CallToolRequestParams) -> CallToolResult:
    return CallToolResult(content=[AudioContent(type="audio", data=_SILENCE, mime_type="audio/wav")])


def _embedded(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(
        type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    )


async def _resource(_: _Context, __: CallToolRequestParams) -> CallToolResult:
    content = _embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    return CallToolResult(content=[content])


async def _mixed(_: _Context, __: CallToolRequestParams) -> CallToolResult:
    return CallToolResult(
        content=[
            TextContent(type="text", text="Multiple content types test:"),
            ImageContent(type="image", data=PIXEL, mime_type="image/png"),
            _embedded(
                "test://mixed-content-resource",
                "application/json",
                json.dumps({"test": "data", "value": 123}),
            ),
        ]
    )


async def _error(_: _Context, __: CallToolRequestParams) -> CallToolResult:
    reply = said("This tool intentionally returns an error for testing")
    return reply.model_copy(update={"is_error": True})


async def _logging(context: _Context, _: CallToolRequestParams) -> CallToolResult:
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.session.send_log_message("info", line, related_request_id=context.request_id)
        await asyncio.sleep(_STEP_SECONDS)
    return said("Three lines were logged.")


async def _progress(context: _Context, _: CallToolRequestParams) -> CallToolResult:
    for done in (0, 50, 100):
        await context.session.report_progress(done, 100)
        await asyncio.sleep(_STEP_SECONDS)
    return said("Three steps were reported.")


async def _sampling(context: _Context, asked: CallToolRequestParams) -> CallToolResult:
    prompt = TextContent(type="text", text=(asked.arguments or {})["prompt"])
    reply = await context.session.create_message(
        [SamplingMessage(role="user", content=prompt)],
        max_tokens=100,
        related_request_id=context.request_id,
    )
    return said(f"LLM response: {reply.content}")


async def _needs_sampling(context: _Context, _: CallToolRequestParams) -> CallToolResult:
    able = context.session.client_capabilities
    if able is None or able.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "this tool asks the client's model",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return said("The client has a model.")


def _form(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


async def _asked(context: _Context, message: str, form: dict[str, Any]) -> CallToolResult:
    reply = await context.session.elicit_form(message, form, related_request_id=context.request_id)
    return said(f"User response: action={reply.action}, content={json.dumps(reply.content)}")


async def _elicitation(context: _Context, asked: CallToolRequestParams) -> CallToolResult:
    form = _form(
        username={"type": "string", "description": "User's response"},
        email={"type": "string", "description": "User's email address"},
    )
    return await _asked(context, (asked.arguments or {})["message"], form)


async def _defaults(context: _Context, _: CallToolRequestParams) -> CallToolResult:
    form = _form(
        name={"type": "string", "default": "John Doe"},
        age={"type": "integer", "default": 30},
        score={"type": "number", "default": 95.5},
        status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        verified={"type": "boolean", "default": True},
    )
    return await _asked(context, "Please say who you are", form)


async def _choices(context: _Context, _: CallToolRequestParams) -> CallToolResult:
    plain = ["option1", "option2", "option3"]
    titled = [
        {"const": f"value{n}", "title": f"{name} choice"} for n, name in enumerate(("First", "Second"), 1)
    ]
    form = _form(
        untitledSingle={"type": "string", "enum": plain},
        titledSingle={"type": "string", "oneOf": titled},
        legacyEnum={"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
        untitledMulti={"type": "array", "items": {"type": "string", "enum": plain}},
        titledMulti={"type": "array", "items": {"anyOf": titled}},
    )
    return await _asked(context, "Please choose", form)


def takes(*arguments: str) -> dict[str, Any]:
    """The schema of a tool that must be given these texts."""
    texts = {argument: {"type": "string"} for argument in arguments}
    return {"type": "object", "properties": texts, "required": list(arguments)}


_NOTHING = takes()
# A tool whose argument also travels in a header, so that a proxy can route by it.
_IN_A_HEADER = {
    "type": "object",
    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    "required": ["region"],
}
_WHOLE_VOCABULARY = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

# Name: what it does for readers of the list, the schema of its arguments, and the tool.
TOOLS = {
    "test_simple_text": ("Says one line", _NOTHING, _simple),
    "test_image_content": ("Shows a picture", _NOTHING, _image),
    "test_audio_content": ("Plays nothing", _NOTHING, _audio),
    "test_embedded_resource": ("Encloses a resource", _NOTHING, _resource),
    "test_multiple_content_types": ("Says, shows and encloses", _NOTHING, _mixed),
    "test_error_handling": ("Fails", _NOTHING, _error),
    "test_tool_with_logging": ("Logs three lines", _NOTHING, _logging),
    "test_logging_tool": ("Logs three lines where the request asks for them", _NOTHING, _logging),
    "test_tool_with_progress": ("Reports three steps", _NOTHING, _progress),
    "test_missing_capability": ("Needs the client's model", _NOTHING, _needs_sampling),
    "test_sampling": ("Asks the client's model", takes("prompt"), _sampling),
    "test_elicitation": ("Asks the person", takes("message"), _elicitation),
    "test_elicitation_sep1034_defaults": (
        "Asks the person, with what is likely filled in",
        _NOTHING,
        _defaults,
    ),
    "test_elicitation_sep1330_enums": ("Asks the person to choose", _NOTHING, _choices),
    "test_custom_header": ("Takes an argument that travels in a header too", _IN_A_HEADER, _simple),
    "json_schema_2020_12_tool": ("Has a schema of every kind", _WHOLE_VOCABULARY, _simple),
}

"""Every tool of the registry by one address, and the list of them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from functions.api.gate import Reader, TheDesk
from patang.identity.principal import Scope

__all__ = ["router"]

router = APIRouter(prefix="/api")


class ToolCall(BaseModel):
    """Which tool, and its arguments; `args.account_id` chooses the account."""

    model_config = ConfigDict(extra="forbid")

    tool: Annotated[str, Field(min_length=1, max_length=60)]
    args: dict[str, Any] = {}


class ToolAnswer(BaseModel):
    """`data` is of the tool's own form, as GET /api/tools has it."""

    status: Literal["success"]
    data: dict[str, Any]


class ToolView(BaseModel):
    """A tool as it is declared. `effect`: looks (reads only), changes (the desk's own state), orders (may
    move money). The schemas are JSON Schemas, `example` are arguments that validate."""

    name: str
    title: str
    description: str
    effect: Literal["looks", "changes", "orders"]
    scope: Scope
    destructive: bool
    idempotent: bool
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    example: dict[str, Any]


@router.get("/tools")
def tools(_: Reader) -> tuple[ToolView, ...]:
    """Every tool, for programs that let their user choose one."""
    from patang.tools.registry import TOOLS

    return tuple(
        ToolView(
            name=tool.name,
            title=tool.title,
            description=tool.description,
            effect=tool.effect,
            scope=tool.scope,
            destructive=tool.destructive,
            idempotent=tool.idempotent,
            input_schema=tool.input.model_json_schema(),
            output_schema=tool.output.model_json_schema(mode="serialization"),
            example=dict(tool.example),
        )
        for tool in TOOLS
    )


@router.post("/kite/execute", responses={200: {"model": ToolAnswer}, 202: {"model": ToolAnswer}})
def execute(call: ToolCall, principal: Reader, desk: TheDesk) -> Response:
    """Run one tool. A tool may ask for more than the scope to read. 202: it waits for a person's yes or for
    the broker's word. Errors name their kind as the broker's API does."""
    # Here, not at the top: most requests are of pages and lists, and the tools know much of the desk.
    from patang.tools.calling import call as called

    answered = called(desk.caller(principal), call.tool, call.args)
    text = answered.reply.model_dump_json()
    if not answered.failed:
        text = f'{{"status":"success","data":{text}}}'
    return Response(text, answered.status, media_type="application/json")

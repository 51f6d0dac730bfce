"""The desk's settings: read by everybody who may look, changed by its owner, each change a version."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from functions.api.gate import Admin, Reader, TheDesk
from functions.api.questions import Cursor, Limit
from patang.desk_view.paging import Page
from patang.desk_view.settings_view import SettingsPreview, SettingsReturn, SettingsVersion, SettingsView

__all__ = ["router"]

router = APIRouter(prefix="/api/settings")

_EXAMPLE = {"version": 3, "changes": {"risk.max_concurrent_positions": 1}, "note": "a week of little volume"}


def _number(value: object) -> object:
    # Left alone, true would be taken for version 1.
    if isinstance(value, bool):
        raise ValueError("give the number of the version that was read")
    return value


class SettingsPreviewRequest(BaseModel):
    """Values (as the tree has them in JSON) by dotted path, and the version they were read at."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{k: _EXAMPLE[k] for k in ("version", "changes")}]}
    )

    version: Annotated[int, Field(ge=0, le=99_999_999), BeforeValidator(_number)]
    changes: Annotated[dict[Annotated[str, Field(max_length=80)], Any], Field(min_length=1, max_length=200)]


class SettingsRequest(SettingsPreviewRequest):
    """The same, to be stored; `note` says why, for the history and the audit log."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    note: Annotated[str, Field(max_length=200)] = ""


@router.get("")
def settings(_: Reader, desk: TheDesk) -> SettingsView:
    """Every setting with its value, what waits, unit, range, and when a change of it holds."""
    return desk.settings_page().whole()


@router.post("/preview")
def preview(wish: SettingsPreviewRequest, principal: Admin, desk: TheDesk) -> SettingsPreview:
    """What a change would do, with nothing stored. 400 says at each field what is wrong with it."""
    return desk.settings_page().preview(wish.changes, wish.version, principal.actor)


@router.patch("")
def change(wish: SettingsRequest, principal: Admin, desk: TheDesk) -> SettingsVersion:
    """Store a change as the next version. 409: somebody has changed them since, or something is open.

    Settings hold for every account of the desk: the owner of its data account changes them, signed in. His
    token may tighten limits. 403 for anything else.
    """
    return desk.settings_page().change(wish.changes, wish.version, wish.note, principal)


@router.get("/versions")
def versions(_: Reader, desk: TheDesk, cursor: Cursor = None, limit: Limit = 20) -> Page[SettingsVersion]:
    """Who changed what, and when; newest first."""
    return desk.settings_page().history(cursor, limit)


@router.get("/versions/{number}")
def version(number: Annotated[int, Path(ge=1, le=99_999_999)], _: Reader, desk: TheDesk) -> SettingsVersion:
    """One version, with what it changed."""
    found = desk.settings_page().version(number)
    if found is None:
        raise HTTPException(404, f"there is no version {number}: /api/settings/versions lists them")
    return found


@router.get("/versions/{number}/return")
def way_back(number: Annotated[int, Path(ge=1, le=99_999_999)], _: Reader, desk: TheDesk) -> SettingsReturn:
    """What leads back to a version: `changes` and `based_on` (as `version`) go into preview and PATCH.

    It is stored as a new version, and what it makes looser waits like any other. 409: the desk does not
    accept that version any more.
    """
    found = desk.settings_page().back_to(number)
    if found is None:
        raise HTTPException(404, f"there is no version {number}: /api/settings/versions lists them")
    return found

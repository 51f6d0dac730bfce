"""The settings of the desk: what holds and what waits, forms to change them, and every version there was."""

import json
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from starlette.responses import Response

from functions.api.console.addresses import next_address
from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk
from functions.api.questions import Cursor
from patang.accounts.view import account_view
from patang.desk_view.settings_form import FORMS, sections, waiting
from patang.desk_view.settings_view import SettingsPage, SettingsPreview, SettingsReturn
from patang.errors import Refused
from patang.identity.principal import Principal
from patang.notifications.subscriptions import last_report
from patang.settings.edits import WrongSettings
from patang.settings.names import name_of

__all__ = ["router"]

router = APIRouter(prefix="/settings")

_SHOWN = 30
_FORMS = {form.name: form for form in FORMS}


@router.get("")
def overview(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """All that can be set, with what is worth knowing of each part."""
    accounts, now = desk.accounts(), desk.clock.now()
    whole = desk.settings_page().whole()
    return console_page(
        request,
        principal,
        "settings.html",
        forms=FORMS,
        values={setting.path: setting.value for setting in whole.settings},
        version=whole.version,
        waiting=tuple(waiting(whole.settings)),
        own=[account_view(accounts, account, now) for account in accounts.register.of(principal.name)],
        connected=desk.grants().connected(principal.name),
        tokens=desk.tokens().list(principal.name),
        report=last_report(desk.store),
    )


@router.get("/history")
def history(request: Request, principal: Reader, desk: TheDesk, cursor: Cursor = None) -> Response:
    """Who changed what, and when; the newest first."""
    found = desk.settings_page().history(cursor, _SHOWN)
    older = next_address("/settings/history", {}, found.next)
    return console_page(
        request, principal, "settings_history.html", found=found, older=older, begins=cursor is None
    )


@router.get("/history/{number}")
def version(
    number: Annotated[int, Path(ge=1, le=99_999_999)], request: Request, principal: Reader, desk: TheDesk
) -> Response:
    """One version: what it changed, and what of it waited until when."""
    page = desk.settings_page()
    found = page.version(number)
    if found is None:
        raise HTTPException(404, f"There is no version {number} of the settings.")
    return console_page(
        request,
        principal,
        "settings_version.html",
        found=found,
        newest=page.newest().version,
    )


@router.get("/history/{number}/return")
def way_back(
    number: Annotated[int, Path(ge=1, le=99_999_999)], request: Request, principal: Reader, desk: TheDesk
) -> Response:
    """What going back to a version would change, and what of it would wait."""
    page = desk.settings_page()
    back = page.back_to(number)
    if back is None:
        raise HTTPException(404, f"There is no version {number} of the settings.")
    tried, refused = _tried(page, back, principal)
    return console_page(
        request,
        principal,
        "settings_return.html",
        back=back,
        tried=tried,
        refused=refused,
        becomes_live=back.changes.get("mode") == "live",
        sent=json.dumps(back.changes),
        may_change=page.may_change(principal),
    )


@router.get("/{name}")
def form(name: str, request: Request, principal: Reader, desk: TheDesk) -> Response:
    """The settings of one part, to be changed by whom they belong to."""
    if name not in _FORMS:
        raise HTTPException(404, "There is no such page of the settings.")
    page = desk.settings_page()
    whole = page.whole()
    shown = sections(_FORMS[name], whole.settings)
    mine = {asked.setting.path for asked in chain.from_iterable(section.asked for section in shown)}
    values = {setting.path: setting.value for setting in whole.settings}
    return console_page(
        request,
        principal,
        "settings_form.html",
        form=_FORMS[name],
        sections=shown,
        version=whole.version,
        waiting=[setting for setting in waiting(whole.settings) if setting.path in mine],
        may_change=page.may_change(principal),
        data_account=values["data_account"],
        report=last_report(desk.store) if name == "notifications" else None,
    )


def _tried(
    page: SettingsPage, back: SettingsReturn, principal: Principal
) -> tuple[SettingsPreview | None, str]:
    """What it would change; or why it cannot be."""
    try:
        return page.preview(back.changes, back.based_on, principal.actor), ""
    except WrongSettings as error:
        return None, "; ".join(f"{name_of(field.path)}: {field.message}" for field in error.fields)
    except Refused as error:
        return None, str(error)

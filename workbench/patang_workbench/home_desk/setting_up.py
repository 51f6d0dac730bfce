"""A home desk as its environment wants it: accounts registered, the broker's addresses in the settings, a key
of its own."""

import logging

from patang.errors import PatangError
from patang.identity.credentials import new_secret
from patang.settings import Settings
from patang_workbench.home_desk.desk import HomeDesk
from patang_workbench.home_desk.environment import GivenAccount, HomeEnvironment

__all__ = ["set_up"]

_log = logging.getLogger("patang.home")

# Who changes what the environment says, as the audit log names it.
_BY = "environment"


def set_up(desk: HomeDesk, given: HomeEnvironment) -> None:
    """Registers, renames and switches off accounts, and puts the broker's addresses into the settings.

    Changes nothing where all is as it should be. An account that the environment no longer names is switched
    off, or stays while something of it is open. Raises Refused where the desk cannot go to another market
    because something is open in this one.
    """
    # What CloudFormation makes for a deployed desk.
    if not desk.request_state_keys():
        desk.secrets.put(desk.request_state_secret(), {"key": new_secret()})
    _settings(desk, given)
    named = {account.name for account in given.accounts}
    for account in given.accounts:
        _account(desk, given.principal, account)
    for known in desk.accounts().list():
        if known.enabled and known.account not in named:
            try:
                desk.accounts().register.disable(known.account, _BY)
                _log.warning("account %s is not in the environment: switched off", known.account)
            except PatangError as error:
                _log.warning("account %s is not in the environment, and stays: %s", known.account, error)


def _account(desk: HomeDesk, principal: str, given: GivenAccount) -> None:
    register = desk.accounts().register
    known = next((known for known in register.list() if known.account == given.name), None)
    if known is None:
        register.add(
            given.name,
            given.label,
            given.api_key,
            given.api_secret,
            given.user_id,
            principal,
            by=_BY,
            allow=True,
        )
        return
    if (known.kite_user_id, known.principal) != (given.user_id, principal):
        # Whoever else's it was, what it traded stays his: it is taken off the desk and comes anew.
        register.remove(given.name, _BY)
        _account(desk, principal, given)
        return
    if known.api_key != given.api_key:
        register.set_credentials(given.name, _BY, api_key=given.api_key)
    if known.label != given.label:
        register.rename(given.name, given.label, _BY)
    if not known.enabled:
        register.enable(given.name, _BY)


def _settings(desk: HomeDesk, given: HomeEnvironment) -> None:
    changes = desk.settings_changes()
    stored = changes.stored()
    before = Settings() if stored is None else stored.wanted()
    names = [account.name for account in given.accounts]
    wanted = before.model_copy(
        update={
            "kite": given.kite_settings(before.kite),
            "data_account": before.data_account if before.data_account in names else names[0],
        }
    )
    if stored is None or wanted != before:
        changes.put(Settings.model_validate(wanted.model_dump()), _BY, "as the environment has it")

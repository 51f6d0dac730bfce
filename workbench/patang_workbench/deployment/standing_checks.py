"""What a deployed stage needs: that its owner hears of it, its orders get through and nothing is lost."""

from collections.abc import Callable, Iterator, Mapping

from patang.app import Desk
from patang.errors import PatangError
from patang.ports import Messenger
from patang_workbench.deployment.account import AccountError, StageAccount
from patang_workbench.deployment.stage import Stage
from patang_workbench.doctor.findings import Finding

__all__ = ["standing_findings", "subscriptions_finding"]

_DATA = "data"
_RECOVERABLE = ("DeskTable", "AuditTable")


def standing_findings(
    stage: Stage, account: StageAccount, outputs: Mapping[str, str], desk: Desk
) -> list[Finding]:
    """Of a stage whose stacks stand; `outputs` are theirs, `desk` is reached by them."""
    looks: dict[str, Callable[[], Finding]] = {
        "subscriptions": lambda: subscriptions_finding(desk.messenger),
        "registered_ip": lambda: _registered_ip(outputs, desk),
        "secrets": lambda: _secrets(stage, account, desk),
        "budget": lambda: _budget(stage, account),
        "data": lambda: _data(stage, account, outputs),
    }
    return [_looked(name, look) for name, look in looks.items()]


def _looked(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (AccountError, PatangError) as error:
        return Finding(name, "fail", str(error), "see that your AWS credentials may read it, and ask again")


def subscriptions_finding(messenger: Messenger) -> Finding:
    """Whether somebody hears messages and alarms. Without, no question of the desk is ever answered."""
    found = messenger.subscriptions()
    unheard = [t for t in messenger.topics if not any(s.confirmed for s in found if s.topic == t)]
    waiting = [f"{each.topic} to {each.place}" for each in found if not each.confirmed]
    by_link = [each.place for each in found if each.confirmed and each.sign_in_to_end is False]
    if unheard:
        to_do = "confirm what SNS has sent: `patang notifications confirm --url LINK`; `status` lists them"
        text = f"nobody hears {' and '.join(unheard)}" + (f"; waits: {', '.join(waiting)}" if waiting else "")
        return Finding("subscriptions", "fail", text, to_do)
    if waiting:
        to_do = "`patang notifications confirm --url LINK`; SNS gives a link up after two days"
        return Finding("subscriptions", "warn", f"waits to be confirmed: {', '.join(waiting)}", to_do)
    if by_link:
        to_do = "confirm it by `patang notifications confirm`, so that ending it takes a sign-in"
        return Finding("subscriptions", "warn", f"the link in any mail ends that of {by_link[0]}", to_do)
    return Finding("subscriptions", "ok", f"{len(found)} are confirmed, for {' and '.join(messenger.topics)}")


def _registered_ip(outputs: Mapping[str, str], desk: Desk) -> Finding:
    """Whether the desk holds its own address for the registered one; only the broker's page tells what is."""
    settings = desk.settings_changes().in_force()
    own, said = outputs.get("OrderEgressIp"), settings.registered_egress_ip
    serious = "fail" if settings.mode == "live" else "warn"
    if own is None:
        if settings.mode == "live":
            text = "the desk is live and has no fixed address: the broker takes no order of it"
            return Finding("registered_ip", "fail", text, "deploy with egress nat-instance or nat-gateway")
        return Finding("registered_ip", "ok", "no order leaves: the stage has no fixed address")
    if said is None:
        to_do = f"register {own} in your app at developers.kite.trade and set registered_egress_ip to it"
        return Finding("registered_ip", serious, f"{own} is not said to be registered", to_do)
    if said != own:
        to_do = f"register {own} with the broker (once a week at most) and set registered_egress_ip to it"
        text = f"orders leave from {own}, and {said} is said to be registered"
        return Finding("registered_ip", serious, text, to_do)
    return Finding("registered_ip", "ok", f"{own}, as you said; `patang preflight` asks what the broker sees")


def _secrets(stage: Stage, account: StageAccount, desk: Desk) -> Finding:
    """Each account's API secret, and what the stacks made; secrets that nobody has any use for."""
    there = account.secrets()
    going = sorted(name for name, deleted in there.items() if deleted)
    accounts = {desk.accounts().register.secret_name(a.account): a.account for a in desk.accounts().list()}
    missing = sorted(accounts[name] for name in accounts.keys() - there.keys())
    of_accounts = f"{stage.secret_prefix}/account/"
    orphans = sorted(n for n in there.keys() - accounts.keys() if n.startswith(of_accounts))
    if going:
        to_do = f"`aws secretsmanager restore-secret --secret-id {going[0]}`, while there is time"
        return Finding("secrets", "fail", f"scheduled for deletion: {', '.join(going)}", to_do)
    if missing:
        to_do = f"give it again: `patang accounts credentials {missing[0]}`"
        return Finding("secrets", "fail", f"no API secret is kept of {', '.join(missing)}", to_do)
    if orphans:
        to_do = f"`aws secretsmanager delete-secret --secret-id {orphans[0]}`: each costs 0.40 USD a month"
        return Finding("secrets", "warn", f"of no account: {', '.join(orphans)}", to_do)
    made = len(account.secrets_made_at_run_time())
    return Finding("secrets", "ok", f"{len(there)}, of which {made} were made at run time")


def _budget(stage: Stage, account: StageAccount) -> Finding:
    found = account.budget()
    wanted = stage.monthly_budget_usd
    if found is None:
        to_do = f"`patang deploy --stage {stage.stage}` makes it; did somebody delete it?"
        return Finding("budget", "fail", f"nobody watches the bill: {stage.prefix}-month is missing", to_do)
    limit, spent = found
    if limit != wanted:
        to_do = f"`patang deploy --stage {stage.stage}`, or set monthly_budget_usd to {limit.normalize():f}"
        text = f"the account's is {limit.normalize():f} USD, cdk.json says {wanted}"
        return Finding("budget", "warn", text, to_do)
    if spent >= limit:
        to_do = "Cost Explorer by service tells what; beside it `patang cost`, which tells what it should be"
        return Finding("budget", "warn", f"this month has cost {spent:.2f} USD of {wanted}", to_do)
    return Finding("budget", "ok", f"{wanted} USD a month, {spent:.2f} are spent")


def _data(stage: Stage, account: StageAccount, outputs: Mapping[str, str]) -> Finding:
    weak = list(_weak(stage, account, outputs))
    if weak:
        to_do = (
            f"somebody has changed it by hand: `patang deploy --stage {stage.stage}` does not, put it back"
        )
        return Finding("data", "fail", "; ".join(weak), to_do)
    return Finding("data", "ok", "tables, buckets and keys are protected, and can be brought back")


def _weak(stage: Stage, account: StageAccount, outputs: Mapping[str, str]) -> Iterator[str]:
    yield from account.unguarded(f"{stage.prefix}-{_DATA}")
    for name in _RECOVERABLE:
        if not account.recoverable(outputs[name]):
            yield f"{outputs[name]} has no point-in-time recovery"

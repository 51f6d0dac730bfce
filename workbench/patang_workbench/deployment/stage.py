"""The settings of a stage: what differs between two deployments of the same code.

They stand in cdk.json, below `context.stages.<stage>`; what is said on the command line (`-c name=value`)
goes before it, and what neither says has the default here.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from patang.errors import SettingsError
from patang.settings import UniverseSettings

__all__ = ["RETENTION_DAYS", "Flavour", "Stage", "StageName", "given_in", "read_stage", "wrong_values"]

type Flavour = Literal["cloud", "local"]
type StageName = Literal["paper", "live"]

# Of those that CloudWatch Logs knows, the ones between which a person would choose.
RETENTION_DAYS: Final = (7, 30, 90, 365)

_FORMS: Final = {
    "region": (r"[a-z]{2}(-[a-z]+)+-\d", "an AWS region, as ap-south-1"),
    "owner_email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address, as you@example.com"),
    "heartbeat_url": (
        r"https://[^/\s?#]+/[^\s?#]+",
        "https, a host and a path, as https://example.com/ping/1",
    ),
    "owner_phone": (r"\+[1-9][0-9]{7,14}", "a number with its country, as +919812345678"),
}
_CRON_PARTS: Final = 6


class Stage(BaseModel):
    """One stage, frozen; no field beside these is taken.

    `flavour` decides for which machine the code assets are built, and nothing else: `cloud` is Lambda on
    arm64, `local` is this machine, for the emulator. `mode` and `universe` are what the desk's own settings
    begin with when it is deployed for the first time; from then on they are changed there. `mode` is also
    the most that the stage is for: a stage of mode paper whose desk trades for real is not deployed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: StageName = "paper"
    flavour: Flavour = "cloud"
    region: str = "ap-south-1"
    mode: Literal["paper", "live"] = "paper"
    universe: UniverseSettings = UniverseSettings()
    owner_email: str | None = None
    # What the desk sends it is one message of 160 characters at most.
    owner_phone: str | None = None
    # Asked every five minutes by a desk that lives; whoever answers there calls the owner when it is not. It
    # opens nothing, so it is no secret: who knows it can at most pretend that the desk lives.
    heartbeat_url: str | None = None
    # What AWS may cost a month, before tax.
    monthly_budget_usd: Annotated[int, Field(ge=1, le=10_000)] = 35
    log_retention_days: int = 30
    # How long a file of the audit archive cannot be deleted or written anew. Governance: who administers the
    # account may lift it, the desk may not. Compliance: nobody may, AWS included, until the days are over.
    audit_lock: Literal["governance", "compliance"] = "governance"
    audit_lock_days: Annotated[int, Field(ge=1, le=3_653)] = 365
    # Who read secrets and who touched the audit archive, kept there by CloudTrail.
    cloudtrail: bool = False
    tick_shards: Annotated[int, Field(ge=1, le=20)] = 1
    api_requests_per_second: Annotated[int, Field(ge=1, le=1_000)] = 20
    api_burst: Annotated[int, Field(ge=1, le=2_000)] = 40
    # What the lane's calls leave by, with the one address that is registered with the broker. `none`: there
    # is no such address, and the lane stands where every other function does; for a desk that stays on paper.
    egress: Literal["nat-instance", "nat-gateway", "none"] = "nat-instance"
    # Raised to put another instance in the place of one that was terminated.
    nat_generation: Annotated[int, Field(ge=1)] = 1
    # Distributed research. Off, it is not deployed and costs nothing; on, it costs only what a run uses.
    research: bool = False
    # Jobs at the same time. They share the account's concurrency with the functions that trade.
    research_workers: Annotated[int, Field(ge=1, le=1_000)] = 20
    # Market time is India's: every schedule below is read in Asia/Kolkata.
    reconcile_schedule: str = "cron(* 9-15 ? * MON-FRI *)"
    morning_schedule: str = "cron(30,45 8 ? * MON-FRI *)"
    # For a login that comes late. Its runs are as far apart as one may last.
    late_morning_schedule: str = "cron(0,15,30,45 9-14 ? * MON-FRI *)"
    # The check of the day is the first call; the later ones look at what had not passed or was not due.
    preflight_schedule: str = "cron(* 9-15 ? * MON-FRI *)"
    archive_schedule: str = "cron(50 15 ? * MON-FRI *)"
    # On all days of the week: the calendar knows which are trading days, and some Sundays are.
    login_reminder_schedule: str = "cron(15,45 8 ? * * *)"
    # Also on the afternoons of a weekend: what was held of messages goes with it.
    logout_schedule: str = "cron(0,30 12-22 ? * * *)"
    warm_schedule: str = "cron(0/4 9-15 ? * MON-FRI *)"

    @field_validator(*_FORMS)
    @classmethod
    def _in_form(cls, text: str | None, info: ValidationInfo) -> str | None:
        pattern, form = _FORMS[str(info.field_name)]
        if text is not None and re.fullmatch(pattern, text) is None:
            raise ValueError(f"give {form}")
        return text

    @field_validator("log_retention_days")
    @classmethod
    def _known_retention(cls, days: int) -> int:
        if days not in RETENTION_DAYS:
            raise ValueError(f"give one of {', '.join(map(str, RETENTION_DAYS))}")
        return days

    @field_validator("*")
    @classmethod
    def _schedule(cls, value: object, info: ValidationInfo) -> object:
        """As the Scheduler takes it: six parts, of which the day of the month or of the week is `?`."""
        if not str(info.field_name).endswith("_schedule"):
            return value
        found = re.fullmatch(r"cron\(([^()]*)\)", str(value))
        parts = found.group(1).split() if found else []
        if len(parts) != _CRON_PARTS or [parts[2], parts[4]].count("?") != 1:
            raise ValueError(
                "give cron(minute hour day-of-month month day-of-week year) in Indian time, with ? for the "
                "day of the month or of the week"
            )
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.api_burst < self.api_requests_per_second:
            raise ValueError(
                f"api_burst is {self.api_burst}, less than api_requests_per_second "
                f"({self.api_requests_per_second}): raise it to at least that"
            )
        if self.mode == "live" and self.stage == "paper":
            raise ValueError("mode is live, and stage paper never trades for real: deploy stage live")
        if self.mode == "live" and self.egress == "none":
            raise ValueError(
                "mode is live and egress is none: the broker takes orders from a registered address alone; "
                "give egress nat-instance or nat-gateway"
            )
        if self.mode == "live" and self.owner_email is None:
            raise ValueError("mode is live and owner_email is missing: nobody would be asked or told")
        return self

    @property
    def prefix(self) -> str:
        """How the names of the stage's stacks, functions and workflows begin."""
        return f"patang-{self.stage}"

    @property
    def channels(self) -> str:
        """The ways by which the owner is subscribed to messages, with a space between."""
        given = {"email": self.owner_email, "sms": self.owner_phone}
        return " ".join(channel for channel, place in given.items() if place is not None)

    @property
    def secret_prefix(self) -> str:
        """Below which the stage's secrets are named."""
        return f"patang/{self.stage}"


def given_in(context: Mapping[str, Any]) -> dict[str, Any]:
    """What a CDK context says of the stage that it names: its part of `stages`, and before it what stands
    beside. Names with a colon or an @ are the CDK's own. Raises SettingsError if `stages` is no such table.
    """
    stages = context.get("stages", {})
    strange = [] if not isinstance(stages, Mapping) else sorted(set(stages) - {"paper", "live"})
    if not isinstance(stages, Mapping) or strange:
        found = ", ".join(map(repr, strange)) or repr(stages)
        raise SettingsError(f"context.stages of cdk.json has {found}: it takes paper and live, each a table")
    beside = {
        name: value
        for name, value in context.items()
        if name != "stages" and value is not None and ":" not in name and "@" not in name
    }
    name = beside.get("stage", "paper")
    own = stages.get(name, {})
    if not isinstance(own, Mapping) or "stage" in own:
        raise SettingsError(f"context.stages.{name} of cdk.json is {own!r}: give a table of settings")
    return {key: value for key, value in own.items() if value is not None} | beside


def read_stage(cdk_json: Path, said: Mapping[str, str]) -> Stage:
    """The settings of the stage that `said` (the command line's) or else cdk.json names.

    Raises SettingsError with a line for each value that is wrong, or if the file cannot be read.
    """
    try:
        context = json.loads(cdk_json.read_text())["context"]
        values = given_in({**context, **said})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{cdk_json.name} has no settings of a stage: {error!r}") from error
    try:
        return Stage.model_validate(values)
    except ValidationError as error:
        name = values.get("stage", "paper")
        lines = "\n".join(f"  {line}" for line in wrong_values(error))
        raise SettingsError(f"stage {name}, by cdk.json and the command line:\n{lines}") from error


def wrong_values(error: ValidationError) -> list[str]:
    """A line for each value that is wrong: its name, what it is, and what it ought to be."""
    return [_line(entry) for entry in error.errors()]


def _line(entry: Any) -> str:
    name = ".".join(map(str, entry["loc"]))
    text = str(entry["msg"]).removeprefix("Value error, ")
    if entry["type"] == "extra_forbidden":
        known = ", ".join(sorted(Stage.model_fields)) if len(entry["loc"]) == 1 else "see `patang settings`"
        return f"{name} is no setting of a stage; there are: {known}"
    return f"{name} is {entry['input']!r}: {text}" if name else text

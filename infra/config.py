"""The settings of a stage: what differs between two deployments of the same code."""

from typing import Annotated, Final, Literal, Self

from aws_cdk.aws_logs import RetentionDays
from constructs import Node
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["Flavour", "StageSettings"]

type Flavour = Literal["cloud", "local"]

_RETENTION: Final = {
    7: RetentionDays.ONE_WEEK,
    30: RetentionDays.ONE_MONTH,
    90: RetentionDays.THREE_MONTHS,
    365: RetentionDays.ONE_YEAR,
}


class StageSettings(BaseModel):
    """One stage. Fields come from the CDK context: cdk.json, or `-c name=value` on the command line.

    `flavour` decides for which machine the code assets are built, and nothing else: `cloud` is Lambda on
    arm64, `local` is this machine, for the emulator.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Literal["paper", "live"] = "paper"
    flavour: Flavour = "cloud"
    region: str = "ap-south-1"
    owner_email: str | None = None
    # In the form +919812345678; what the desk sends it is one message of 160 characters at most.
    owner_phone: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{7,14}$")] | None = None
    log_retention_days: int = 30
    tick_shards: Annotated[int, Field(ge=1, le=20)] = 1
    api_requests_per_second: Annotated[int, Field(ge=1, le=1_000)] = 20
    api_burst: Annotated[int, Field(ge=1, le=2_000)] = 40
    # What the lane's calls leave by, with the one address that is registered with the broker.
    egress: Literal["nat-instance", "nat-gateway"] = "nat-instance"
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

    @field_validator("log_retention_days")
    @classmethod
    def _known_retention(cls, days: int) -> int:
        if days not in _RETENTION:
            raise ValueError(f"log_retention_days is {days}: give one of {sorted(_RETENTION)}")
        return days

    @model_validator(mode="after")
    def _burst_covers_rate(self) -> Self:
        if self.api_burst < self.api_requests_per_second:
            raise ValueError(
                f"api_burst is {self.api_burst}, less than api_requests_per_second "
                f"({self.api_requests_per_second}): raise it to at least that"
            )
        return self

    @classmethod
    def from_context(cls, node: Node) -> Self:
        """The settings that the CDK context of `node` gives. Raises pydantic.ValidationError."""
        given = {name: node.try_get_context(name) for name in cls.model_fields}
        return cls.model_validate({name: value for name, value in given.items() if value is not None})

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

    @property
    def log_retention(self) -> RetentionDays:
        return _RETENTION[self.log_retention_days]

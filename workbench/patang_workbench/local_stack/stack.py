"""A whole desk on this machine: deployed, logged in, fed by the simulated exchange, paced and watched."""

import json
import os
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from datetime import time as time_of_day
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from patang.app import Desk
from patang.market.instruments import INDEX_NAMES
from patang.market.sessions import IST
from patang.settings import KiteSettings, Settings, UniverseSettings
from patang_workbench.local_stack.assembly import Assembly, synthesise
from patang_workbench.local_stack.deployment import deploy, subscribe_outbox
from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator
from patang_workbench.local_stack.enforcement import as_enforced_here
from patang_workbench.local_stack.front_door import FrontDoor
from patang_workbench.local_stack.owner import Owner
from patang_workbench.local_stack.processes import Keeper
from patang_workbench.local_stack.schedules import Schedules
from patang_workbench.local_stack.services import ExchangeProcess, IngesterProcess, ServiceError

__all__ = ["DESK_ACCOUNT", "PROJECT_ROOT", "LocalStack"]

PROJECT_ROOT = Path(__file__).resolve().parents[3]
DESK_ACCOUNT = "main"

_PRINCIPAL = "owner"
_CONNECT_SECONDS = 60.0
_MORNING = time_of_day(8, 30)


class LocalStack:
    """Use as a context: whatever it started ends with it, or with this process.

    `progress` gets one line a step. The emulator keeps its state in `folder` while it runs.
    """

    def __init__(
        self,
        progress: Callable[[str], None],
        *,
        port: int = 0,
        keep_folder: bool = False,
        enforce_roles: bool = False,
    ) -> None:
        self.folder = PROJECT_ROOT / ".patang" / "run" / uuid.uuid4().hex[:8]
        self._progress = progress
        self._keep_folder = keep_folder
        self._enforce_roles = enforce_roles
        self._door = FrontDoor(port)
        self._keeper: Keeper | None = None
        self._ingester: IngesterProcess | None = None
        self._emulator: Emulator | None = None
        self._exchange: ExchangeProcess | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        self._keeper = Keeper()
        if not self._keep_folder:
            self._keeper.remove_folder(self.folder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Removing what the emulator has unpacked takes seconds: a person should not be left wondering.
        self._progress("ending what was started")
        self._door.close()
        for part in (self._ingester, self._exchange):
            if part is not None:
                part.stop()
        if self._emulator is not None:
            self._emulator.stop(keep_folder=self._keep_folder)
        if self._keeper is not None:
            # Whatever is still registered with it, the run's folder among others, goes now.
            self._keeper.close()

    def deploy(self) -> None:
        """Templates, emulator, stacks, front door."""
        assembly_folder = self.folder / "assembly"
        self._progress("writing the CloudFormation templates")
        synthesise(PROJECT_ROOT, assembly_folder)
        self._progress("starting the AWS emulator")
        python = PROJECT_ROOT / ".emulator" / "bin" / "python"
        self._emulator = Emulator(
            python, self.folder / "emulator", self._running, enforce_roles=self._enforce_roles
        )
        self._emulator.wait_ready()
        self.assembly = Assembly(assembly_folder, ACCOUNT, REGION)
        if self._enforce_roles:
            self.assembly.templates = tuple(
                replace(template, body=as_enforced_here(template.body))
                for template in self.assembly.templates
            )
        # The emulator unpacks layers below folders of its own; the artifacts are the same files.
        parameters = {"ModelPath": str(PROJECT_ROOT / "model_artifacts")}
        self.outputs = deploy(self._emulator, self.assembly, parameters, self._progress)
        self.outbox = subscribe_outbox(self._emulator, self.outputs["NotifyTopicArn"])
        self._door.open(self._emulator.endpoint, self.outputs["ApiId"], self._emulator.trust())
        os.environ.update(self._emulator.client_environment())

    def open_exchange(self, arguments: Sequence[str]) -> None:
        """Start the simulated exchange, paused before the open, and tell it where the desk is."""
        self._progress("starting the exchange simulator")
        self._exchange = ExchangeProcess(arguments, self.folder, self._running)
        self._exchange.register_app(f"{self.address}/kite/callback", f"{self.address}/postback")

    def settle(self, profile: Settings) -> None:
        """Store the settings (the profile, pointed at the simulator) and register the account.

        Watched are the simulator's shares, unless the profile names others.
        """
        facts = self.exchange.facts
        kite = KiteSettings(
            root=facts["kite_root"], ticker_root=facts["ticker_root"], login_root=facts["kite_root"]
        )
        listed = [symbol for symbol in self.exchange.candles() if symbol not in INDEX_NAMES]
        watched = UniverseSettings(equities=tuple(sorted(listed)))
        self.settings = profile.model_copy(
            update={
                "mode": "simulator",
                "kite": kite,
                "public_url": self.address,
                "universe": profile.universe if "universe" in profile.model_fields_set else watched,
            }
        )
        checked = Settings.model_validate(self.settings.model_dump())
        self.desk.settings_changes().put(checked, _PRINCIPAL)
        self.desk.accounts().register.add(
            DESK_ACCOUNT,
            "Simulated account",
            facts["api_key"],
            facts["api_secret"],
            facts["user_id"],
            _PRINCIPAL,
        )

    def log_in(self) -> Owner:
        """The owner's daily login, through the broker's page."""
        self._progress("logging in through the simulated broker's login page")
        owner = Owner(self.address)
        owner.sign_in()
        return owner

    def prepare_day(self) -> dict[str, Any]:
        """What (morning) does before the open: instruments, universe, warm-up, preflight."""
        self._progress(f"preparing {self.day}: instruments, universe, warm-up from history")
        moment = datetime.combine(self.day, _MORNING, IST)
        return dict(self.schedules.call("morning", moment))

    def start_ingester(self) -> None:
        """Start the ingester and wait until it is connected to the exchange."""
        self._progress("starting the ingester")
        self._ingester = IngesterProcess(
            PROJECT_ROOT, self.folder, self._ingester_environment(), self._running
        )
        deadline = time.monotonic() + _CONNECT_SECONDS
        while not self.exchange.stats()["connections"]:
            if time.monotonic() > deadline:
                raise ServiceError(f"the ingester did not connect:\n{self._ingester.log_tail()}")
            time.sleep(0.1)

    @property
    def address(self) -> str:
        """Where a browser reaches the desk."""
        return self._door.address

    @property
    def exchange(self) -> ExchangeProcess:
        if self._exchange is None:
            raise ServiceError("the exchange simulator has not been started")
        return self._exchange

    @property
    def ingester(self) -> IngesterProcess:
        if self._ingester is None:
            raise ServiceError("the ingester has not been started")
        return self._ingester

    @property
    def emulator(self) -> Emulator:
        if self._emulator is None:
            raise ServiceError("the emulator has not been started")
        return self._emulator

    @property
    def day(self) -> date:
        """The market's day."""
        return date.fromisoformat(self.exchange.facts["date"])

    @cached_property
    def desk(self) -> Desk:
        """The desk's own stores, for looking at what it does."""
        return Desk(self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which functions, and a person with boto3, find the desk's parts."""
        names = {
            "DESK_TABLE": "DeskTable",
            "AUTH_TABLE": "AuthTable",
            "AUDIT_TABLE": "AuditTable",
            "STORE_BUCKET": "StoreBucket",
            "TICK_STREAM": "TickStream",
            "ORDER_QUEUE_URL": "OrderQueueUrl",
            "ORDER_UPDATES_QUEUE_URL": "OrderUpdatesQueueUrl",
            "DEAD_LETTER_QUEUE_URL": "DeadLetterQueueUrl",
            "NOTIFY_TOPIC_ARN": "NotifyTopicArn",
            "TRADING_CYCLE_ARN": "TradingCycleArn",
            "ORDER_WORKFLOW_ARN": "OrderWorkflowArn",
            "SECRET_PREFIX": "SecretPrefix",
        }
        found = {name: self.outputs[output] for name, output in names.items()}
        return found | {"STAGE": "paper", "POWERTOOLS_SERVICE_NAME": "workbench"}

    @cached_property
    def schedules(self) -> Schedules:
        functions = {
            name.rsplit("-", 1)[-1]: name
            for template in self.assembly.templates
            for name in (str(p.get("FunctionName")) for p in template.resources("AWS::Lambda::Function"))
        }
        return Schedules(self.assembly, functions, self.emulator.client("lambda", read_timeout=600))

    @property
    def _running(self) -> Keeper:
        if self._keeper is None:
            raise ServiceError("the local stack is used as a context: `with LocalStack(...) as stack`")
        return self._keeper

    def _ingester_environment(self) -> dict[str, str]:
        """What the task definition gives its container, resolved by the emulator."""
        ecs = self.emulator.client("ecs")
        (definition, *_) = ecs.list_task_definitions()["taskDefinitionArns"]
        task = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        given = {entry["name"]: entry["value"] for entry in task["containerDefinitions"][0]["environment"]}
        given |= {
            "HEALTH_FILE": str(self.folder / "ingester.health"),
            "INSTANCE_FILE": str(self.folder / "ingester.instance"),
            "PYTHONUNBUFFERED": "1",
        }
        given |= self.emulator.client_environment()
        return given | self._assumed(task["taskRoleArn"]) if self._enforce_roles else given

    def _assumed(self, role: str) -> dict[str, str]:
        """Credentials of a task's role. ECS alone may take it on, and here this process is in its place."""
        name = role.rpartition("/")[2]
        iam, sts = self.emulator.client("iam"), self.emulator.client("sts")
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        (statement,) = trust["Statement"]
        here = {**statement, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        iam.update_assume_role_policy(
            RoleName=name, PolicyDocument=json.dumps({**trust, "Statement": [statement, here]})
        )
        given = sts.assume_role(RoleArn=role, RoleSessionName="ingester")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

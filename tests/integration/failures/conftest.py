"""One deployed desk for the folder: every fault heals before the next is made."""

import os
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from patang.market.sessions import IST
from patang.settings import (
    ApprovalSettings,
    EquitySettings,
    OptionSettings,
    RiskSettings,
    Settings,
    UniverseSettings,
)
from patang.settings.notifications import NotificationSettings
from patang_workbench.local_stack import stack as local_stack
from patang_workbench.local_stack.alarm_watch import AlarmWatch
from patang_workbench.local_stack.stack import LocalStack
from tests.integration.failures.faults import Faults
from tests.integration.failures.room import Room

# Of its own accord it buys nothing: each order is a test's. What is in the way of that is loosened.
PROFILE = Settings(
    profile="failures",
    risk=RiskSettings(
        min_confidence=0,
        min_expected_net_profit_inr=0,
        max_concurrent_positions=10,
        max_api_latency_ms=10_000,
        max_exceptions_per_minute=100,
        stop_loss_guard_stops=20,
        symbol_cooldown_minutes=0,
    ),
    options=OptionSettings(enabled=False),
    equity=EquitySettings(enabled=False, first_entry="09:16"),
    approval=ApprovalSettings(mode="automated"),
    universe=UniverseSettings(equities=("INFY", "RELIANCE", "TCS")),
    notifications=NotificationSettings(merge_minutes=0, quiet_from="00:00", quiet_until="00:00"),
)
# At the market's speed here a message that was lost would be seen again after hours.
SEEN_AGAIN_SECONDS = "2"


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    before = dict(os.environ)
    told: list[str] = []
    began = time.monotonic()

    def say(line: str) -> None:
        told.append(f"[{time.monotonic() - began:.1f} s] {line}")

    faults = Faults(tmp_path_factory.mktemp("failures") / "faults")
    try:
        with pytest.MonkeyPatch.context() as patch, LocalStack(say) as stack:
            patch.setattr(local_stack, "synthesise", faults.synthesise)
            yield opened(stack, faults)
    except Exception as error:
        error.add_note("\n".join(told))
        raise
    finally:
        # The stack tells boto3 of itself by the environment of this process.
        os.environ.clear()
        os.environ.update(before)


def opened(stack: LocalStack, faults: Faults) -> Room:
    stack.deploy()
    sqs = stack.emulator.client("sqs")
    for queue in ("OrderQueueUrl", "OrderUpdatesQueueUrl"):
        sqs.set_queue_attributes(
            QueueUrl=stack.outputs[queue], Attributes={"VisibilityTimeout": SEEN_AGAIN_SECONDS}
        )
    stack.open_exchange(("--speed", "300"))
    stack.settle(PROFILE)
    owner = stack.log_in()
    assert stack.prepare_day()["ok"]
    stack.start_ingester()
    opening = datetime.combine(stack.day, datetime.min.time(), IST).replace(hour=9, minute=15)
    watch = AlarmWatch(stack.emulator, stack.assembly, opening, (stack.folder / "ingester.log",))
    room = Room(stack, owner, faults, watch, opening)
    room.minutes(3)
    return room


@pytest.fixture
def room(deployed: Room) -> Iterator[Room]:
    """The desk sound and quiet, and again so when the test is over."""
    deployed.rang()
    yield deployed
    deployed.quieten()

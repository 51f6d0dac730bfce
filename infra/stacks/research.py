"""Research in many places at once. Deployed only where it is asked for: `-c research=true`."""

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.bundles import Bundles
from infra.config import StageSettings
from infra.constructs.alarm import AlarmMaker
from infra.constructs.research_map import ResearchMap, ResearchWorkerFunction
from infra.stacks.data import DataStack

__all__ = ["ResearchStack"]


class ResearchStack(Stack):
    """The worker and the map over jobs. It reads and writes below research/ of the store and nothing else."""

    def __init__(self, scope: Construct, settings: StageSettings, bundles: Bundles, data: DataStack) -> None:
        super().__init__(
            scope,
            f"{settings.prefix}-research",
            env=Environment(region=settings.region),
            description="Patang: sweeps and walk-forward over many workers",
        )
        self.worker = ResearchWorkerFunction(self, settings, bundles, data.store)
        self.map = ResearchMap(self, "Map", settings, data.store, self.worker.live)
        make = AlarmMaker(self, settings.prefix, SnsAction(data.alarms))
        make.at_least(
            "research-worker-errors",
            self.worker.metric_errors(statistic="Sum"),
            "A research job failed; the run tries it again, and costs what each try costs",
            threshold=20,
        )
        for name, metric, what in (
            ("research-failed", self.map.machine.metric_failed(statistic="Sum"), "has failed"),
            ("research-timed-out", self.map.machine.metric_timed_out(statistic="Sum"), "took a day"),
        ):
            make.at_least(name, metric, f"A run of distributed research {what}; what is done stays done")
        for name, value in {
            "ResearchMachineArn": self.map.machine.state_machine_arn,
            "ResearchWorkerName": self.worker.function_name,
        }.items():
            CfnOutput(self, name, value=value)

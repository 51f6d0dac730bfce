"""The state machine of one minute: may we trade, what do we see, who takes it."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.permissions import acknowledge

__all__ = ["STATE_MACHINE_FINDINGS", "TradingCycle", "workflow_logs"]

_ACCOUNTS_AT_ONCE = 4

STATE_MACHINE_FINDINGS = {
    "AwsSolutions-SF1": "Standard executions keep their whole history for 90 days; logs carry errors alone",
    "AwsSolutions-SF2": "Tracing is a port of the core; the execution's history shows each step already",
    "AwsSolutions-IAM5[Resource::*]": "Log delivery is set up by account-wide actions of CloudWatch Logs",
}


def workflow_logs(scope: Construct, settings: StageSettings, name: str) -> sfn.LogOptions:
    """Errors of a workflow without execution data, which may name orders and holds task tokens."""
    group = logs.LogGroup(
        scope,
        "Logs",
        log_group_name=f"/aws/vendedlogs/states/{name}",
        retention=settings.log_retention,
        removal_policy=RemovalPolicy.DESTROY,
    )
    return sfn.LogOptions(destination=group, level=sfn.LogLevel.ERROR, include_execution_data=False)


class TradingCycle(Construct):
    """Gate > Signals > for each account Assess > for each proposal an order workflow, not waited for.

    Input {"run_id", "as_of"}. The next minute brings the next cycle, so nothing here is tried twice.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: StageSettings,
        *,
        risk: lambda_.IAlias,
        signals: lambda_.IAlias,
        order_workflow: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        self._risk = risk
        gate = self._ask("Gate", risk, {"op": "gate", **_CYCLE}, result_path="$.gate", seconds=30)
        generate = self._ask("Signals", signals, _CYCLE, result_path="$.found", seconds=45)
        stopped = sfn.Succeed(self, "Stopped", comment="The gate's reason is in the output")
        quiet = sfn.Succeed(self, "Nothing to trade")
        done = sfn.Succeed(self, "Done")

        definition = gate.next(
            sfn.Choice(self, "May we trade?")
            .when(
                sfn.Condition.boolean_equals("$.gate.proceed", True),
                generate.next(
                    sfn.Choice(self, "Any signals?")
                    .when(
                        sfn.Condition.number_greater_than("$.found.signals", 0),
                        self._accounts(order_workflow).next(done),
                    )
                    .otherwise(quiet)
                ),
            )
            .otherwise(stopped)
        )
        name = f"{settings.prefix}-trading-cycle"
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(definition),
            timeout=Duration.minutes(3),
            logs=workflow_logs(self, settings, name),
        )
        acknowledge(self.machine, STATE_MACHINE_FINDINGS)

    def _accounts(self, order_workflow: sfn.IStateMachine) -> sfn.Map:
        assess = self._ask(
            "Assess",
            self._risk,
            {"op": "assess", **_CYCLE, "account": sfn.JsonPath.string_at("$.account")},
            result_path="$.assessed",
            seconds=30,
        )
        proposals = self._proposals(order_workflow)
        # One account's failure is its own: the others go on, and the output tells.
        failed = sfn.Pass(self, "Account failed")
        assess.add_catch(failed, result_path="$.failure")
        proposals.add_catch(failed, result_path="$.failure")
        each_account = sfn.Map(
            self,
            "Each account",
            items_path="$.gate.accounts",
            max_concurrency=_ACCOUNTS_AT_ONCE,
            item_selector={**_CYCLE, "account": sfn.JsonPath.string_at("$$.Map.Item.Value")},
            result_path="$.accounts",
        )
        return each_account.item_processor(assess.next(proposals))

    def _proposals(self, order_workflow: sfn.IStateMachine) -> sfn.Map:
        start = tasks.StepFunctionsStartExecution(
            self,
            "Start order workflow",
            state_machine=order_workflow,
            integration_pattern=sfn.IntegrationPattern.REQUEST_RESPONSE,
            name=sfn.JsonPath.string_at("$.order_id"),
            input=sfn.TaskInput.from_object(
                {
                    "account": sfn.JsonPath.string_at("$.account"),
                    "order_id": sfn.JsonPath.string_at("$.order_id"),
                }
            ),
        )
        # Started before (its name is the order's id), or refused by the service: the next one may still go.
        start.add_catch(sfn.Pass(self, "Not started"), result_path="$.failure")
        each_proposal = sfn.Map(
            self,
            "Each proposal",
            items_path="$.assessed.proposals",
            max_concurrency=1,
            result_path="$.started",
        )
        return each_proposal.item_processor(start)

    def _ask(
        self,
        construct_id: str,
        function: lambda_.IAlias,
        payload: dict[str, str],
        *,
        result_path: str,
        seconds: int,
    ) -> tasks.LambdaInvoke:
        return tasks.LambdaInvoke(
            self,
            construct_id,
            lambda_function=function,
            payload=sfn.TaskInput.from_object(payload),
            payload_response_only=True,
            retry_on_service_exceptions=False,
            result_path=result_path,
            task_timeout=sfn.Timeout.duration(Duration.seconds(seconds)),
        )


_CYCLE = {
    "run_id": sfn.JsonPath.string_at("$.run_id"),
    "as_of": sfn.JsonPath.string_at("$.as_of"),
}

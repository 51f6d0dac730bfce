"""The state machine of one order: from a proposal to the lane's answer, with a person's yes between."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.permissions import acknowledge
from infra.constructs.trading_cycle import STATE_MACHINE_FINDINGS, workflow_logs
from patang.settings import LONGEST_APPROVAL_SECONDS

__all__ = ["OrderWorkflow"]

# The desk's settings say how long an approval waits, and the reconciler ends it then. This backstop lies
# behind the longest that they can say, so that a yes in the last second still finds its task.
_APPROVAL_SECONDS: Final = LONGEST_APPROVAL_SECONDS + 15
_LANE_ANSWER_SECONDS: Final = 60
_STEP_SECONDS: Final = 30


class OrderWorkflow(Construct):
    """Construct > Validate > RequestApproval > Recheck > Submit > Conclude; input {"account", "order_id"}.

    The tasks' answers are {"ok", "reason"}, the approval's also {"decision"}: approve, decline or expired.
    Every way out leads through Conclude, which is told the last reason, APPROVAL_EXPIRED, or FAILED. Nothing
    is retried: a step that may have reached the lane must not be taken twice, and a sweeper looks after
    executions that fail.
    """

    def __init__(
        self, scope: Construct, construct_id: str, settings: StageSettings, *, steps: lambda_.IAlias
    ) -> None:
        super().__init__(scope, construct_id)
        self._steps = steps
        conclude = self._step("Conclude", "conclude", {"reason": sfn.JsonPath.string_at("$.reason")})
        # Construct ids of the states are what the execution's history shows.
        self._outcome = sfn.Pass(self, "Outcome", input_path="$.step.reason", result_path="$.reason")
        self._outcome.next(conclude)
        self._failed = _because(self, "Failed", "FAILED")
        self._failed.next(conclude)
        expired = _because(self, "Expired", "APPROVAL_EXPIRED")
        expired.next(conclude)

        submit = self._waiting("Submit", "submit", _LANE_ANSWER_SECONDS)
        submit.next(self._outcome)
        submit.add_catch(self._failed, result_path="$.failure")
        recheck = self._unless_refused(self._step("Recheck", "recheck"), submit)
        approval = self._waiting("RequestApproval", "request_approval", _APPROVAL_SECONDS)
        approval.add_catch(expired, errors=["States.Timeout"], result_path="$.failure")
        approval.add_catch(self._failed, result_path="$.failure")
        approval.next(
            sfn.Choice(self, "Approved?")
            .when(sfn.Condition.string_equals("$.step.decision", "approve"), recheck)
            .otherwise(self._outcome)
        )
        validate = self._unless_refused(self._step("Validate", "validate"), approval)
        construct = self._unless_refused(self._step("Construct", "construct"), validate)

        name = f"{settings.prefix}-order-workflow"
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(construct),
            timeout=Duration.seconds(_APPROVAL_SECONDS + _LANE_ANSWER_SECONDS + 5 * _STEP_SECONDS),
            logs=workflow_logs(self, settings, name),
        )
        acknowledge(self.machine, STATE_MACHINE_FINDINGS)

    def _unless_refused(self, step: tasks.LambdaInvoke, then: sfn.IChainable) -> tasks.LambdaInvoke:
        step.add_catch(self._failed, result_path="$.failure")
        step.next(
            sfn.Choice(self, f"{step.id} ok?")
            .when(sfn.Condition.boolean_equals("$.step.ok", True), then)
            .otherwise(self._outcome)
        )
        return step

    def _step(self, construct_id: str, op: str, more: dict[str, str] | None = None) -> tasks.LambdaInvoke:
        return tasks.LambdaInvoke(
            self,
            construct_id,
            lambda_function=self._steps,
            payload=sfn.TaskInput.from_object({"op": op, **_ORDER, **(more or {})}),
            payload_response_only=True,
            retry_on_service_exceptions=False,
            result_path="$.step",
            task_timeout=sfn.Timeout.duration(Duration.seconds(_STEP_SECONDS)),
        )

    def _waiting(self, construct_id: str, op: str, seconds: int) -> tasks.LambdaInvoke:
        return tasks.LambdaInvoke(
            self,
            construct_id,
            lambda_function=self._steps,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            payload=sfn.TaskInput.from_object({"op": op, **_ORDER, "task_token": sfn.JsonPath.task_token}),
            retry_on_service_exceptions=False,
            result_path="$.step",
            task_timeout=sfn.Timeout.duration(Duration.seconds(seconds)),
        )


def _because(scope: Construct, construct_id: str, reason: str) -> sfn.Pass:
    return sfn.Pass(scope, construct_id, result=sfn.Result.from_string(reason), result_path="$.reason")


_ORDER: Final = {
    "account": sfn.JsonPath.string_at("$.account"),
    "order_id": sfn.JsonPath.string_at("$.order_id"),
}

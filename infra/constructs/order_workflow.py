"""The state machine of one order: from a proposal to the lane's answer, with a person's yes between."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.permissions import acknowledge, expect_invocations
from infra.constructs.trading_cycle import STATE_MACHINE_FINDINGS, workflow_logs

__all__ = ["OrderWorkflow"]

# The proposal itself expires on time; the state waits this much longer, so that a yes in the last second
# still finds its task.
_APPROVAL_SLACK_SECONDS: Final = 15
_LANE_ANSWER_SECONDS: Final = 60
_STEP_SECONDS: Final = 30


class OrderWorkflow(Construct):
    """Construct > Validate > RequestApproval > Recheck > Submit > Conclude; input {"account", "order_id"}.

    Every way out leads through Conclude, which is told why in `reason`: SUBMITTED, DECLINED,
    APPROVAL_EXPIRED, FAILED, or what a step said. Nothing is retried: a step that may have reached the lane
    must not be taken twice, and a sweeper looks after executions that fail.
    """

    def __init__(
        self, scope: Construct, construct_id: str, settings: StageSettings, *, steps: lambda_.IFunction
    ) -> None:
        super().__init__(scope, construct_id)
        self._steps = steps
        self._conclude = self._step("Conclude", "conclude", {"reason": sfn.JsonPath.string_at("$.reason")})
        self._failed = self._because("Failed", "FAILED")
        self._refused = sfn.Pass(self, "Refused", input_path="$.step.reason", result_path="$.reason").next(
            self._conclude
        )

        approval_seconds = settings.approval_timeout_seconds + _APPROVAL_SLACK_SECONDS
        submit = self._waiting("Submit", "submit", _LANE_ANSWER_SECONDS)
        submit.next(self._because("Submitted", "SUBMITTED"))
        recheck = self._unless_refused(self._step("Recheck", "recheck"), submit)
        approval = self._waiting("RequestApproval", "request_approval", approval_seconds)
        approval.next(
            sfn.Choice(self, "Approved?")
            .when(sfn.Condition.string_equals("$.step.decision", "approve"), recheck)
            .otherwise(self._because("Declined", "DECLINED"))
        )
        validate = self._unless_refused(self._step("Validate", "validate"), approval)
        construct = self._unless_refused(self._step("Construct", "construct"), validate)
        self._catch(approval, expired=self._because("Expired", "APPROVAL_EXPIRED"))
        self._catch(submit)

        name = f"{settings.prefix}-order-workflow"
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(construct),
            timeout=Duration.seconds(approval_seconds + _LANE_ANSWER_SECONDS + 5 * _STEP_SECONDS),
            logs=workflow_logs(self, settings, name),
        )
        acknowledge(self.machine, STATE_MACHINE_FINDINGS)
        expect_invocations(self.machine.role, steps)

    def _unless_refused(self, step: tasks.LambdaInvoke, then: sfn.IChainable) -> tasks.LambdaInvoke:
        self._catch(step)
        step.next(
            sfn.Choice(self, f"{step.id} ok?")
            .when(sfn.Condition.boolean_equals("$.step.ok", True), then)
            .otherwise(self._refused)
        )
        return step

    def _catch(self, step: tasks.LambdaInvoke, *, expired: sfn.IChainable | None = None) -> None:
        if expired is not None:
            step.add_catch(expired, errors=["States.Timeout"], result_path="$.failure")
        step.add_catch(self._failed, result_path="$.failure")

    def _because(self, construct_id: str, reason: str) -> sfn.Chain:
        told = sfn.Pass(self, construct_id, result=sfn.Result.from_string(reason), result_path="$.reason")
        return told.next(self._conclude)

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


_ORDER: Final = {
    "account": sfn.JsonPath.string_at("$.account"),
    "order_id": sfn.JsonPath.string_at("$.order_id"),
}

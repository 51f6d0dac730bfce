"""How people and assistants reach the desk: the routes of the HTTP API and the functions behind them."""

import json
from collections.abc import Sequence

from aws_cdk import Environment, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.bundles import Bundles
from infra.config import StageSettings
from infra.constructs.desk_function import DeskFunction, FunctionSource
from infra.constructs.foundation import Foundation
from infra.constructs.permissions import acknowledge, allow_objects, allow_secrets, allow_send, allow_table
from infra.constructs.research_map import allow_backtests
from infra.stacks.data import DataStack
from infra.stacks.trading import TradingStack

__all__ = ["AccessStack"]

# What people and assistants are shown of the market, what their orders are held against, and what the owner
# has told for his taxes.
_LOOKED_AT = ("chains/", "decisions/", "instruments/", "minutes/", "parity/", "taxes/", "universe/")
# What anybody may call and what writes, or fetches, before it knows who asks: requests a second, and at once.
# Each has a limit of its own, so that whoever uses one up closes neither the pages nor the way to stop.
_OPEN_TO_ALL = {"/authorize": ("GET", 2, 10), "/register": ("POST", 1, 5), "/token": ("POST", 5, 20)}


class AccessStack(Stack):
    """(api) answers everything but /mcp, which is (mcp)'s."""

    def __init__(
        self,
        scope: Construct,
        settings: StageSettings,
        bundles: Bundles,
        data: DataStack,
        trading: TradingStack,
    ) -> None:
        super().__init__(
            scope,
            f"{settings.prefix}-access",
            env=Environment(region=settings.region),
            description="Patang: pages, REST, MCP",
        )
        source = FunctionSource(self, settings, bundles)
        parts = Foundation(settings, source, data, trading.queues, trading.ticks)
        self.api = self._api(parts)
        self.mcp = self._mcp(parts)
        self._route("Pages", data, self.api.live, "/", "/{proxy+}")
        self._route("Mcp", data, self.mcp.live, "/mcp")
        limited = HttpLambdaIntegration("OpenToAll", self.api.live)
        routes = [
            self._add(
                f"OpenToAll{path.strip('/').title()}", data, limited, path, apigateway.HttpMethod(method)
            )
            for path, (method, _, _) in _OPEN_TO_ALL.items()
        ]
        self._stage(settings, data, routes)

    def _api(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "api",
            memory_mb=1024,
            timeout_seconds=28,
            environment=parts.variables(
                "DESK_TABLE",
                "AUTH_TABLE",
                "AUDIT_TABLE",
                "STORE_BUCKET",
                "ORDER_QUEUE_URL",
                "ORDER_UPDATES_QUEUE_URL",
                "POLL_QUEUE_URL",
                "NOTIFY_TOPIC_ARN",
                "SECRET_PREFIX",
                "SECRET_KEY_ID",
                "PUBLIC_URL",
            ),
        )
        allow_table(function, parts.data.desk, write=True)
        allow_table(function, parts.data.auth, write=True, delete=True)
        allow_table(function, parts.data.audit)
        # What its owner tells for his taxes is put there through the page.
        allow_objects(function, parts.data.store, read=_LOOKED_AT, write=["taxes/"])
        # Flatten writes intents; the lane sends them.
        allow_send(function, parts.queues.orders, parts.queues.order_updates, parts.queues.polls)
        allow_secrets(function, parts.settings, parts.data.secrets_key, write=True)
        parts.allow_notify(function)
        # Who gets a test message is told to whom asks for one.
        parts.allow_look_at_subscriptions(function)
        parts.allow_answer(function)
        allow_backtests(function, parts.settings, parts.data.store, parts.source.bundles.models())
        return function

    def _mcp(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "mcp",
            memory_mb=1024,
            timeout_seconds=28,
            environment=parts.variables(
                "DESK_TABLE",
                "AUTH_TABLE",
                "AUDIT_TABLE",
                "STORE_BUCKET",
                "ORDER_QUEUE_URL",
                "POLL_QUEUE_URL",
                "NOTIFY_TOPIC_ARN",
                "SECRET_PREFIX",
                "SECRET_KEY_ID",
                "PUBLIC_URL",
            ),
        )
        # Its tools are those of (api): what an assistant asks for is written, sent on and answered here too.
        allow_table(function, parts.data.desk, write=True)
        allow_table(function, parts.data.auth, write=True)
        allow_table(function, parts.data.audit)
        allow_objects(function, parts.data.store, read=_LOOKED_AT)
        allow_send(function, parts.queues.orders, parts.queues.polls)
        # Reading is all: logging in happens in (api).
        allow_secrets(function, parts.settings, parts.data.secrets_key)
        self._request_state_key(parts)
        parts.allow_notify(function)
        parts.allow_answer(function)
        allow_backtests(function, parts.settings, parts.data.store, parts.source.bundles.models())
        return function

    def _request_state_key(self, parts: Foundation) -> None:
        """What seals the state that a client of (mcp) carries between the rounds of a call: random, made by
        CloudFormation, and the same for every instance. Desk.request_state_keys reads it."""
        secret = secretsmanager.CfnSecret(
            self,
            "RequestStateKey",
            name=f"{parts.settings.secret_prefix}/mcp/request-state",
            description="Patang: seals the state of MCP calls that a person is asked about",
            kms_key_id=parts.data.secrets_key.key_arn,
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                secret_string_template=json.dumps({}),
                generate_string_key="key",
                password_length=64,
                exclude_punctuation=True,
            ),
        )
        acknowledge(
            secret,
            {"AwsSolutions-SMG4": "What it seals is over in half an hour; a key is changed by hand"},
        )

    def _route(self, construct_id: str, data: DataStack, function: lambda_.IAlias, *paths: str) -> None:
        integration = HttpLambdaIntegration(construct_id, function)
        for number, path in enumerate(paths):
            self._add(
                f"{construct_id}Route{number or ''}", data, integration, path, apigateway.HttpMethod.ANY
            )

    def _add(
        self,
        construct_id: str,
        data: DataStack,
        integration: HttpLambdaIntegration,
        path: str,
        method: apigateway.HttpMethod,
    ) -> apigateway.HttpRoute:
        route = apigateway.HttpRoute(
            self,
            construct_id,
            http_api=data.api,
            route_key=apigateway.HttpRouteKey.with_(path, method),
            integration=integration,
        )
        acknowledge(
            route,
            {
                "AwsSolutions-APIG4": "The functions authenticate: a signed-in owner for pages, "
                "bearer tokens for programs, a checksum for postbacks"
            },
        )
        return route

    def _stage(
        self, settings: StageSettings, data: DataStack, limited: Sequence[apigateway.HttpRoute]
    ) -> None:
        log_group = logs.LogGroup(
            self,
            "AccessLogs",
            log_group_name=f"/aws/vendedlogs/apis/{settings.prefix}",
            retention=settings.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        # No query string: a login's request token travels in it.
        line = {
            "request_id": "$context.requestId",
            "time": "$context.requestTime",
            "ip": "$context.identity.sourceIp",
            "method": "$context.httpMethod",
            "path": "$context.routeKey",
            "status": "$context.status",
            "latency_ms": "$context.responseLatency",
            "error": "$context.integrationErrorMessage",
        }
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=data.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=settings.api_requests_per_second, burst_limit=settings.api_burst
            ),
        )
        resource = stage.node.default_child
        if not isinstance(resource, apigateway.CfnStage):
            raise TypeError(f"the stage's resource is a {type(resource).__name__}: the CDK has changed")
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(line)
        )
        resource.route_settings = {
            f"{method} {path}": {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
            for path, (method, rate, burst) in _OPEN_TO_ALL.items()
        }
        # A stage that names a route which is not there yet is refused.
        stage.node.add_dependency(*limited)

"""What must outlive every deployment: state, history, keys, and the addresses that others were given."""

from aws_cdk import CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.aws_sns_subscriptions import EmailSubscription, SmsSubscription
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.access_trail import access_trail
from infra.constructs.audit_archive import audit_archive
from infra.constructs.keys import secrets_key, signing_key, store_key
from infra.constructs.order_network import OrderNetwork
from infra.constructs.permissions import INDEX, Store, acknowledge

__all__ = ["DataStack"]


class DataStack(Stack):
    """Keys, tables, buckets, the owner's topic, the lane's network, and the HTTP API's shell.

    The API is here without its routes: its address is registered with Kite (redirect and postback) and with
    assistants, and must not change when the functions behind it are replaced. Neither must the address that
    orders leave from.
    """

    def __init__(self, scope: Construct, settings: StageSettings) -> None:
        super().__init__(
            scope,
            f"{settings.prefix}-data",
            env=Environment(region=settings.region),
            description="Patang: state that outlives deployments",
            termination_protection=True,
        )
        self.key = store_key(self, settings)
        self.secrets_key = secrets_key(self, settings)
        self.signing_key = signing_key(self, settings)
        self.desk = self._desk()
        self.auth = self._table("Auth", time_to_live_attribute="ttl")
        self.audit = self._table(
            "Audit",
            point_in_time_recovery_specification=_RECOVERABLE,
        )
        acknowledge(
            self.auth,
            {"AwsSolutions-DDB3": "Short-lived tokens and nonces, which must not come back from a backup"},
        )
        bucket = self._bucket()
        # An explicit export: findings of cdk-nag are named by the import that policies elsewhere carry.
        self.store = Store(bucket.bucket_name, self.export_value(bucket.bucket_arn), self.key)
        archive = audit_archive(self, settings, self.key)
        self.audit_archive = Store(archive.bucket_name, self.export_value(archive.bucket_arn), self.key)
        if settings.cloudtrail:
            access_trail(self, settings, archive, self.key)
        self.notify = self._topic("Notify", settings, by_way=True)
        # What CloudWatch publishes has no attributes, which no filter lets through.
        self.alarms = self._topic("Alarms", settings, by_way=False)
        self._let_senders_in()
        self.order_network = (
            None if settings.egress == "none" else OrderNetwork(self, "OrderNetwork", settings)
        )
        self.api = apigateway.HttpApi(
            self,
            "Api",
            api_name=settings.prefix,
            description="Patang: approvals, status, postbacks, MCP",
            create_default_stage=False,
        )
        for name, value in {
            "ApiUrl": self.api.api_endpoint,
            "ApiId": self.api.api_id,
            "McpUrl": f"{self.api.api_endpoint}/mcp",
            "DeskTable": self.desk.table_name,
            "AuthTable": self.auth.table_name,
            "AuditTable": self.audit.table_name,
            "StoreBucket": bucket.bucket_name,
            "NotifyTopicArn": self.notify.topic_arn,
            "AlarmTopicArn": self.alarms.topic_arn,
            "SecretPrefix": settings.secret_prefix,
            "SecretKeyArn": self.secrets_key.key_arn,
            "AuditArchiveBucket": archive.bucket_name,
            "AuditKeyArn": self.signing_key.key_arn,
        }.items():
            CfnOutput(self, name, value=value)

    def _desk(self) -> dynamodb.Table:
        table = self._table(
            "Desk",
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            time_to_live_attribute="ttl",
            point_in_time_recovery_specification=_RECOVERABLE,
        )
        table.add_global_secondary_index(
            index_name=INDEX,
            partition_key=_text("GSI1PK"),
            sort_key=_text("GSI1SK"),
            projection_type=dynamodb.ProjectionType.ALL,
        )
        return table

    def _table(self, construct_id: str, **properties: object) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            construct_id,
            partition_key=_text("PK"),
            sort_key=_text("SK"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
            **properties,
        )

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Store",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="old-versions",
                    noncurrent_version_expiration=Duration.days(30),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
                # Of use to their own day: mornings warm up from history, and the archive keeps the candles.
                # A shard's snapshots are overwritten each minute: their old versions are nothing but cost.
                s3.LifecycleRule(
                    id="feature-state",
                    prefix="features/",
                    expiration=Duration.days(14),
                    noncurrent_version_expiration=Duration.days(1),
                ),
                # A day that was not archived can be made good for as long as these are there.
                s3.LifecycleRule(id="closed-minutes", prefix="minutes/", expiration=Duration.days(90)),
                s3.LifecycleRule(id="chain-snapshots", prefix="chains/", expiration=Duration.days(90)),
                # A run is collected when it is done; what it was made of is made again from the candles.
                s3.LifecycleRule(id="research", prefix="research/", expiration=Duration.days(90)),
                # The audit log seals them and keeps its entries for good: so are these kept, and are read at
                # once when somebody asks why. Those under 128 KB are left where they are by S3 itself.
                s3.LifecycleRule(
                    id="sealed-decisions",
                    prefix="decisions/",
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
                            transition_after=Duration.days(90),
                        )
                    ],
                ),
                # Nothing reads them but who replays a day; moving one costs what a month of it does.
                s3.LifecycleRule(
                    id="cold-ticks",
                    prefix="ticks/",
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
                            transition_after=Duration.days(30),
                        )
                    ],
                ),
            ],
        )
        acknowledge(
            bucket,
            {"AwsSolutions-S1": "One owner and a few roles: a log of every access would outgrow the store"},
        )
        return bucket

    def _topic(self, name: str, settings: StageSettings, *, by_way: bool) -> sns.Topic:
        """A topic with the owner's mail and telephone; `by_way`: each is sent what names its way only."""
        topic = sns.Topic(self, name, master_key=self.key, enforce_ssl=True, display_name="Patang")
        if settings.owner_email is not None:
            policy = _way("email") if by_way else None
            topic.add_subscription(EmailSubscription(settings.owner_email, filter_policy=policy))
        if settings.owner_phone is not None:
            policy = _way("sms") if by_way else None
            topic.add_subscription(SmsSubscription(settings.owner_phone, filter_policy=policy))
        return topic

    def _let_senders_in(self) -> None:
        """AWS itself publishes alarms and the budget: it is let in here, and by the key's own policy."""
        senders = [
            iam.ServicePrincipal(name) for name in ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
        ]
        of_this_account = {"StringEquals": {"aws:SourceAccount": self.account}}
        self.alarms.add_to_resource_policy(
            iam.PolicyStatement(
                principals=senders,
                actions=["sns:Publish"],
                resources=[self.alarms.topic_arn],
                conditions=of_this_account,
            )
        )


_RECOVERABLE = dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True)


def _way(channel: str) -> dict[str, sns.SubscriptionFilter]:
    """Messages of the desk's that go this way."""
    return {"way": sns.SubscriptionFilter.string_filter(allowlist=[channel])}


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)

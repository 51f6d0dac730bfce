"""The queues of the desk."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.permissions import acknowledge

__all__ = ["LANE_TIMEOUT_SECONDS", "RECONCILER_TIMEOUT_SECONDS", "UPDATES_TIMEOUT_SECONDS", "Queues"]

LANE_TIMEOUT_SECONDS = 30
UPDATES_TIMEOUT_SECONDS = 30
RECONCILER_TIMEOUT_SECONDS = 55

_KEPT = Duration.days(14)


class Queues(Construct):
    """`orders` (FIFO: intents to the lane), `order_updates` (what the broker said), `polls` (accounts to look
    at in five seconds), and `dead_letters`: everything that could not be read or was tried in vain, with its
    bytes.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = self._queue("DeadLetters", retention_period=_KEPT)
        self.orders_dead_letters = self._queue("OrdersDeadLetters", fifo=True, retention_period=_KEPT)
        for last in (self.dead_letters, self.orders_dead_letters):
            acknowledge(
                last,
                {"Serverless-SQSRedrivePolicy": "It is where others' messages end, and it rings with one"},
            )
        # A message that its lane lost to a crash is seen again after this long, and only then does the
        # account's group move on: twice the lane's time-out, not the usual six times.
        self.orders = self._queue(
            "Orders",
            fifo=True,
            content_based_deduplication=False,
            visibility_timeout=Duration.seconds(2 * LANE_TIMEOUT_SECONDS),
            retention_period=Duration.days(1),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.orders_dead_letters, max_receive_count=3),
        )
        self.order_updates = self._queue(
            "OrderUpdates",
            visibility_timeout=Duration.seconds(6 * UPDATES_TIMEOUT_SECONDS),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5),
        )
        # A ticket that comes late is not taken any more: there is no use in keeping it.
        self.polls = self._queue(
            "Polls",
            visibility_timeout=Duration.seconds(6 * RECONCILER_TIMEOUT_SECONDS),
            retention_period=Duration.minutes(20),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=2),
        )

    def _queue(self, construct_id: str, **properties: object) -> sqs.Queue:
        return sqs.Queue(
            self, construct_id, encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, **properties
        )

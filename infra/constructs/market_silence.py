"""Silence: what should speak and does not. At night it should not, and nobody is called for that."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.alarm import AlarmMaker, described
from infra.constructs.desk_metrics import DeskMetrics

__all__ = ["MarketSilence"]

# (heartbeat) beats this often, by day and by night.
_BEAT: Final = Duration.minutes(5)
_BEATS_MISSED: Final = 3
_SILENT_MINUTES: Final = 5


class MarketSilence(Construct):
    """The dead man's heartbeat, and one alarm for a market that is open while the desk says nothing of it.

        ticks-missing --------+
        minutes-missing ------+-- or --+
        reconciler-silent ----+        +-- and --> market-silence, which calls
        market-closed -------------- not

    The three ring every night and call nobody. That the market is closed has to be said by a heart that
    beats: where nobody says it, it counts as open, so that a desk which is dead as a whole is not taken for
    a holiday.
    """

    def __init__(self, scope: Construct, construct_id: str, make: AlarmMaker, metrics: DeskMetrics) -> None:
        super().__init__(scope, construct_id)
        make.silence(
            "heartbeat-missing",
            metrics.desk("heartbeat", "heartbeat", period=_BEAT),
            "For a quarter of an hour the desk has not said that it lives, by day or by night: schedules, "
            "functions or the table are away, and nothing else may ring",
            periods=_BEATS_MISSED,
            calls=True,
        )
        closed = make.at_least(
            "market-closed",
            metrics.desk("heartbeat", "market_closed", "Maximum", period=_BEAT),
            "No trouble: the exchange is closed, or has opened less than five minutes ago",
            calls=False,
        )
        silent = [
            make.silence(name, metric, meaning, periods=_SILENT_MINUTES, calls=False)
            for name, metric, meaning in (
                (
                    "ticks-missing",
                    metrics.desk("features", "ticks"),
                    "For five minutes no tick has come through the stream. By night that is so, and quiet",
                ),
                (
                    "minutes-missing",
                    metrics.desk("features", "minute_close_ms", "SampleCount"),
                    "For five minutes no minute was closed, nor decided on. By night that is so, and quiet",
                ),
                (
                    "reconciler-silent",
                    metrics.desk("reconciler", "reconciled"),
                    "For five minutes nothing was compared with the broker. By night that is so, and quiet",
                ),
            )
        ]
        alarm = cloudwatch.CompositeAlarm(
            self,
            "MarketSilence",
            composite_alarm_name=f"{make.prefix}-market-silence",
            alarm_description=described(
                "market-silence",
                "The market is open, and ticks, closed minutes or reconciliations have been missing for five "
                "minutes: positions may be without a guard. The alarm's reason names which",
            ),
            alarm_rule=cloudwatch.AlarmRule.all_of(
                cloudwatch.AlarmRule.any_of(
                    *(cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM) for alarm in silent)
                ),
                cloudwatch.AlarmRule.not_(
                    cloudwatch.AlarmRule.from_alarm(closed, cloudwatch.AlarmState.ALARM)
                ),
            ),
        )
        alarm.add_alarm_action(make.action)

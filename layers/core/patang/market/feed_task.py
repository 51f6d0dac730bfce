"""The task that listens to the market runs while there is one to be listened to."""

from collections.abc import Callable
from datetime import datetime

from patang.market.feed_hours import feed_hours
from patang.ports import Metrics
from patang.ports.tasks import TaskService
from patang.settings import Settings

__all__ = ["FeedTask"]


class FeedTask:
    """One task in the hours of `feed_hours`, none outside of them."""

    def __init__(self, tasks: TaskService, settings: Callable[[], Settings], metrics: Metrics) -> None:
        self._tasks = tasks
        self._settings = settings
        self._metrics = metrics

    def by_schedule(self, moment: datetime) -> dict[str, object]:
        """Brings what is wanted to what `moment` (market time, IST) asks for, and says why.

        It looks at what is, not at what it did the last time: a call that was lost is made good by the next,
        and hours that the owner enters today count within minutes. A new version that has not proved good yet
        is let run, whatever the hour: a task that nobody starts would prove nothing, and what is wrong with
        it would be met at the next open.

        Rings `ingester_not_running` where one was wanted already and none runs.
        """
        hours = feed_hours(moment, self._settings())
        state = self._tasks.state()
        count = 1 if hours.due else 0
        told: dict[str, object] = {"due": hours.due, "reason": hours.reason, "running": state.running}
        if hours.due and state.wanted > 0 and state.running == 0:
            self._metrics.alarm("ingester_not_running", reason=hours.reason)
        if count < state.wanted and state.is_deploying:
            return told | {"wanted": state.wanted, "waits": "a new version is being deployed"}
        if count != state.wanted:
            self._tasks.want(count)
            self._metrics.count("ingester_count_changed", wanted=str(count), reason=hours.reason)
        return told | {"wanted": count}

"""How many requests the broker takes, and from which addresses."""

from collections import Counter, deque
from collections.abc import Callable

from patang_workbench.exchange.errors import KiteError, TooManyError
from patang_workbench.exchange.rules import Rules

__all__ = ["RequestLimits", "check_address"]


class RequestLimits:
    """Sliding windows of wall seconds, and the day's count of orders.

    A request that is refused for its rate counts nowhere; an order that is refused for another reason counts
    as any other.
    """

    def __init__(self, rules: Callable[[], Rules], wall: Callable[[], float]) -> None:
        self._rules = rules
        self._wall = wall
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self.placed: Counter[str] = Counter()
        """Orders of the day by account."""

    def order(self, user_id: str, placing: int = 0) -> None:
        """Count a request that places `placing` orders, or changes or cancels one. Raises TooManyError."""
        limits, now = self._rules().limits, self._wall()
        calls = max(placing, 1)
        windows = (
            ("order second", 1.0, limits.orders_a_second),
            ("order minute", 60.0, limits.orders_a_minute),
        )
        for name, seconds, most in windows:
            self._check(self._window(user_id, name, seconds, now), most, calls)
        if limits.orders_a_day is not None and self.placed[user_id] + placing > limits.orders_a_day:
            raise TooManyError("Maximum allowed order requests exceeded.")
        for name, seconds, _ in windows:
            self._window(user_id, name, seconds, now).extend([now] * calls)
        self.placed[user_id] += placing

    def read(self, api_key: str, path: str) -> None:
        """Count any other request of an app. Raises TooManyError."""
        limits, now = self._rules().limits, self._wall()
        if path.startswith("/quote"):
            name, most = "quotes", limits.quotes_a_second
        elif path.startswith("/instruments/historical"):
            name, most = "history", limits.history_a_second
        else:
            name, most = "others", limits.others_a_second
        window = self._window(api_key, name, 1.0, now)
        self._check(window, most, 1)
        window.append(now)

    def _window(self, owner: str, name: str, seconds: float, now: float) -> deque[float]:
        calls = self._calls.setdefault((owner, name), deque())
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        return calls

    @staticmethod
    def _check(window: deque[float], most: int | None, calls: int) -> None:
        if most is not None and len(window) + calls > most:
            raise TooManyError("Too many requests")


def check_address(rules: Rules, address: str) -> None:
    """Refuse an order request from an address that is not registered. Raises KiteError."""
    registered = rules.registered_ips
    if registered is None or address in registered:
        return
    message = (
        f"IP ({address}) is not allowed to place orders for this app. Register it on the developer console."
        if registered
        else "No IPs configured for this app. Register a static IP on the developer console."
    )
    raise KiteError(message, 403, "PermissionException")

"""Errors in the form of Kite's error envelope."""

__all__ = ["InputError", "KiteError", "MissingError", "OrderError", "TokenError", "TooManyError"]


class KiteError(Exception):
    """An error reply: HTTP status, Kite's exception name and the message for the client."""

    http = 500
    error_type = "GeneralException"

    def __init__(self, message: str, http: int | None = None, error_type: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.http = http or self.http
        self.error_type = error_type or self.error_type

    def envelope(self) -> dict[str, object]:
        """The JSON body of the reply."""
        return {"status": "error", "message": self.message, "data": None, "error_type": self.error_type}


class InputError(KiteError):
    """A missing or malformed parameter."""

    http, error_type = 400, "InputException"


class OrderError(KiteError):
    """An order that cannot be found, changed or cancelled."""

    http, error_type = 400, "OrderException"


class TokenError(KiteError):
    """No session, or one that has ended."""

    http, error_type = 403, "TokenException"


class MissingError(KiteError):
    """A route or resource that does not exist."""

    http, error_type = 404, "GeneralException"


class TooManyError(KiteError):
    """More requests a second than the broker accepts."""

    http, error_type = 429, "NetworkException"

"""The exception tree, sorted by what must happen next.

PatangError
  StopTrading      no new entry until a person has looked: unknown calendar year, unsourced charges
    SettingsError  the desk's settings are wrong
    ModelRefused   a model that is missing, changed or foreign
  AskOwner         the owner has to do something: log in, authorise, fund
    SessionExpired the broker's access token is dead
    AddressRefused the broker takes no order from where this one came from
  TryAgain         a passing fault: time-out of a read, throttling
    RateLimited    too many calls in too short a time
    OtherSideFailed the other side answered, with a fault of its own
  Refused          the other side understood and said no; trying again changes nothing
    BrokerRefused  the broker or the exchange refused an order before it had an id
  OutcomeUnknown   it may have happened or not: look before doing anything else
  BadInput         a message, an argument or a file does not say what it must

Expected outcomes (a signal refused, an approval that came too late) are results, not exceptions.
"""

__all__ = [
    "AddressRefused",
    "AskOwner",
    "BadInput",
    "BrokerRefused",
    "ModelRefused",
    "OtherSideFailed",
    "OutcomeUnknown",
    "PatangError",
    "RateLimited",
    "Refused",
    "SessionExpired",
    "SettingsError",
    "StopTrading",
    "TryAgain",
]


class PatangError(Exception):
    """Base of everything Patang raises on purpose."""


class StopTrading(PatangError):
    """No new entry until a person has looked; exits stay possible."""


class SettingsError(StopTrading):
    """The desk's settings do not validate."""


class ModelRefused(StopTrading):
    """A model must not be asked: it is missing, changed, or of other inputs than this code computes."""


class AskOwner(PatangError):
    """The owner has to act before this can work."""


class SessionExpired(AskOwner):
    """The broker's access token is missing or dead: log in again."""


class AddressRefused(AskOwner):
    """The broker refused an order because of the address it came from; nothing was placed."""


class TryAgain(PatangError):
    """A passing fault; a read may be repeated, a send may not."""


class RateLimited(TryAgain):
    """Too many calls: nothing has happened, and a later one may pass."""


class OtherSideFailed(TryAgain):
    """An answer came, but it tells of a fault of the other side's own."""


class Refused(PatangError):
    """The other side said no, clearly and finally."""


class BrokerRefused(Refused):
    """The broker refused an order before giving it an id."""


class OutcomeUnknown(PatangError):
    """The request may have taken effect: resolve by the order's tag before anything else."""


class BadInput(PatangError):
    """A message, argument or file that does not parse; its bytes go to the dead-letter queue."""

"""The audit table in one place.

| item | partition | sort |
|---|---|---|
| entry | AUDIT#<account>#<date> | <sequence, 8 digits> |
| head | AUDIT#<account>#<date> | HEAD |
| linked marker | LINKED#<account>#<date> | <event_id> |
"""

from datetime import date

__all__ = ["audit_partition", "linked_partition"]


def audit_partition(account: str, day: date) -> str:
    return f"AUDIT#{account}#{day.isoformat()}"


def linked_partition(account: str, day: date) -> str:
    return f"LINKED#{account}#{day.isoformat()}"

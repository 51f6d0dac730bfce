"""Whether entries may be sent at all today: what was checked before the open, and since.

The checks themselves are in `checks` and run in `service`; they carry more than those who only ask.
"""

from patang.execution.preflight.refusals import egress_refusal, entry_refusal

__all__ = ["egress_refusal", "entry_refusal"]

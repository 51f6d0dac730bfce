"""The composition root: environment in, wired services out. The only package that knows the adapters.

Each deployed function makes one Desk when its instance starts and asks it for the one service it calls.
Everything is built on first use, so that a function needs only the environment its own service needs.
"""

from patang.app.desk import Desk
from patang.app.invocation import invocation

__all__ = ["Desk", "invocation"]

"""What a page's filters say: a form sends a field that nobody has filled in as no text at all."""

from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator

from functions.api.questions import Day

__all__ = ["ChosenAccount", "ChosenDay"]


def _left_empty(value: object) -> object:
    return None if value == "" else value


ChosenDay = Annotated[Day | None, BeforeValidator(_left_empty), Query()]
ChosenAccount = Annotated[str | None, BeforeValidator(_left_empty), Query(max_length=40)]

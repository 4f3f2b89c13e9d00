"""A row of the table of refusals and troubles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._data import Word


class Status(Word):
    """A stable name with a stable number; both are the same in Rust, C and Python, and are never reused.

    Attributes:
        number: The number: a refusal's up to 999, a trouble's from 9000 on.
        family: Where it lies: `request`, `unknown`, `rights`, `value`, `state`; or `misuse`, `store`, `defect`.
        rule: The rule that a refusal comes from, such as `D-1`.
        message: What stands in the way, in general; `{}` is the thing it is about.
        remedy: What to do about it.
    """

    if TYPE_CHECKING:
        number: int
        family: str
        rule: str | None
        message: str
        remedy: str

    def __new__(cls, value: str, number: int = 0, family: str = "", rule: str | None = None, message: str = "", remedy: str = "") -> Status:
        """A row; the value is its stable name."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.number = number
        member.family = family
        member.rule = rule
        member.message = message
        member.remedy = remedy
        return member

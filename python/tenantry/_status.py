"""A row of the table of refusals and troubles."""

from __future__ import annotations

from ._statuses import ROWS
from ._word import Word


class Status(Word):
    """A stable name with a stable number; both are the same in Rust, C and Python, and are never reused."""

    @property
    def number(self) -> int:
        """The number: a refusal's up to 999, a trouble's from 9000 on."""
        return ROWS[self.value][0]

    @property
    def family(self) -> str:
        """Where it lies: `request`, `unknown`, `rights`, `value`, `state`; or `misuse`, `store`, `defect`."""
        return ROWS[self.value][1]

    @property
    def rule(self) -> str | None:
        """The rule that a refusal comes from, such as `D-1`."""
        return ROWS[self.value][2]

    @property
    def message(self) -> str:
        """What stands in the way, in general; `{}` is the thing it is about."""
        return ROWS[self.value][3]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return ROWS[self.value][4]

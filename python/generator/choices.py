"""What a schema cannot say: the names and the places that this package has chosen. All of it is data, and what the schema no longer
has is told. Whatever else is in the package follows from the shape of what core declares.
"""

from __future__ import annotations

from typing import Final

# The call and its reply themselves, which are written by hand.
BY_HAND: Final = {
    "Acknowledge", "Acknowledged", "Answered", "AsOf", "Call", "Command", "Execute", "Executed", "ExecutedAll", "ExecutedOne",
    "Fault", "FaultItem", "Query", "Sweep", "Swept", "Backup", "BackedUp", "SaveIndex", "IndexSaved", "Compact", "Compacted",
    "Rebuild", "TypedDevice",
}  # fmt: skip

# Unions that have a module of their own, and what it says it is.
MODULES: Final = {
    "Event": ("events", "What happened: the events of records, in the past tense."),
    "NoticeKind": ("notices", "What notices are about."),
}

# Variants that have a better name than that of their union and their own; some unions share them.
VARIANTS: Final = {
    ("Actor", "user"): "ByUser",
    ("Actor", "operator"): "Operator",
    ("Actor", "clock"): "Clock",
    ("AuditActor", "user"): "ByUser",
    ("AuditActor", "organisation"): "ByOrganisation",
    ("AuditActor", "stranger"): "Stranger",
    ("AuditActor", "operator"): "Operator",
    ("AuditActor", "clock"): "Clock",
    ("Verification", "holds"): "Holds",
    ("Verification", "flawed"): "Flawed",
}

# What a caller may also give where these are wanted, and the module that has it.
WIDER: Final = {
    "Actor": ("_command", "ActorLike"),
    "AsOf": ("_data", "AsOf"),
    "Command": ("_command", "AnyCommand"),
    "Policy": ("_command", "PolicyLike"),
    "TypedDevice": ("_data", "TypedDevice"),
}
# Text that may also be an id, and of what.
TEXT_OR_ID: Final = {"RoleRef": "RoleId"}
# Ids that hosts make of what they have, a hash of a row, say: any will do as an argument.
MADE_BY_HOSTS: Final = {"RequestId"}

# Who answers a question is true where the answer is yes: `if db.check(…)` must not pass because there is an answer. Of these
# classes that is said here; any other with a field of this name is as true as that.
TRUTH: Final = {"Holds": True, "Flawed": False}
ALLOWED: Final = "allowed"

# Commands that change something: what is left out stays as it is. None clears a field that may be empty, and is refused for any other.
PATCHES: Final = {"edit_tenant", "edit_user", "edit_role"}

# What may go by its place, before all names, as what is executed does.
COMMAND: Final = "Command"

# What a page is asked with: how many rows, and after which; and what it has.
LIMIT: Final = "limit"
CURSOR: Final = "cursor"
PAGE: Final = ("rows", "next")

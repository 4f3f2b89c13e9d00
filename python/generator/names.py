"""Writes the names that the default policy has, as constants. The header of the library for C has them by name, group by group."""

from __future__ import annotations

import re
from typing import Final

from .form import Wrong
from .source import Module, text

# Groups of the header: the module that they become, what their constants begin with there, the type, and what the module is.
GROUPS: Final = (
    ("permissions", "PERMISSION", "Permission", "Permissions of the default policy: what a check asks for, and a role holds."),
    ("services", "SERVICE", "Service", "Services of the default policy: what a customer is managed for."),
    ("roles", "ROLE", "BuiltinRole", "Roles that are built into the default policy. A tenant's own go by their ids."),
    ("management", "MANAGEMENT", "ManagementType", "Management types of the default policy: how a link manages."),
)


def constants(header: str) -> list[tuple[tuple[str, str, str, str], list[tuple[str, str]]]]:
    """Each group with its constants and their words."""
    listed = []
    for group in GROUPS:
        found = re.findall(rf'^#define TENANTRY_{group[1]}_(\w+) "([^"]+)"$', header, flags=re.M)
        if not found:
            raise Wrong(f"the header no longer has {group[1]}_ names")
        listed.append((group, found))
    return listed


def names(header: str) -> list[Module]:
    """A module for each group."""
    written = []
    for (name, _, kind, about), found in constants(header):
        module = Module(name, f"{about} Another policy may have others; `Database.policy` says which are in force.")
        typed = f"{module.std('typing', 'Final')}[{module.at('model', kind)}]"
        module.text += "\n"
        for constant, word in found:
            module.add(constant, f"{constant}: {typed} = {text(word)}\n")
        written.append(module)
    return written

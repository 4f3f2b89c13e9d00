#!/usr/bin/env python3
"""Keeps a directory's group in step with whoever may do something on a tenant, by the feed of effective access.

To be run now and again, by a timer say. The first run compares the group with a review; each later one takes from the feed what records
have given and taken since. It may be killed wherever it is: how far it has come is written last, and the next run does the rest.

Here a group is a folder with a file for each person. For a directory of your own, write `Group` anew: three calls, each of which may come
twice. People are known there by their id, which stays when their address changes or is erased.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import tenantry
from tenantry import OPERATOR, Database, SubjectUser, UserId, model


class Group:
    """A group of a directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def members(self) -> set[UserId]:
        return {UserId(UUID(path.name)) for path in self.folder.iterdir() if not path.name.startswith(".")}

    def join(self, user: UserId, address: str) -> None:
        write(self.folder / str(user), address)

    def leave(self, user: UserId) -> None:
        (self.folder / str(user)).unlink(missing_ok=True)


def write(path: Path, text: str) -> None:
    """Writes a file that is whole under its name, whenever the program ends."""
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


@dataclass(frozen=True)
class Right:
    """What whoever is in the group may do, and where."""

    tenant: model.TenantId
    permission: str
    service: str | None

    def held(self, among: Iterable[model.HeldPermission]) -> bool:
        """Whether it is among what is held, gained or lost."""
        found = (one for one in among if one.permission == self.permission)
        return any(self.service in one.services if self.service else not one.services_only for one in found)


def wanted(db: Database, right: Right, group: Group, since: int | None, now: int) -> dict[UserId, bool]:
    """Whoever has to join, and whoever has to leave. What was given and taken again in between shows as it is in the end."""
    if since is None:
        able = db.tenant_access(
            actor=OPERATOR, tenant=right.tenant, permission=right.permission, service=right.service, as_of=now, limit=1000
        )
        there = {it.user for it in able if any(right.held(way.held) for way in it.ways)}
        return {**dict.fromkeys(group.members() - there, False), **dict.fromkeys(there, True)}
    found = dict[UserId, bool]()
    for it in db.host_access_changes(after=since, as_of=now, limit=1000):
        if it.tenant == right.tenant:
            if right.held(it.gained):
                found[it.user] = True
            if right.held(it.lost):
                found[it.user] = False
    return found


def come_to(db: Database, how_far: Path) -> int | None:
    """The record up to which it is done; none at first, and none where the store has been restored to before that."""
    if not how_far.exists():
        return None
    token = how_far.read_text(encoding="utf-8").strip()
    try:
        db.confirm(token=token)
    except tenantry.Diverged:
        return None
    return record(token)


def record(token: str) -> int:
    return int(token.split(".")[1])


def keep_in_step(db: Database, right: Right, group: Group, how_far: Path) -> str:
    """Brings the group to where the store is, and says what that took."""
    db.sweep()  # what time alone has ended is in the feed once it is on record
    token = db.token()
    now = record(token)
    joined = left = 0
    for user, may in wanted(db, right, group, come_to(db, how_far), now).items():
        person = db.host_personal(subject=SubjectUser(user=user))
        if may and person and person.email:
            group.join(user, person.email)
            joined += 1
        else:
            group.leave(user)
            left += 1
    # Not before all of it is done: whoever dies up to here does it again.
    write(how_far, token)
    return f"{joined} in, {left} out: in step with record {now}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file", type=Path, help="the store")
    parser.add_argument("group", type=Path, help="the group: a folder")
    parser.add_argument("--tenant", required=True, help="where: a number")
    parser.add_argument("--permission", required=True, help="what whoever is in the group may do there")
    parser.add_argument("--service", help="with which service, where it is about one")
    asked = parser.parse_args()
    with tenantry.open(asked.file, must_exist=True) as db:
        right = Right(db.tenant(asked.tenant).id, asked.permission, asked.service)
        print(keep_in_step(db, right, Group(asked.group), asked.group.with_suffix(".record")))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (tenantry.TenantryError, OSError) as error:
        sys.exit(f"group: {error}")

#!/usr/bin/env python3
"""Journeys: what tenantry is for, each on an SQLite file of its own. Prints what happened; decides nothing itself."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import alerts
import clients
import crossing
import elevation
import fully
import jointly
import mailer
import onboarding
import preview
import processes
import resellers
import review
import sync
import tenantry
import tickets
from stage import Stage, Stop


@dataclass(frozen=True)
class Journey:
    """A journey: the story, the policy that its file begins with, and whether it goes by the machine's clock."""

    play: Callable[[Stage], None]
    policy: tenantry.PolicyLike = "default"
    by_machine: bool = False


JOURNEYS = {
    "jointly": Journey(jointly.play),
    "fully": Journey(fully.play),
    "crossing": Journey(crossing.play),
    "clients": Journey(clients.play, "clients"),
    "processes": Journey(processes.play),
    "onboarding": Journey(onboarding.play),
    "resellers": Journey(resellers.play),
    "alerts": Journey(alerts.play, alerts.POLICY),
    "review": Journey(review.play),
    "preview": Journey(preview.play),
    "sync": Journey(sync.play),
    "elevation": Journey(elevation.play),
    "mailer": Journey(mailer.play),
    # The last: it wants an extension that is built by itself.
    "tickets": Journey(tickets.play, by_machine=True),
}


def main(words: list[str]) -> None:
    match words:
        case [processes.SECOND, file]:
            return processes.second(Path(file))
        case [mailer.DRAIN, file, port]:
            return mailer.drain(Path(file), int(port))
        case _:
            pass
    parser = argparse.ArgumentParser(
        prog="journeys",
        description="Plays the journeys, all of them if none is named, each on an SQLite file that it creates.",
    )
    parser.add_argument("journeys", metavar="JOURNEY", nargs="*", help=", ".join(JOURNEYS))
    parser.add_argument("--dir", type=Path, help="keep the files there; without, they are removed at the end")
    wanted = parser.parse_args(words)
    for name in wanted.journeys:
        if name not in JOURNEYS:
            raise Stop(f"there is no journey `{name}`; try --help")
    with tempfile.TemporaryDirectory() as scratch:
        directory: Path = wanted.dir or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        for place, name in enumerate(wanted.journeys or JOURNEYS):
            path = directory / f"{name}.db"
            if path.exists():
                raise Stop(f"`{path}` is there already; name an empty directory")
            if place:
                print("\n")
            stage = Stage(path, JOURNEYS[name].policy, by_machine=JOURNEYS[name].by_machine)
            with stage.db:
                JOURNEYS[name].play(stage)
    if wanted.dir:
        print(f"\nThe files are in `{wanted.dir}`.")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (Stop, tenantry.TenantryError, OSError) as error:
        sys.stdout.flush()
        sys.exit(f"journeys: {error}")

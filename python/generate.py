#!/usr/bin/env python3
"""Writes the wide part of the package from the JSON Schema of the door: words, data, events, notices, commands, refusals, and the
methods; and from the header of the library for C the names of the default policy. Run it after either has changed (`make generate`
does); `--check` says whether that is due. It decides nothing: what core declares appears here.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path

from generator import modules

HERE = Path(__file__).resolve().parent
SCHEMA = HERE.parent / "include" / "tenantry.schema.json"
HEADER = HERE.parent / "include" / "tenantry.h"
INTO = HERE / "tenantry"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if something would change")
    check = parser.parse_args().check
    stale = 0
    package = (INTO / "__init__.py").read_text()
    for name, text in modules(json.loads(SCHEMA.read_text()), HEADER.read_text(), package).items():
        path = INTO / f"{name}.py"
        before = path.read_text() if path.exists() else ""
        if before == text:
            continue
        stale += 1
        if check:
            lines = difflib.unified_diff(before.splitlines(), text.splitlines(), f"{path.name} as it is", "as it should be", lineterm="")
            print("\n".join(list(lines)[:60]))
        else:
            path.write_text(text)
            print(f"wrote {path.name}")
    if check and stale:
        print(f"{stale} files are not what include says; run make generate", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

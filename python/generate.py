#!/usr/bin/env python3
"""Writes the wide part of the package from the JSON Schema of the door: words, data, events, notices, commands, refusals, and the
methods; and from the header of the library for C the names of the default policy; for Python, for .NET and for C++. From the schema and core's sources it writes the
reference (`docs/reference`). Run it after any of these has changed (`make generate` does); `--check` says whether that is due. It decides
nothing: what core declares appears here.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path

from generator import cplusplus, dotnet, go, modules, reference

HERE = Path(__file__).resolve().parent
SCHEMA = HERE.parent / "include" / "tenantry.schema.json"
HEADER = HERE.parent / "include" / "tenantry.h"
CORE = HERE.parent / "core"
INTO = HERE / "tenantry"
GO = HERE.parent / "ffi" / "go"
PAGES = HERE.parent / "docs" / "reference"
DOTNET = HERE.parent / "ffi" / "dotnet" / "src" / "Generated"
CPLUSPLUS = HERE.parent / "include" / "tenantry" / "generated"


def written() -> dict[Path, str]:
    """What has to be in each file that is written, and none in those of the reference, for .NET, Go and C++ that there are no longer."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    header = HEADER.read_text(encoding="utf-8")
    stale = [*PAGES.glob("*.md"), *DOTNET.glob("*.cs"), *GO.glob("*_generated.go"), *CPLUSPLUS.glob("*.hpp")]
    made = {path: "" for path in stale}
    package = modules(schema, header, (INTO / "__init__.py").read_text(encoding="utf-8"))
    made |= {INTO / f"{name}.py": text for name, text in package.items()}
    made |= {GO / name: text for name, text in go(schema, header).items()}
    made |= {DOTNET / name: text for name, text in dotnet(schema, header).items()}
    made |= {CPLUSPLUS / name: text for name, text in cplusplus(schema, header).items()}
    return made | {PAGES / name: text for name, text in reference(schema, CORE).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if something would change")
    check = parser.parse_args().check
    stale = 0
    for path, text in written().items():
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before == text:
            continue
        stale += 1
        if check:
            lines = difflib.unified_diff(before.splitlines(), text.splitlines(), f"{path.name} as it is", "as it should be", lineterm="")
            print("\n".join(list(lines)[:60]))
        elif text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.name}")
        else:
            path.unlink()
            print(f"removed {path.name}")
    if check and stale:
        print(f"{stale} files are not what include says; run make generate", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

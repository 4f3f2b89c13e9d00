#!/usr/bin/env bash
# Builds the sdist, which must have what the wheel is built of, and the wheel; installs that into a fresh virtual environment, and tests it
# there as its users have it: pytest, doctests, the type checkers, stubtest. A tool that is missing is a failure, not a reason to skip.
#
# PYTHON says which Python; PROFILE whether the wheel is of a `release` build, as its users have it, or of the `dev` build that the
# workspace is tested in; WHEEL which wheel, if none is to be built; ORACLE and JOURNEYS where those programs in Rust are, EXTENSION where
# the loadable extension is, and SQLITE the directory of a libsqlite3 that may load it, all of which are built if nothing is said. Arguments
# go to pytest.
set -euo pipefail
package=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$package/.." && pwd)
python=${PYTHON:-python3} profile=${PROFILE:-release}
oracle=${ORACLE:-} journeys=${JOURNEYS:-} extension=${EXTENSION:-} sqlite=${SQLITE:-}
examples=$root/examples/python

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
say() { printf '%s\n' "-- $*"; }
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; }
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1 MYPY_CACHE_DIR="$scratch/mypy"

say "a virtual environment with the tools"
"$python" -m venv "$scratch/venv"
bin=$scratch/venv/bin
quietly "$bin/pip" install --quiet --requirement "$package/requirements.txt"

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
wheel=${WHEEL:-}
if [ -z "$wheel" ]; then
    say "the sdist has every source of the wheel"
    quietly "$bin/maturin" sdist --manifest-path "$package/Cargo.toml" --out "$scratch/dist"
    mkdir "$scratch/sdist"
    tar -xzf "$scratch"/dist/tenantry-*.tar.gz -C "$scratch/sdist" --strip-components 1
    for sources in core/src python/src; do diff -r "$root/$sources" "$scratch/sdist/$sources"; done
    diff -r --exclude=__pycache__ "$package/tenantry" "$scratch/sdist/tenantry"
    # Not `--locked`: it has the same lock file but not all members, and cargo takes those that are missing out of it.
    quietly "${CARGO:-cargo}" metadata --offline --format-version 1 --manifest-path "$scratch/sdist/python/Cargo.toml"

    # Built from here rather than from the sdist, it is made of what is built for C, or for the tests.
    say "the wheel of a $profile build"
    from=${CARGO:-cargo}
    [ "$profile" != dev ] || from=$package/tests/with_tests.sh
    CARGO=$from quietly "$bin/maturin" build --locked --profile "$profile" --manifest-path "$package/Cargo.toml" \
        --interpreter "$bin/python" --out "$scratch/dist"
    built=("$scratch"/dist/tenantry-*-cp310-abi3-*.whl)
    [ -f "${built[0]}" ] || { ls "$scratch/dist" >&2; exit 1; }
    wheel=${built[0]}
fi

say "the wheel alone, in a fresh virtual environment"
"$python" -m venv "$scratch/fresh"
quietly "$scratch/fresh/bin/pip" install --quiet --no-index "$wheel"
cd "$scratch"
quietly fresh/bin/python "$package/tests/typed_program.py"
quietly "$bin/pip" install --quiet --no-index "$wheel"
quietly "$bin/python" -c 'import sys, tenantry; sys.exit(not tenantry.__file__.startswith(sys.prefix))'

say "mypy --strict"
"$bin/mypy" --config-file "$package/pyproject.toml" --strict --package tenantry
"$bin/mypy" --config-file "$package/pyproject.toml" --strict "$package/tests/typed_program.py" "$package/generate.py" "$package/tests/bench.py"
MYPYPATH=$examples/journeys "$bin/mypy" --config-file "$package/pyproject.toml" --strict "$examples"/*.py "$examples"/journeys/*.py

say "pyright, strictly, and whether every public type is known"
cat >pyrightconfig.json <<END
{"typeCheckingMode": "strict", "venvPath": "$scratch", "venv": "venv", "extraPaths": ["$examples/journeys"]}
END
# The files are named here: what a project includes must lie beside it, and is passed over in silence if it does not.
"$bin/pyright" --project pyrightconfig.json "$package/tests/typed_program.py" "$package/tests/bench.py" "$examples"/*.py "$examples"/journeys/*.py
PATH=$bin:$PATH quietly "$bin/pyright" --verifytypes tenantry --ignoreexternal

say "stubtest"
"$bin/python" -m mypy.stubtest --mypy-config-file "$package/pyproject.toml" --allowlist "$package/tests/stubtest.txt" tenantry

if [ -z "$oracle" ] || [ -z "$journeys" ]; then
    say "the oracle, and the journeys in Rust"
    quietly "$package/tests/with_tests.sh"
    oracle=${oracle:-$CARGO_TARGET_DIR/debug/tenantry-oracle} journeys=${journeys:-$CARGO_TARGET_DIR/debug/tenantry-journeys}
fi

# Where the tests of core build it, too.
into=$CARGO_TARGET_DIR/tmp/extension
if [ -z "$extension" ]; then
    say "the loadable extension"
    quietly "${CARGO:-cargo}" build --locked --manifest-path "$root/extension/Cargo.toml" --target-dir "$into"
    extension=$into/debug/libtenantry_sql.so
fi
if [ -z "$sqlite" ]; then
    # The machine's may be older than those that lose no commits. It is made of the source that the library carries.
    say "an SQLite that may load it"
    sqlite=$scratch/sqlite
    mkdir "$sqlite"
    "${CARGO:-cargo}" metadata --locked --format-version 1 --manifest-path "$root/extension/Cargo.toml" >"$scratch/metadata"
    source=$("$bin/python" -c 'import json, pathlib, sys
packages = json.load(sys.stdin)["packages"]
(sqlite,) = (it["manifest_path"] for it in packages if it["name"] == "libsqlite3-sys")
print(pathlib.Path(sqlite).parent / "sqlite3" / "sqlite3.c")' <"$scratch/metadata")
    quietly cc -shared -fPIC -O0 -w -DSQLITE_THREADSAFE=1 -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_SESSION \
        -DSQLITE_ENABLE_PREUPDATE_HOOK -Wl,-soname,libsqlite3.so.0 "$source" -o "$sqlite/libsqlite3.so.0" -lm -ldl -lpthread
fi

say "pytest"
export TENANTRY_ORACLE=$oracle TENANTRY_JOURNEYS=$journeys TENANTRY_EXTENSION=$extension TENANTRY_SQLITE=$sqlite
"$bin/pytest" -c "$package/pyproject.toml" --rootdir "$package" -p no:cacheprovider "$package/tests" "$@"
say "all well"

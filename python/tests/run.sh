#!/usr/bin/env bash
# Builds the sdist, and the wheel from it, installs the wheel into a fresh virtual environment, and tests it there as its users have it:
# pytest, doctests, the type checkers, stubtest. A tool that is missing is a failure, not a reason to skip.
#
# PYTHON says which Python; WHEEL which wheel, if none is to be built; ORACLE where the oracle's program is, which is built if nothing is
# said. Arguments go to pytest.
set -euo pipefail
package=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$package/.." && pwd)
python=${PYTHON:-python3}
oracle=${ORACLE:-}

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
    say "the sdist, and the wheel from it"
    # Unpacked, it has another path: with the same target directory, what comes from elsewhere is built once. Not `--locked`: the sdist
    # has the same lock file but not all members, and cargo takes those that are missing out of it.
    quietly "$bin/maturin" build --sdist --manifest-path "$package/Cargo.toml" --interpreter "$bin/python" --out "$scratch/dist"
    built=("$scratch"/dist/tenantry-*-cp310-abi3-*.whl "$scratch"/dist/tenantry-*.tar.gz)
    [ -f "${built[0]}" ] && [ -f "${built[1]}" ] || { ls "$scratch/dist" >&2; exit 1; }
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

say "pyright, strictly, and whether every public type is known"
cat >pyrightconfig.json <<END
{"typeCheckingMode": "strict", "venvPath": "$scratch", "venv": "venv"}
END
# The files are named here: what a project includes must lie beside it, and is passed over in silence if it does not.
"$bin/pyright" --project pyrightconfig.json "$package/tests/typed_program.py" "$package/tests/bench.py"
quietly "$bin/pyright" --project pyrightconfig.json --verifytypes tenantry --ignoreexternal

say "stubtest"
"$bin/python" -m mypy.stubtest --mypy-config-file "$package/pyproject.toml" --allowlist "$package/tests/stubtest.txt" tenantry

# With the features of `make test`, which has built it by then.
if [ -z "$oracle" ]; then
    say "the oracle"
    quietly "${CARGO:-cargo}" build --manifest-path "$root/Cargo.toml" --workspace --exclude tenantry-benches --all-features \
        --bin tenantry-oracle --locked
    oracle=$CARGO_TARGET_DIR/debug/tenantry-oracle
fi

say "pytest"
TENANTRY_ORACLE=$oracle "$bin/pytest" -c "$package/pyproject.toml" --rootdir "$package" -p no:cacheprovider "$package/tests" "$@"
say "all well"

#!/usr/bin/env bash
# Builds all that the tests of the workspace run, as they have it: after them it is there already. Where maturin takes this for cargo, it
# gets the library of the package from there; the one it asks for has fewer features, and for that alone core would be built once more.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
all=${ALL:---workspace --features tenantry/schema,tenantry/sqlite,tenantry/testkit}
case ${1:-} in
    rustc) how=(--message-format json-render-diagnostics) ;;
    "") how=() ;;
    *) exec cargo "$@" ;;
esac
# maturin says more than the tests do of the Python that the library is for, which is any.
unset PYO3_CONFIG_FILE PYO3_ENVIRONMENT_SIGNATURE PYO3_PYTHON
export PYO3_BUILD_EXTENSION_MODULE=1
# shellcheck disable=SC2086
exec cargo build --manifest-path "$root/Cargo.toml" --locked $all --all-targets "${how[@]}"

#!/bin/sh
# Makes a static library that exports nothing but our functions: localise.sh SYMBOLS OUT.a IN.a...
# Everything else in it, the bundled SQLite above all, becomes invisible to the program that links it. CROSS is what the names of the tools
# for another machine begin with.
set -eu
symbols=$1 out=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Only what our functions need is taken along.
wanted=$(sed 's/^/-u /' "$symbols")
# shellcheck disable=SC2086
"${CROSS:-}ld" -r --gc-sections $wanted -o "$work/all.o" "$@"
# The standard library brings bitcode along, over which the archiver's plug-in for another LLVM stumbles.
"${CROSS:-}objcopy" --keep-global-symbols="$symbols" --strip-unneeded \
    --remove-section=.llvmbc --remove-section=.llvmcmd "$work/all.o" "$work/tenantry.o"
rm -f "$out"
"${CROSS:-}ar" rcsD "$out" "$work/tenantry.o"

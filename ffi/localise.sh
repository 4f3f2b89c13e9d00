#!/bin/sh
# Makes a static library that exports nothing but our functions: localise.sh IN.a SYMBOLS OUT.a
# Everything else in it, the bundled SQLite above all, becomes invisible to the program that links it.
set -eu
in=$1 symbols=$2 out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Only what our functions need is taken along.
wanted=$(sed 's/^/-u /' "$symbols")
# shellcheck disable=SC2086
ld -r --gc-sections $wanted -o "$work/all.o" "$in"
# The standard library brings bitcode along, over which the archiver's plug-in for another LLVM stumbles.
objcopy --keep-global-symbols="$symbols" --strip-unneeded \
    --remove-section=.llvmbc --remove-section=.llvmcmd "$work/all.o" "$work/tenantry.o"
rm -f "$out"
ar rcsD "$out" "$work/tenantry.o"

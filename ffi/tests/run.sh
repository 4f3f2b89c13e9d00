#!/usr/bin/env bash
# Installs libtenantry into a scratch directory and uses it there as a stranger would: pkg-config and CMake, shared and static, C99 and
# C++17, plainly, under valgrind and with the sanitizers; then tries the typed face for C++ and the packages for Go, .NET and Node.js, and has the journeys
# play on it. A tool that is missing is a failure, not a reason to skip.
#
#   run.sh JOURNEYS    JOURNEYS is the program that plays them in Rust
set -euo pipefail
ffi=$(cd "$(dirname "$0")/.." && pwd)
journeys=$(realpath "${1:?names no program}")

for tool in gcc g++ cmake pkg-config valgrind nm readelf strip objcopy; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
say() { printf '%s\n' "-- $*"; }

say "install, then move what was installed"
"${MAKE:-make}" --no-print-directory -C "$ffi" install PREFIX=/opt/tenantry DESTDIR="$scratch/stage" >"$scratch/install.log" 2>&1 ||
    { cat "$scratch/install.log" >&2; exit 1; }
mv "$scratch/stage/opt/tenantry" "$scratch/moved"
lib=$scratch/moved/lib
export PKG_CONFIG_PATH=$lib/pkgconfig LD_LIBRARY_PATH=$lib
cd "$scratch"

say "symbols"
nm -D --defined-only "$lib/libtenantry.so" | awk '{print $3}' | sort | diff "$ffi/symbols.txt" -
nm -g --defined-only "$lib/libtenantry.a" | awk 'NF == 3 {print $3}' | sort | diff "$ffi/symbols.txt" -
readelf -d "$lib/libtenantry.so" | grep -q 'SONAME.*\[libtenantry.so.0\]'
readelf -d "$lib/libtenantry.so" | grep -q 'FLAGS_1.*NODELETE'

strict=(-pedantic -Wall -Wextra -Werror -g)
shared=$(pkg-config --cflags --libs tenantry)
static="$(pkg-config --cflags tenantry) -L$lib -l:libtenantry.a $(pkg-config --static --libs-only-l tenantry | sed 's/-ltenantry//')"
own="$ffi/tests"

say "a text that is no literal does not compile, one with a closing zero has its length"
cat >texts.c <<'END'
#include <tenantry.h>
static size_t length(const char *text, size_t length) { return text ? length : 0; }
int main(void) {
  const char *path = "a/path/of/nineteen/";
#ifdef POINTER
  return (int)length(TENANTRY_TEXT(path));
#else
  return length(TENANTRY_STRING(path)) == 19 && length(TENANTRY_TEXT("four")) == 4 ? 0 : 1;
#endif
}
END
for language in "gcc -std=c99 -x c" "g++ -std=c++17 -x c++"; do
    $language "${strict[@]}" $(pkg-config --cflags tenantry) texts.c -o texts && ./texts
    if $language -DPOINTER $(pkg-config --cflags tenantry) texts.c -o texts 2>/dev/null; then
        echo "TENANTRY_TEXT takes a pointer" >&2
        exit 1
    fi
done

# Builds and runs: try NAME RUNNER… -- COMPILER…
try() {
    local name=$1 runner=()
    shift
    while [ "$1" != -- ]; do runner+=("$1"); shift; done
    shift
    say "$name"
    "$@" -o "$scratch/$name"
    rm -rf "$scratch/run" && mkdir "$scratch/run"
    (cd "$scratch/run" && "${runner[@]}" "$scratch/$name" >../out 2>../err) || { cat out err >&2; exit 1; }
    [ "$(tail -n 1 out)" = ok ] || { cat out err >&2; exit 1; }
}

# "Possibly" lost are Rust's hash tables, which are held by the middle; what is left of the parent's in a forked child has some.
grind=(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect)
grind+=(--errors-for-leak-kinds=definite,indirect)
asan=(env ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1)

# shellcheck disable=SC2086
{
    try c99-shared -- gcc -std=c99 "${strict[@]}" "$own/suite.c" $shared -pthread
    try c99-static -- gcc -std=c99 "${strict[@]}" "$own/suite.c" $static -pthread
    try c-as-c++17 -- g++ -std=c++17 "${strict[@]}" -x c++ "$own/suite.c" -x none $shared -pthread
    try c++17-shared -- g++ -std=c++17 "${strict[@]}" "$own/suite.cpp" $shared
    try c++17-static -- g++ -std=c++17 "${strict[@]}" "$own/suite.cpp" $static
    try another-sqlite-static -- gcc -std=c99 "${strict[@]}" "$own/suite.c" "$own/another_sqlite.c" $static -pthread
    try another-sqlite-shared -- gcc -std=c99 "${strict[@]}" -rdynamic "$own/suite.c" "$own/another_sqlite.c" $shared -pthread
    try valgrind-c "${grind[@]}" -- gcc -std=c99 "${strict[@]}" "$own/suite.c" $shared -pthread
    try valgrind-c++ "${grind[@]}" -- g++ -std=c++17 "${strict[@]}" "$own/suite.cpp" $shared
    try sanitized-c "${asan[@]}" -- gcc -std=c99 "${strict[@]}" -fsanitize=address,undefined "$own/suite.c" $static -pthread
    try sanitized-c++ "${asan[@]}" -- g++ -std=c++17 "${strict[@]}" -fsanitize=address,undefined "$own/suite.cpp" $static
}

say "the program of the README, as it says that it is compiled"
mkdir readme
awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' "$ffi/../README.md" >readme/first.c
grep '^cc ' "$ffi/../README.md" >readme/lines
[ "$(wc -l <readme/lines)" -eq 3 ] || { echo "the README compiles its program in other ways than these three" >&2; exit 1; }
# The first line is for whoever has said where the library is; the others do without.
where=(LD_LIBRARY_PATH="$lib")
while read -r line; do
    (cd readme && rm -f msp.db && env -u LD_LIBRARY_PATH "${where[@]}" bash -c "$line" >../out 2>../err) && grep -q '"outcome":' out ||
        { cat out err >&2; exit 1; }
    where=()
done <readme/lines

say "two copies in one process"
gcc -std=c99 "${strict[@]}" "$own/two_copies.c" $(pkg-config --cflags tenantry) -ldl -pthread -o two-copies
for copy in one other; do cp -L "$lib/libtenantry.so" "$copy.so"; done
rm -rf run && mkdir run
(cd run && "$scratch/two-copies" "$scratch/one.so" "$scratch/other.so" >../out 2>../err) || { cat out err >&2; exit 1; }

try kills-shared -- gcc -std=c99 "${strict[@]}" "$own/kills.c" $(pkg-config --cflags --libs tenantry)

say "an archive: the same whenever it is packed, and unpacked it is found"
host=$(rustc -vV | sed -n 's/^host: //p')
name=tenantry-$(pkg-config --modversion tenantry)-$host
mkdir pack archive again
cp -a moved "pack/$name"
cp -r "$ffi/../dist/first" "pack/$name/share/tenantry"
for into in archive again; do
    find pack -exec touch --no-dereference {} +
    SOURCE_DATE_EPOCH=0 "$ffi/../dist/pack.sh" "pack/$name" "$into"
done
cmp archive/* again/*
(cd archive && sha256sum -- * >../sums && mv ../sums SHA256SUMS)
"$ffi/../dist/check.sh" --short archive "$host"
rm -rf pack archive again

say "cmake"
cmake -S "$own/cmake" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$scratch/moved" >cmake.log 2>&1 &&
    cmake --build "$scratch/cmake" >>cmake.log 2>&1 || { cat cmake.log >&2; exit 1; }
for program in c_tenantry c_static cpp_tenantry cpp_static; do
    rm -rf run && mkdir run
    (cd run && "$scratch/cmake/$program" >../out 2>../err) || { cat out err >&2; exit 1; }
done

"$ffi/cpp/check.sh" "$scratch/moved"
export TENANTRY_GO_CACHE=$scratch/go-cache
"$ffi/go/check.sh" "$scratch/moved"
"$ffi/dotnet/check.sh" "$scratch/moved"
"$ffi/node/check.sh" "$scratch/moved"
MAKE="${MAKE:-make}" "$ffi/../examples/check.sh" "$scratch/moved" "$journeys"
say "all well"

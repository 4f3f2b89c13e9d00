#!/usr/bin/env bash
# Builds the journeys in C, C++, Go and C# against the libtenantry installed at PREFIX, and compares what they print with expected/.
# Then lets programs of different languages write one file at once. A tool that is missing is a failure, not a reason to skip.
#
#   examples/check.sh PREFIX JOURNEYS    JOURNEYS is the program in Rust
set -euo pipefail
prefix=$(cd "${1:?names no prefix}" && pwd)
rust=$(realpath "${2:?names no program in Rust}")
examples=$(cd "$(dirname "$0")" && pwd)
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib

for tool in gcc g++ make cmake pkg-config valgrind go gofmt mcs mono; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
say() { printf '%s\n' "-- $*"; }

# Runs a command and shows what it said only where it fails.
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; }

# Plays a journey and compares: plays JOURNEY COMMAND…
plays() {
    local journey=$1
    shift
    "$@" "$journey" >"$scratch/told" 2>"$scratch/err" || { cat "$scratch/told" "$scratch/err" >&2; exit 1; }
    diff -u "$examples/expected/$journey.txt" "$scratch/told" || { echo "$* tells $journey in another way" >&2; exit 1; }
}

say "journeys in C, by pkg-config"
c=$scratch/c/journeys
quietly "${MAKE:-make}" -C "$examples/c" OUT="$scratch/c"
say "journeys in C++, by CMake"
cpp=$scratch/cpp/journeys
quietly cmake -S "$examples/cpp" -B "$scratch/cpp" -DCMAKE_PREFIX_PATH="$prefix"
quietly cmake --build "$scratch/cpp" --parallel 2
for journey in jointly fully crossing clients processes onboarding resellers alerts review preview elevation; do
    plays $journey "$c"
    plays $journey "$cpp"
done
grind=(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect)
grind+=(--errors-for-leak-kinds=definite,indirect)
plays jointly "${grind[@]}" "$c"
plays resellers "${grind[@]}" "$cpp"

say "journeys in Go"
# The standard library is all it needs, and nothing is fetched. The user's cache would remember the library of an earlier run.
export GOPROXY=off GOTOOLCHAIN=local GOCACHE=${TENANTRY_GO_CACHE:-$scratch/go-cache}
unformatted=$(gofmt -l "$examples/go")
[ -z "$unformatted" ] || { echo "gofmt would change $unformatted" >&2; exit 1; }
(cd "$examples/go" && quietly go vet ./... && quietly go build -o "$scratch/go" ./journeys)
for journey in jointly fully review preview elevation; do plays $journey "$scratch/go"; done

say "journeys in C#, on Mono"
mkdir "$scratch/dotnet"
"$examples/../ffi/dotnet/compile.sh" "$scratch/dotnet"
mcs -langversion:7.2 -warnaserror -out:"$scratch/dotnet/journeys.exe" -r:"$scratch/dotnet/Tenantry.dll" "$examples"/dotnet/*.cs
for journey in fully review preview; do plays $journey mono "$scratch/dotnet/journeys.exe"; done

say "two languages, one file"
for pair in "$c $rust" "$rust $c" "$cpp $rust" "$rust $cpp"; do
    JOURNEYS_SECOND=${pair#* } plays processes "${pair% *}"
done
quietly "$scratch/c/neighbours" "$rust" "$scratch/neighbour-in-rust.db"
quietly "$scratch/c/neighbours" "$c" "$scratch/neighbour-in-c.db"

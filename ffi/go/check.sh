#!/usr/bin/env bash
# Tries the package for Go on the libtenantry installed at PREFIX: as it is laid out, its tests, plainly and with the race detector, the programs of
# the READMEs, what must not compile, the package as it is installed, and the static library. A tool that is missing is a failure, not a
# reason to skip.
#
#   ffi/go/check.sh PREFIX
set -euo pipefail
prefix=$(cd "${1:?names no prefix}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

for tool in go gofmt gcc pkg-config; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
say() { printf '%s\n' "-- $*"; }
fails() { echo "$*" >&2; exit 1; }
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; }
# The standard library is all it needs, and nothing is fetched. The user's cache would remember the library of an earlier run.
export GOPROXY=off GOTOOLCHAIN=local GOFLAGS='' GOCACHE=${TENANTRY_GO_CACHE:-$scratch/cache}
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
cd "$here"

say "the package for Go: its form"
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || fails "gofmt would change $unformatted"
quietly go vet ./...

say "its tests and the programs of the READMEs, plainly and with the race detector"
quietly go test -count=1 ./...
quietly go test -count=1 -race ./...

say "an id of another kind does not compile"
mkdir "$scratch/kinds"
cat >"$scratch/kinds/main.go" <<'END'
package main

import tenantry "tenantry.example/ffi/go"

func main() {
	var link tenantry.LinkID
	_ = tenantry.RequestDelink{Link: link}
}
END
cd "$scratch/kinds"
quietly go mod init example.com/kinds
# As a host does that has the installation alone.
quietly go mod edit -require=tenantry.example/ffi/go@v0.0.0 -replace=tenantry.example/ffi/go="$prefix/share/tenantry/go"
quietly go run .
sed -i 's/LinkID/TenantID/' main.go
! go build . >"$scratch/log" 2>&1 || fails "an id of another kind compiles"
grep -q 'cannot use link' "$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
sed -i 's/TenantID/LinkID/' main.go

say "with the static library alone"
mkdir -p "$scratch/static/lib/pkgconfig"
cp -r "$prefix/include" "$scratch/static"
cp "$prefix/lib/libtenantry.a" "$scratch/static/lib"
cp "$prefix/lib/pkgconfig/tenantry.pc" "$scratch/static/lib/pkgconfig"
PKG_CONFIG_PATH=$scratch/static/lib/pkgconfig CGO_LDFLAGS=-lm quietly go build -o static .
env -u LD_LIBRARY_PATH ./static

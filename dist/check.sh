#!/usr/bin/env bash
# Unpacks what build.sh packed into empty places and uses it there as its users would: by pkg-config and by CMake, shared and static. Then
# runs the C suite, the kills and two journeys: here, with qemu where it is for ARM64, with Wine where it is for Windows.
#
#   check.sh DIRECTORY TARGET...           where the archives are
#   check.sh --short DIRECTORY TARGET...   the first program alone
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
short=
[ "$1" != --short ] || { short=yes; shift; }
from=$(cd "$1" && pwd)
shift
[ -n "$short" ] || "$root/.ci/tools" --dist "$@"

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
built=${CARGO_TARGET_DIR:-$root/target}
host=$(rustc -vV | sed -n 's/^host: //p')
scratch=$(mktemp -d)
# Wine's server outlives its programs for a while.
trap '[ ! -d "$scratch/wine" ] || /usr/lib/wine/wineserver -k -w || true; rm -rf "$scratch"' EXIT
say() { printf '%s\n' "-- $*"; }
fail() { echo "$*" >&2; exit 1; }
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; }

# How programs of a target are built and run: know TARGET PREFIX
know() {
    local target=$1 prefix=$2
    cc=cc cross='' run=() toolchain=() loads=(-ldl) end='' journeys=$built/$target/release/tenantry-journeys
    export LD_LIBRARY_PATH=$prefix/lib PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    case $target in
        "$host") ;;
        *-musl) cc=musl-gcc ;;
        aarch64-*)
            cross=aarch64-linux-gnu-
            run=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
            toolchain=(-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64) ;;
        *-windows-*)
            cross=x86_64-w64-mingw32- end=.exe
            run=(/usr/lib/wine/wine64)
            toolchain=(-DCMAKE_SYSTEM_NAME=Windows) loads=()
            export WINEPREFIX=$scratch/wine WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=" WINEPATH
            # The threads of what is tried are a DLL of MinGW's.
            WINEPATH="Z:${prefix//\//\\}\\bin;Z:$(dirname "$(${cross}gcc -print-file-name=libwinpthread-1.dll)" | tr / '\\')" ;;
    esac
    [ -z "$cross" ] || cc=${cross}gcc
    journeys+=$end
}

# Runs a program in an empty directory: runs PROGRAM ARGUMENT...
runs() {
    rm -rf "$scratch/run" && mkdir "$scratch/run"
    (cd "$scratch/run" && "${run[@]}" "$@" >"$scratch/told" 2>"$scratch/err") || {
        local code=$?
        cat "$scratch/told" "$scratch/err" >&2
        fail "$* ended with $code"
    }
    tr -d '\r' <"$scratch/told" >"$scratch/out"
}

greets() { grep -q 'Ada may manage the devices of Bakery Klein$' "$scratch/out" || fail "the first program says: $(cat "$scratch/out")"; }

symbols() {
    local lib=$1/lib listed
    case $target in
        *-windows-*) listed=$("${cross}objdump" -p "$1/bin/tenantry.dll" | awk '/\[Ordinal\/Name Pointer\]/ {on = 1; next} on && !NF {on = 0} on {print $NF}') ;;
        *) listed=$("${cross}nm" -D --defined-only "$lib/libtenantry.so" | awk '{print $3}') ;;
    esac
    sort <<<"$listed" | diff "$root/ffi/symbols.txt" -
    # For Windows there are import libraries besides, of what it wants of the system.
    "${cross}nm" -g --defined-only "$lib/libtenantry.a" | awk '/:$/ {own = $1 == "tenantry.o:"} own && NF == 3 {print $3}' | sort |
        diff "$root/ffi/symbols.txt" -
}

for target in "$@"; do
    name=tenantry-$version-$target
    say "$name: unpacked"
    place=$scratch/$target
    mkdir "$place"
    case $target in
        *-windows-*) (cd "$from" && sha256sum --quiet --check --ignore-missing SHA256SUMS) && unzip -q "$from/$name.zip" -d "$place" ;;
        *) (cd "$from" && sha256sum --quiet --check --ignore-missing SHA256SUMS) && tar -xzf "$from/$name.tar.gz" -C "$place" ;;
    esac
    prefix=$place/$name
    know "$target" "$prefix"
    symbols "$prefix"
    diff -r "$root/include" "$prefix/include" --exclude tenantry.schema.json
    # Whoever has it must not learn where it was made, nor get another one than whoever makes it elsewhere.
    [ -n "$short" ] || { ! grep -rlF -e "$root" -e "$HOME/" "$prefix" || fail "knows where it was made"; }
    if [ -d "$scratch/wine" ] || [ "${run[0]:-}" != /usr/lib/wine/wine64 ]; then :; else
        mkdir "$scratch/wine"
        say "a Windows to run it on"
        quietly "${run[@]}" wineboot --init
        # Wine 8, as Debian 12 has it, lacks this one of Windows.
        prng=$scratch/wine/drive_c/windows/system32/bcryptprimitives.dll
        [ -e "$prng" ] || quietly "$cc" -O1 -shared "$here/bcryptprimitives.c" -ladvapi32 -o "$prng"
    fi

    say "the first program, by CMake and by pkg-config, shared and static"
    first=$prefix/share/tenantry/first
    cp -r "$first" "$place/source"
    quietly cmake -S "$place/source" -B "$place/cmake" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" "${toolchain[@]}"
    quietly cmake --build "$place/cmake"
    strict=(-std=c99 -pedantic -Wall -Wextra -Werror -O1)
    # shellcheck disable=SC2207
    shared=($(pkg-config --cflags --libs tenantry))
    # shellcheck disable=SC2207
    static=($(pkg-config --cflags tenantry) "-L$prefix/lib" -l:libtenantry.a $(pkg-config --static --libs-only-l tenantry | sed 's/-ltenantry//'))
    quietly "$cc" "${strict[@]}" "$first/first.c" "${shared[@]}" -o "$place/first$end"
    quietly "$cc" "${strict[@]}" "$first/first.c" "${static[@]}" -o "$place/first-static$end"
    programs=(cmake/first cmake/first_static first first-static)
    case $target in
        *-musl)
            quietly "$cc" -static "${strict[@]}" "$first/first.c" "${static[@]}" -o "$place/first-alone"
            ! readelf -l "$place/first-alone" | grep -q INTERP || fail "it is linked dynamically"
            programs+=(first-alone) ;;
    esac
    for program in "${programs[@]}"; do
        runs "$place/$program$end"
        greets
    done
    [ -z "$short" ] || continue

    own=$root/ffi/tests
    for program in suite kills; do
        say "$program, shared and static"
        quietly "$cc" "${strict[@]}" "$own/$program.c" "${shared[@]}" -pthread -o "$place/$program$end"
        quietly "$cc" "${strict[@]}" "$own/$program.c" "${static[@]}" -pthread -o "$place/$program-static$end"
        for how in "" -static; do
            runs "$place/$program$how$end"
            [ "$(tail -n 1 "$scratch/out")" = ok ] || { cat "$scratch/out" "$scratch/err" >&2; exit 1; }
        done
    done

    say "two copies of the library in one process, on one file"
    library=$(find "$prefix" -name 'tenantry.dll' -o -name "libtenantry.so.$version")
    for copy in one other; do cp "$library" "$place/$copy.${library##*/}"; done
    quietly "$cc" "${strict[@]}" -I"$prefix/include" "$own/two_copies.c" -pthread "${loads[@]}" -o "$place/two-copies$end"
    runs "$place/two-copies$end" "$place/one.${library##*/}" "$place/other.${library##*/}"

    say "two journeys"
    for journey in jointly fully; do
        runs "$journeys" "$journey"
        diff -u "$root/examples/expected/$journey.txt" "$scratch/out"
    done
    case $target in
        "$host")
            say "the wheel"
            python3 -m venv "$place/venv"
            quietly "$place/venv/bin/pip" install --quiet --no-index "$from/tenantry-$version"-*"_${target%%-*}.whl"
            (cd "$place" && quietly venv/bin/python "$root/python/tests/typed_program.py") ;;
    esac
done
say "all well"

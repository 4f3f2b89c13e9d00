#!/bin/sh
# Makes a static library that exports nothing but our functions: localise.sh SYMBOLS OUT.a IN.a...
# Everything else in it, the bundled SQLite above all, becomes invisible to the program that links it. CROSS is what the names of the tools
# for another machine begin with.
set -eu
symbols=$1 out=$2
shift 2
work=$(mktemp -d)
# The standard library brings bitcode along, over which the archiver's plug-in for another LLVM stumbles, at length.
exec 3>&2 >"$work/log" 2>&1
trap 'code=$?; [ $code -eq 0 ] || cat "$work/log" >&3; rm -rf "$work"' EXIT
tool() { name=$1; shift; "${CROSS:-}$name" "$@"; }

# Rust brings the import libraries of some DLLs of Windows along, whose parts lose their order where they are joined: they are made anew, and
# stay what they are. The table of what each thread has for itself is the program's, and has another name until all is joined. And what is left out
# there leaves behind what is known for unwinding it: so nothing is.
besides='' only=--gc-sections again=
case ${CROSS:-} in *mingw*)
    cp "$1" "$work/in.a"
    parts=$(tool ar t "$work/in.a" | grep -E '\.(dll[hst][0-9]*\.o|dwo)$')
    tool nm -g --defined-only "$work/in.a" | awk -v work="$work" '
        /:$/ { dll = /\.dlls[0-9]+\.o:$/ ? $0 : ""; sub(/s[0-9]+\.o:$/, "", dll) }
        dll && $2 == "T" && !seen[dll, $3]++ { def = work "/" dll ".def"; if (!had[dll]++) print "EXPORTS" >def; print $3 >def }'
    # shellcheck disable=SC2086
    tool ar d "$work/in.a" $parts
    for def in "$work"/*.def; do
        dll=$(basename "$def" .def)
        mkdir "$work/$dll"
        (cd "$work/$dll" && tool dlltool --deterministic-libraries --temp-prefix "$dll" --dllname "$dll" --input-def "$def" \
            --output-lib "$dll.a" && tool ar x "$dll.a")
        besides="$besides $work/$dll/*.o"
    done
    tool objcopy --redefine-sym _tls_used=tls_of_the_program "$work/in.a"
    only='' again='--redefine-sym tls_of_the_program=_tls_used'
    set -- "$work/in.a" ;;
esac

# Only what our functions need is taken along.
wanted=$(sed 's/^/-u /' "$symbols")
# shellcheck disable=SC2086
tool ld -r $only $wanted -o "$work/all.o" "$@"
# On Windows Rust also lists what a program is not to export, of which nothing is to be seen any more.
# shellcheck disable=SC2086
tool objcopy --keep-global-symbols="$symbols" --strip-unneeded $again \
    --remove-section=.llvmbc --remove-section=.llvmcmd --remove-section=.drectve "$work/all.o" "$work/tenantry.o"
rm -f "$out"
# shellcheck disable=SC2086
tool ar rcsD "$out" "$work/tenantry.o" $besides

#!/usr/bin/env bash
# Compiles the package for .NET with Mono, and tries it on the libtenantry installed at PREFIX: its suite, the programs of its README, what
# must not compile, and what is said where the library is missing, another, or of another ABI. A tool that is missing is a failure, not a
# reason to skip.
#
#   ffi/dotnet/check.sh PREFIX
set -euo pipefail
prefix=$(cd "${1:?names no prefix}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig

for tool in mcs mono gcc pkg-config python3; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
say() { printf '%s\n' "-- $*"; }
fails() { echo "$*" >&2; exit 1; }
cd "$scratch"

say "the package for .NET: compiled, of the library's version"
"$here/compile.sh" "$scratch"
TENANTRY_VERSION=$(pkg-config --modversion tenantry)
export TENANTRY_VERSION
grep -q "<Version>$TENANTRY_VERSION</Version>" "$here/Tenantry.csproj" || fails "Tenantry.csproj is not of version $TENANTRY_VERSION"
python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$here/Tenantry.csproj"
compile=(mcs -langversion:7.2 -unsafe -warnaserror -r:Newtonsoft.Json.dll)

say "its suite, under Mono"
# With the sources, for the suite looks at what the package keeps to itself.
"${compile[@]}" -out:suite.exe "$here"/src/*.cs "$here"/src/Generated/*.cs "$here/tests/Suite.cs"
LD_LIBRARY_PATH=$prefix/lib mono --debug suite.exe >out 2>err || { cat out err >&2; exit 1; }
[ "$(tail -n 1 out)" = ok ] || { cat out err >&2; exit 1; }

say "the programs of its README print what stands below them"
python3 "$here/../readme.py" "$here/README.md" csharp .
for program in first rest; do
    "${compile[@]}" -out:$program.exe -r:Tenantry.dll $program.cs
    (mkdir $program && cd $program && LD_LIBRARY_PATH=$prefix/lib mono ../$program.exe >../out 2>../err) || { cat out err >&2; exit 1; }
    diff -u $program.txt out || fails "the README's program prints something else"
done

say "an id of another kind does not compile"
cat >kinds.cs <<'END'
using Tenantry;
internal static class Kinds
{
    internal static Commands.RequestDelink Delink(LinkId link, TenantId tenant)
    {
#if WRONG
        return new Commands.RequestDelink(tenant);
#else
        return new Commands.RequestDelink(link);
#endif
    }
}
END
"${compile[@]}" -target:library -out:kinds.dll -r:Tenantry.dll kinds.cs
! "${compile[@]}" -target:library -define:WRONG -out:kinds.dll -r:Tenantry.dll kinds.cs >out 2>&1 || fails "an id of another kind compiles"
grep -q CS1503 out || { cat out >&2; exit 1; }

# says WORDS LIBRARY-PATH: the first program ends, and says so.
says() {
    ! LD_LIBRARY_PATH=$2 mono first.exe >out 2>&1 || fails "it ran without its library"
    grep -q "LibraryException.*$1" out || { cat out >&2; exit 1; }
}

say "a library that is missing, another, or of another ABI is told in words"
mkdir none other newer
echo 'int something_else(void) { return 1; }' | gcc -shared -fPIC -x c - -o other/libtenantry.so
echo '#include <stdint.h>
uint32_t tenantry_abi_version(void) { return 7; }
const char *tenantry_version(void) { return "9.9.9"; }' | gcc -shared -fPIC -x c - -o newer/libtenantry.so
says "cannot be loaded" none
says "is another library" other
says "9.9.9 with ABI 7" newer

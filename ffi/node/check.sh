#!/usr/bin/env bash
# Compiles the addon for Node.js as its README says, and tries the package on the libtenantry installed at PREFIX: its suite with the sanitizers,
# which count what is left, too; its declarations; without sanitizers the programs of the READMEs; and what is said where the addon or the library is
# missing, another, or of another ABI. A tool that is missing is a failure, not a reason to skip.
#
#   ffi/node/check.sh PREFIX
set -euo pipefail
prefix=$(cd "${1:?names no prefix}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
package=$prefix/share/tenantry/node
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
# The addon is to find the library by itself.
unset LD_LIBRARY_PATH

for tool in node cc pkg-config python3 tsc; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done
headers=${NODE_HEADERS:-/usr/include/node}
[ -f "$headers/node_api.h" ] || { echo "$headers/node_api.h is missing (Debian: libnode-dev)" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
say() { printf '%s\n' "-- $*"; }
fails() { echo "$*" >&2; exit 1; }
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; }
cd "$scratch"

say "the package for Node.js: compiled by the README's line, of the library's version"
line=$(grep '^cc ' "$here/README.md") || fails "its README has no line that compiles"
line=${line//\/usr\/include\/node/$headers}
mkdir node_modules
# As a host does that has the installation alone.
cp -r "$package" node_modules/tenantry
bash -c "${line/cc /cc -pedantic -Wall -Wextra -Werror }"
version=$(pkg-config --modversion tenantry)
[ "$(node -p 'require("tenantry").version + " " + require("tenantry/package.json").version')" = "$version $version" ] ||
    fails "the package and the library are not of version $version"
python3 -c 'import ast, sys; ast.literal_eval(open(sys.argv[1]).read())' "$here/binding.gyp"

say "its declarations: what they allow, and what they do not"
cp "$here/tests/types.ts" .
# And every call that the reference shows.
python3 - "$here"/../../docs/reference/*.md >calls.ts <<'END'
import json, re, sys
calls = [json.loads(one) for path in sys.argv[1:] for one in re.findall(r"^```json\n(.*?)^```", open(path).read(), flags=re.M | re.S)]
print("import * as tenantry from 'tenantry'")
for kind, name in ("Execution", "execute"), ("Query", "ask"):
    found = [one[name] for one in calls if name in one]
    assert found
    print(f"export const {name}: tenantry.{kind}[] = {json.dumps(found, indent=1)}")
END
quietly tsc --noEmit --strict --skipDefaultLibCheck --target es2020 --lib es2020 --module commonjs --moduleResolution node types.ts calls.ts

say "its suite with the sanitizers, and whether everything is given back"
# A process that is ended with calls pending gives nothing back, and the suite ends many; what it leaves is looked for in a program of its own.
cp -r node_modules/tenantry sanitized
bash -c "$(sed 's|cc |cc -g -fsanitize=address,undefined -fno-sanitize-recover=undefined |; s|node_modules/tenantry/|sanitized/|g' <<<"$line")"
! node -e 'require("./sanitized")' >log 2>&1 || fails "the sanitizers are not there"
sanitized() {
    quietly env TENANTRY_PACKAGE="$scratch/sanitized" LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)" \
        ASAN_OPTIONS="detect_leaks=$1" node --expose-gc "${@:2}"
}
sanitized 0 "$here/tests/suite.js"
mkdir leaks
sanitized 1 "$here/tests/leaks.js" leaks

say "the programs of its README print what stands below them, and that of the repository's runs"
python3 "$here/../readme.py" "$here/README.md" js .
for program in first rest; do
    node $program.js >out 2>err || { cat out err >&2; exit 1; }
    diff -u $program.txt out || fails "the README's program prints something else"
done
sed -n '/^```js$/,/^```$/{/^```/d;p}' "$here/../../README.md" >repository.js
[ -s repository.js ] || fails "the repository's README has no program"
quietly node repository.js

# says WORDS: the first program ends, and says so.
says() {
    ! node first.js >out 2>&1 || fails "it ran without its library"
    grep -q "LibraryError.*$1" out || { cat out >&2; exit 1; }
}

say "an addon or a library that is missing, another, or of another ABI is told in words"
mv node_modules/tenantry/tenantry.node good.node
says "there is no .*tenantry.node"
mkdir none other newer
soname=-Wl,-soname,libtenantry.so.0
echo 'int something_else(void) { return 1; }' | cc -shared -fPIC $soname -x c - -o other/libtenantry.so.0
{
    echo '#include <stdint.h>'
    echo 'uint32_t tenantry_abi_version(void) { return 7; }'
    echo 'const char *tenantry_version(void) { return "9.9.9"; }'
    sed -n '/^tenantry_abi_version$/d; /^tenantry_version$/d; s/.*/int &(void) { return 1; }/p' "$here/../symbols.txt"
} | cc -shared -fPIC $soname -x c - -o newer/libtenantry.so.0
# The same addon, which finds none by itself.
bash -c "${line%%-Wl,-rpath*}"
export LD_LIBRARY_PATH=$scratch/none
says "cannot be loaded"
LD_LIBRARY_PATH=$scratch/other
says "another library"
LD_LIBRARY_PATH=$scratch/newer
says "9.9.9 with ABI 7"

#!/usr/bin/env bash
# Compiles the package with Mono's compiler, with Newtonsoft.Json beside it.
#
#   ffi/dotnet/compile.sh OUT    a directory; Tenantry.dll is put there
set -euo pipefail
out=$(realpath "${1:?names no directory}")
here=$(cd "$(dirname "$0")" && pwd)
json=${NEWTONSOFT:-/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll}

command -v mcs >/dev/null || { echo "mcs is missing (Debian: mono-mcs)" >&2; exit 1; }
[ -f "$json" ] || { echo "$json is missing (Debian: libnewtonsoft-json5.0-cil)" >&2; exit 1; }

cp "$json" "$out/Newtonsoft.Json.dll"
mcs -langversion:7.2 -unsafe -warnaserror -optimize -target:library -out:"$out/Tenantry.dll" -r:"$out/Newtonsoft.Json.dll" \
    "$here"/src/*.cs "$here"/src/Generated/*.cs

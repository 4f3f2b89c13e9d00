#!/usr/bin/env bash
# How long the README's first program takes to compile, beside what it is made of, in seconds of the processor, the best of three: nlohmann's JSON
# read and written, checks alone on tenantry/core.hpp, all of tenantry.hpp with nothing used of it, and the program with the headers
# precompiled.
#
#   ffi/cpp/compile_time.sh PREFIX
set -euo pipefail
prefix=$(cd "${1:?names no prefix}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
read -ra flags <<<"$(pkg-config --cflags tenantry)"
python3 "$here/../readme.py" "$here/README.md" cpp .
cat >json.cpp <<'END'
#include <iostream>
#include <nlohmann/json.hpp>
int main(int, char** words) { std::cout << nlohmann::json::parse(words[0]).dump(); }
END
cat >checks.cpp <<'END'
#include <iostream>
#include <tenantry/core.hpp>
int main() {
  auto engine = tenantry::engine::memory();
  std::cout << bool(engine.check({}, tenantry::permissions::devices_manage, {}));
}
END
cat >nothing.cpp <<'END'
#include <iostream>
#include <tenantry.hpp>
int main() {}
END
mkdir precompiled
echo '#include <tenantry.hpp>' >precompiled/all.hpp
g++ -std=c++17 "${flags[@]}" -x c++-header precompiled/all.hpp -o precompiled/all.hpp.gch

best() {
    local TIMEFORMAT=%U round
    for round in 1 2 3; do
        { time g++ -std=c++17 "${flags[@]}" "$@" -o made.o 2>err; } 2>&1 || { cat err >&2; exit 1; }
    done | sort -n | head -n 1
}
row() { printf '%-46s %5.1f\n' "$@"; }
row "nlohmann's JSON, read and written" "$(best -c json.cpp)"
row "checks alone, on tenantry/core.hpp" "$(best -c checks.cpp)"
row "tenantry.hpp, with nothing used of it" "$(best -c nothing.cpp)"
row "the first program" "$(best -c first.cpp)"
row "the first program, tenantry.hpp precompiled" "$(best -include precompiled/all.hpp -c first.cpp)"

#!/usr/bin/env bash
# Tries tenantry.hpp on the libtenantry installed at PREFIX: its suite, plainly and with the sanitizers, the programs of the READMEs, every
# command and query that there is, and what must not compile. A tool that is missing is a failure, not a reason to skip.
#
#   ffi/cpp/check.sh PREFIX
set -euo pipefail
prefix=$(cd "${1:?names no prefix}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib

for tool in g++ cmake pkg-config python3; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
say() { printf '%s\n' "-- $*"; }
fails() { echo "$*" >&2; exit 1; }
cd "$scratch"
read -ra flags <<<"$(pkg-config --cflags tenantry)"
read -ra shared <<<"$(pkg-config --libs tenantry)"
compile=(g++ -std=c++17 -pedantic -Wall -Wextra -Werror "${flags[@]}")

# runs PROGRAM: in a directory of its own; what it says is in out.
runs() {
    rm -rf run && mkdir run
    (cd run && "$@" >../out 2>../err) || { cat out err >&2; exit 1; }
}

# passes PROGRAM...: runs a suite, which says so at its end.
passes() {
    runs "$@"
    [ "$(tail -n 1 out)" = ok ] || { cat out err >&2; exit 1; }
}

# block LANGUAGE PAGE: what stands in its blocks of that language.
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" "$2"; }

say "the typed face for C++: its suite"
"${compile[@]}" "$here/tests/typed.cpp" -o typed "${shared[@]}" -pthread
passes "$scratch/typed"

say "its suite with the sanitizers, and as C++20"
g++ -std=c++20 -pedantic -Wall -Wextra -Werror "${flags[@]}" -g -fsanitize=address,undefined "$here/tests/typed.cpp" -o sanitized "${shared[@]}" -pthread
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1
passes "$scratch/sanitized"

say "threads, with their sanitizer"
# It sees nothing of what the library does to keep threads apart, and is to look at the headers alone.
echo 'called_from_lib:libtenantry.so' >suppressed
g++ -std=c++17 "${flags[@]}" -g -fsanitize=thread "$here/tests/typed.cpp" -o threads "${shared[@]}" -pthread
TSAN_OPTIONS="suppressions=$scratch/suppressed halt_on_error=1" passes "$scratch/threads" threads_share_an_engine_and_an_index

say "the programs of its README print what stands below them, and that of the repository's runs"
python3 "$here/../readme.py" "$here/README.md" cpp .
for program in first rest; do
    "${compile[@]}" $program.cpp -o $program "${shared[@]}"
    runs "$scratch/$program"
    diff -u $program.txt out || fails "the README's program prints something else"
done
block cpp "$here/../../README.md" >repository.cpp
"${compile[@]}" repository.cpp -o repository "${shared[@]}"
runs "$scratch/repository"

say "as its README says that it is compiled: by the line, by CMake, in two files of one program"
line=$(grep '^g++ ' "$here/README.md") || fails "its README has no line that compiles"
rm first
bash -c "$line" >out
diff -u first.txt out || fails "the README's line leads to something else"
mkdir by-cmake
block cmake "$here/README.md" >by-cmake/CMakeLists.txt
[ -s by-cmake/CMakeLists.txt ] || fails "its README has nothing for CMake"
cp first.cpp by-cmake
cmake -S by-cmake -B by-cmake/build -DCMAKE_PREFIX_PATH="$prefix" >log 2>&1 && cmake --build by-cmake/build >>log 2>&1 || { cat log >&2; exit 1; }
runs "$scratch/by-cmake/build/first"
diff -u first.txt out || fails "the README's program prints something else by CMake"
cat >other.cpp <<'END'
#include <tenantry.hpp>
std::string elsewhere() { return tenantry::to_string(tenantry::parse_time("2026-03-03T12:00:00Z")); }
END
cat >one.cpp <<'END'
#include <tenantry.hpp>
std::string elsewhere();
int main() { return elsewhere() == tenantry::to_string(tenantry::parse_time("2026-03-03T12:00:00Z")) ? 0 : 1; }
END
"${compile[@]}" one.cpp other.cpp -o both "${shared[@]}"
runs "$scratch/both"

say "every command and query compiles"
{
    echo '#include <tenantry.hpp>'
    sed -n 's/^struct \([a-z_0-9]*\) {$/\1/p' "$prefix/include/tenantry/generated/commands.hpp" | while read -r name; do
        echo "template tenantry::executed<tenantry::commands::$name::outcome_type> tenantry::engine::execute(const tenantry::actor&, const tenantry::commands::$name&);"
    done
    sed -n 's/^struct \([a-z_0-9]*\) {$/\1/p' "$prefix/include/tenantry/generated/queries.hpp" | while read -r name; do
        echo "template tenantry::queries::$name::answer_type tenantry::engine::ask(const tenantry::queries::$name&);"
    done
    awk '/^struct /{name = $2} / using row_type /{print "template class tenantry::row_range<tenantry::queries::" name ">;"}' \
        "$prefix/include/tenantry/generated/queries.hpp"
} >all.cpp
# As a host may have it: Windows' macros, and nlohmann's JSON without implicit conversions.
sed -i '1i #include <nlohmann/json.hpp>\n#include <algorithm>\n#include <chrono>\n#include <limits>\n#include <random>\n#define min(a, b) fault\n#define max(a, b) fault' all.cpp
[ "$(grep -c ^template all.cpp)" -ge 150 ] || fails "the commands and queries are not found"
"${compile[@]}" -Wshadow -Wconversion -DJSON_USE_IMPLICIT_CONVERSIONS=0 -fsyntax-only all.cpp

say "an id of another kind, and a command that lacks something, do not compile"
# Each line that begins with NOT is a fault; without them the file is fine.
cat >kinds.cpp <<'END'
#include <tenantry.hpp>
using namespace tenantry;
void kinds(engine& of, const tenantry::index& hot, const user_id& user, const tenant_id& tenant, const link_id& link) {
  of.execute(user, commands::request_delink(link));
  of.check(user, permissions::devices_view, tenant);
  hot.check(hot.user(user), hot.permission("x"), hot.tenant(tenant));
  NOT(of.execute(user, commands::request_delink(tenant)));
  NOT(of.execute(user, commands::request_delink()));
  NOT(of.execute(tenant, commands::request_delink(link)));
  NOT(of.execute(user, commands::register_tenant("msp", "Northwind IT")));
  NOT(of.execute(user, queries::policy()));
  NOT(of.ask(commands::request_delink(link)));
  NOT(of.rows(queries::policy()));
  NOT(of.check(tenant, permissions::devices_view, user));
  NOT(hot.check(hot.tenant(tenant), hot.permission("x"), hot.user(user)));
  NOT(hot.check(hot.user(user), hot.service("x"), hot.tenant(tenant)));
  NOT((void)(user == tenant));
}
END
"${compile[@]}" '-DNOT(fault)=' -fsyntax-only kinds.cpp 2>out || { cat out >&2; exit 1; }
! "${compile[@]}" '-DNOT(fault)=fault' -fsyntax-only -fmax-errors=0 kinds.cpp >out 2>&1 || fails "ids of other kinds compile"
grep -n '^ *NOT' kinds.cpp | cut -d: -f1 | while read -r line; do
    grep -q "^kinds.cpp:$line:.*error" out || fails "this compiles: $(sed -n "${line}p" kinds.cpp)"
done

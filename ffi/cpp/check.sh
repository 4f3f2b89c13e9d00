#!/usr/bin/env bash
# Tries tenantry.hpp on the libtenantry installed at PREFIX: its suite, plainly and with the sanitizers, the programs of its README, every
# command and query that there is, and what must not compile. A tool that is missing is a failure, not a reason to skip.
#
#   ffi/cpp/check.sh PREFIX
set -euo pipefail
prefix=$(cd "${1:?names no prefix}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib

for tool in g++ pkg-config python3; do
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

say "the typed face for C++: its suite"
"${compile[@]}" "$here/tests/typed.cpp" -o typed "${shared[@]}" -pthread
runs "$scratch/typed"
[ "$(tail -n 1 out)" = ok ] || { cat out err >&2; exit 1; }

say "its suite with the sanitizers, and as C++20"
g++ -std=c++20 -pedantic -Wall -Wextra -Werror "${flags[@]}" -g -fsanitize=address,undefined "$here/tests/typed.cpp" -o sanitized "${shared[@]}" -pthread
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1
runs "$scratch/sanitized"
[ "$(tail -n 1 out)" = ok ] || { cat out err >&2; exit 1; }

say "the programs of its README print what stands below them"
python3 "$here/../readme.py" "$here/README.md" cpp .
for program in first rest; do
    "${compile[@]}" $program.cpp -o $program "${shared[@]}"
    runs "$scratch/$program"
    diff -u $program.txt out || fails "the README's program prints something else"
done

say "every command and query compiles"
{
    echo '#include <tenantry.hpp>'
    sed -n 's/^struct \([a-z_0-9]*\) {$/\1/p' "$prefix/include/tenantry/generated/commands.hpp" | while read -r name; do
        echo "template tenantry::executed<tenantry::commands::$name::outcome_type> tenantry::engine::execute(const tenantry::actor&, const tenantry::commands::$name&);"
    done
    sed -n 's/^struct \([a-z_0-9]*\) {$/\1/p' "$prefix/include/tenantry/generated/queries.hpp" | while read -r name; do
        echo "template tenantry::queries::$name::answer_type tenantry::engine::ask(const tenantry::queries::$name&);"
    done
} >all.cpp
[ "$(grep -c ^template all.cpp)" -ge 150 ] || fails "the commands and queries are not found"
"${compile[@]}" -fsyntax-only all.cpp

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

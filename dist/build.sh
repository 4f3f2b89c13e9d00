#!/usr/bin/env bash
# Builds and packs libtenantry for other machines, and the wheels: build.sh TARGET... makes dist/ below Cargo's target directory, or what
# INTO names. For each target there comes an archive to unpack anywhere, as README.in says; beside them the wheels where PyO3 makes some,
# and SHA256SUMS. The same source, tools and place of the compiler make the same archives, to the letter.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
"$root/.ci/tools" --dist "$@"

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
into=${INTO:-$CARGO_TARGET_DIR/dist}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
scratch=$(mktemp -d)
# cargo-cyclonedx writes beside each manifest of the workspace.
sbom=tenantry-dist-sbom
trap 'rm -rf "$scratch"; find "$root" -name "$sbom.json" -not -path "*/target/*" -delete' EXIT
say() { printf '%s\n' "-- $*"; }
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; }

# Nothing of what is made says when or where it was made.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
export RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$root=/tenantry"
export CARGO_PROFILE_RELEASE_DEBUG=false PYO3_BUILD_EXTENSION_MODULE=1
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc

# What is built for a target, all at once and thereby of one and the same library: the journeys, too, which check.sh plays.
packages() {
    echo --package tenantry-ffi --package tenantry-journeys
    case $1 in *-linux-gnu) echo --package tenantry-python ;; esac
}

# Puts what is needed to use and to judge it beside the library: complete TARGET STAGE
complete() {
    local target=$1 stage=$2 cc=cc where='`lib`' more='' needs
    needs="It wants glibc $(needs_glibc "$stage" "$target") or later."
    case $target in
        aarch64-*) cc=aarch64-linux-gnu-gcc ;;
        *-musl)
            cc=musl-gcc
            needs="It is made with musl 1.2 and goes with that alone, as in Alpine Linux; its static library also into a program that needs nothing of the system." ;;
        *-windows-*)
            cc=x86_64-w64-mingw32-gcc where='`bin`, `lib`'
            more="Programs find the DLL beside themselves or by \`PATH\`. Microsoft's \`lib\` makes an import library of \`tenantry.def\` (never tried). "
            needs="It wants Windows 10 or later, 64 bits. The import library and the static one are for MinGW-w64; the DLL needs none of its libraries." ;;
    esac
    sed -e "s/@VERSION@/$version/" -e "s/@TARGET@/$target/" -e "s/@WHERE@/$where/" -e "s/@NEEDS@/$needs/" -e "s/@CC@/$cc/" -e "s/@MORE@/$more/" \
        "$here/README.in" >"$stage/README.md"
    cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$stage"
    cp -r "$here/first" "$stage/share/tenantry"
    quietly cargo cyclonedx --manifest-path "$root/ffi/Cargo.toml" --target "$target" --format json --override-filename "$sbom"
    sed "s|file://$root|file:///tenantry|g" "$root/ffi/$sbom.json" >"$stage/tenantry.cdx.json"
    quietly cargo about generate --offline --locked --fail --manifest-path "$root/ffi/Cargo.toml" --config "$here/about.toml" \
        --target "$target" --output-file "$stage/THIRD-PARTY.txt" "$here/third-party.hbs"
}

# The newest version of glibc of which it uses something.
needs_glibc() {
    case $2 in *-linux-gnu) readelf -W --dyn-syms "$1/lib/libtenantry.so" | grep -o 'GLIBC_[0-9.]*' | cut -c 7- | sort -uV | tail -n 1 ;; esac
}

wheel() {
    local target=$1
    [ -x "$scratch/venv/bin/maturin" ] || {
        python3 -m venv "$scratch/venv"
        quietly "$scratch/venv/bin/pip" install --quiet "$(grep '^maturin==' "$root/python/requirements.txt")"
    }
    # maturin asks for the package alone, and would have core built once more.
    cat >"$scratch/cargo" <<END
#!/bin/sh
[ "\$1" = rustc ] || exec cargo "\$@"
unset PYO3_CONFIG_FILE PYO3_ENVIRONMENT_SIGNATURE PYO3_PYTHON
exec cargo build --locked --release --target $target $(packages "$target" | xargs) --manifest-path "$root/Cargo.toml" \\
    --message-format json-render-diagnostics
END
    chmod +x "$scratch/cargo"
    CARGO="$scratch/cargo" quietly "$scratch/venv/bin/maturin" build --locked --release --target "$target" \
        --manifest-path "$root/python/Cargo.toml" --interpreter python3.10 --out "$into"
}

mkdir -p "$into"
for target in "$@"; do
    say "$target"
    stage=$scratch/$target/tenantry-$version-$target
    quietly make --no-print-directory -C "$root/ffi" install LOCKED=--locked TRIPLE="$target" LIBRARIES="$(packages "$target" | xargs)" \
        PREFIX= DESTDIR="$stage"
    complete "$target" "$stage"
    "$here/pack.sh" "$stage" "$into"
    case $target in *-linux-gnu) wheel "$target" ;; esac
done
cd "$into"
sha256sum tenantry-* >"$scratch/sums"
mv "$scratch/sums" SHA256SUMS
chmod 644 SHA256SUMS
say "in $into:"
du -ah --apparent-size tenantry-* | sort -k 2

#!/usr/bin/env bash
# Packs a directory into an archive of its name, the same one whenever and wherever it is done: pack.sh DIRECTORY INTO. Its times become
# those of SOURCE_DATE_EPOCH. A zip is what Windows unpacks by itself.
set -euo pipefail
name=$(basename "$1") into=$(cd "$2" && pwd)
cd "$(dirname "$1")"
export TZ=UTC LC_ALL=C
find "$name" -type d -exec chmod 755 {} +
find "$name" -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH:?}" {} +
case $name in
    *-windows-*)
        rm -f "$into/$name.zip"
        find "$name" | sort | zip -q -X -9 -@ "$into/$name.zip" ;;
    *) tar --sort=name --format=gnu --owner=0 --group=0 --numeric-owner -c "$name" | gzip -6n >"$into/$name.tar.gz" ;;
esac

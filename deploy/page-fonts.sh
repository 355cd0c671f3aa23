#!/usr/bin/env bash
# Copies the page's fonts out of the locked npm packages, named by their version so that browsers may keep
# them for good. With --check it copies nothing, and fails where a copy is missing or another one.
set -euo pipefail
cd "$(dirname "$0")/.."

fonts=gateway/web/fonts
for font in public-sans source-serif-4; do
  package=node_modules/@fontsource-variable/$font
  version=$(sed -n 's/^  "version": "\(.*\)",\?$/\1/p' "$package/package.json")
  for subset in latin latin-ext; do
    original=$package/files/$font-$subset-wght-normal.woff2
    copy=$fonts/$font-$subset-$version.woff2
    if [ "${1:-}" != --check ]; then
      rm -f "$fonts/$font-$subset"-[0-9]*.woff2
      cp "$original" "$copy"
      cp "$package/LICENSE" "$fonts/$font-OFL.txt"
    elif ! cmp --quiet "$original" "$copy"; then
      echo "$copy is missing or differs from its package: make page-fonts" >&2
      exit 1
    fi
  done
done

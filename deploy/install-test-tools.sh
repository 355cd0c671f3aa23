#!/usr/bin/env bash
# Programs that tests drive and no wheel brings: Chromium for the pages, curl and jq for the examples of README and docs.
# Installs what is missing from the distribution, where we may.
set -uo pipefail
missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
for tool in curl jq; do command -v "$tool" >/dev/null || missing+=("$tool"); done
[ ${#missing[@]} -gt 0 ] || exit 0
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  echo "Installing what the tests drive: ${missing[*]}."
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null && exit 0
fi
echo "Not installed, and not to be installed from here: ${missing[*]}. Install them; the tests that need them cannot pass without." >&2

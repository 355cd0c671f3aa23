#!/usr/bin/env bash
# The page's tests drive the system's Chromium. Installs it from the distribution where we may.
set -uo pipefail
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  echo "Installing Chromium for the page's tests."
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0
fi
echo "Chromium is not installed and cannot be installed from here: the page's tests will be skipped." >&2

#!/usr/bin/env bash
# make-venv.sh VENV LOCK   Bring the environment VENV to what deploy/requirements/LOCK.txt lists, if it is not there.
# make-venv.sh --pythons   List the Pythons that pyproject.toml admits, the newest first.
# Takes the Python that PYTHON names, or the newest that is here. Says in one sentence what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

read -r oldest beyond < <(sed -n 's/^requires-python = ">=3\.\([0-9]*\),<3\.\([0-9]*\)"$/\1 \2/p' pyproject.toml)
pythons=()
for ((minor = beyond - 1; minor >= oldest; minor--)); do pythons+=("3.$minor"); done
admitted="Python 3.$oldest to 3.$((beyond - 1))"

stop() {
  echo "$1" >&2
  exit 1
}

version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

is_admitted() { [[ " ${pythons[*]} " == *" $1 "* ]]; }

find_python() {  # sets `python`
  local candidate found seen='' without_venv=''
  local candidates=("${pythons[@]/#/python}" python3)
  [ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
  for candidate in "${candidates[@]}"; do
    found=$(version "$candidate") || continue  # pyenv has a launcher even for a Python that is switched off
    seen="$candidate is Python $found"
    is_admitted "$found" || continue
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      python=$candidate
      return
    fi
    without_venv=${without_venv:-$found}
  done
  [ -z "$without_venv" ] || stop "Python $without_venv is here but cannot make an environment, because its venv \
module is a package of its own: install it (Debian, Ubuntu: sudo apt-get install python$without_venv-venv) and run \
this again."
  [ -n "$seen" ] || seen="${PYTHON:-python3} does not run"
  stop "Candor runs on $admitted, and here $seen: install one of them (Debian 12 and 13, Ubuntu 24.04: sudo apt-get \
install python3 python3-venv), or name one with PYTHON=/path/to/python3, and run this again."
}

require_disk() {  # require_disk MEGABYTES
  local free
  free=$(df -Pm "$(dirname "$venv")" | awk 'NR == 2 { print $4 }')
  ((free >= $1)) || stop "Candor's environment takes up to $1 MB, and $free MB are free in \
$(cd "$(dirname "$venv")" && pwd): free some, or name a folder on another disk with VENV=/path/to/venv, and run this \
again."
}

prepare_venv() {
  local here
  if here=$(version "$venv/bin/python") && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    is_admitted "$here" || stop "$venv holds Python $here, and Candor runs on $admitted: remove it (rm -r $venv) and \
run this again."
    return
  fi
  find_python
  echo "Making $venv with Python $(version "$python")."
  "$python" -m venv --clear "$venv"  # cleared: half of one may be there, or one of a Python that is gone
}

install_lock() {
  local wanted
  # pyproject.toml says which of our packages it sees, version.py the version that it tells
  wanted=$(cat "$lock" pyproject.toml services/common/version.py | sha256sum)
  [ "$(cat "$installed" 2>/dev/null)" != "$wanted" ] || return 0
  [ -e "$installed" ] || require_disk "$megabytes"  # bringing one up to date takes little
  echo "Installing the locked requirements ($name); this takes a minute or two."
  "$venv/bin/python" -m pip install --quiet --no-deps --require-hashes -r "$lock"
  "$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
  echo "$wanted" >"$installed"
}

if [ "$1" = --pythons ]; then
  echo "${pythons[*]}"
  exit
fi
venv=$1 name=$2
lock=deploy/requirements/$name.txt
installed=$venv/.installed-$name
case $name in
  local) megabytes=2500 ;;
  face-training) megabytes=12000 ;;  # with PyTorch and CUDA
  *) megabytes=5000 ;;  # with TensorFlow
esac
prepare_venv
install_lock

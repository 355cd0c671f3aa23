#!/usr/bin/env bash
# fresh.sh IMAGE...   Do what README tells a newcomer (newcomer.sh) in a new container of each image, in a clone of
# what is committed here, and print what came of it. An image has what a new machine has: git, make, python3,
# python3-venv and curl. CONTAINER is the tool, podman or docker, and CONTAINER_FLAGS what its `run` is told besides;
# CANDOR_DATA is the folder of the corpora, LOGS that of what is printed; RUN_ARGS and TEST_ARGS go to `make run`
# and `make lint test`.
set -euo pipefail
cd "$(dirname "$0")/.."
container=${CONTAINER:-podman}
data=${CANDOR_DATA:-../shared/data}
logs=${LOGS:-$PWD/runs/fresh}

stop() {
  echo "$1" >&2
  exit 1
}

flags=(--rm --shm-size 1g)
read -ra more <<<"${CONTAINER_FLAGS:---network host}"
flags+=("${more[@]}")

mount() { flags+=(--volume "$1:$2:ro"); }

pass_settings() {  # how this machine reaches the registries of packages, where it is told how
  local name file
  for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST NPM_CONFIG_REGISTRY npm_config_registry \
    http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || flags+=(--env "$name")
  done
  for name in SSL_CERT_FILE PIP_CERT NODE_EXTRA_CA_CERTS; do
    file=${!name:-}
    [ ! -f "$file" ] || { mount "$(realpath "$file")" "/run/host/$name" && flags+=(--env "$name=/run/host/$name"); }
  done
  for file in /etc/apt/apt.conf.d/*proxy* /etc/pip.conf; do [ ! -f "$file" ] || mount "$file" "$file"; done
  for file in .config/pip/pip.conf .npmrc; do [ ! -f "$HOME/$file" ] || mount "$HOME/$file" "/root/$file"; done
}

clone_committed() {
  [ -z "$(git status --porcelain --untracked-files=no)" ] || echo "What is not committed here is not tried." >&2
  clone=$(mktemp -d)
  trap 'rm -rf "$clone"' EXIT
  git clone --quiet --bare . "$clone/candor.git"
  mount "$clone/candor.git" /candor.git
}

try_image() {  # try_image IMAGE; leaves a line for each command in the results
  local name=${1//[:\/]/-}
  rm -f "$logs/$name".*
  "$container" image inspect "$1" >/dev/null 2>&1 || stop "There is no image $1 here: make it from a new system \
with git, make, python3, python3-venv and curl, or name others with IMAGES."
  "$container" run "${flags[@]}" --volume "$logs:/results" --env "RUN_ARGS=${RUN_ARGS:-}" --env "TEST_ARGS=${TEST_ARGS:-}" \
    "$1" bash -ec "git -c safe.directory=* clone -q /candor.git /newcomer/candor
    cd /newcomer/candor && deploy/newcomer.sh /results/$name.tsv" >"$logs/$name.log" 2>&1 || failed=1
  [ -s "$logs/$name.tsv" ] || printf 'git clone\tnone\t0\tfailed\t%s\n' "$(tail -n 1 "$logs/$name.log")" >"$logs/$name.tsv"
}

print_results() {  # print_results IMAGE
  local command python seconds outcome counts
  while IFS=$'\t' read -r command python seconds outcome counts; do
    printf '%-16s %-8s %-15s %3d:%02d  %-12s %s\n' "$1" "$python" "$command" $((seconds / 60)) $((seconds % 60)) \
      "$outcome" "$counts"
  done <"$logs/${1//[:\/]/-}.tsv"
}

mkdir -p "$logs"
failed=0
pass_settings
clone_committed
[ ! -d "$data" ] || mount "$(realpath "$data")" /newcomer/shared/data
printf '%-16s %-8s %-15s %6s  %-12s %s\n' image Python command time result counts
for image in "$@"; do
  try_image "$image"
  print_results "$image"
done
echo "Logs: $logs"
exit "$failed"

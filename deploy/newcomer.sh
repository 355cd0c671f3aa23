#!/usr/bin/env bash
# newcomer.sh RESULTS   Do in this checkout what README tells a newcomer, and append a line for each command to
# the file RESULTS: command, Python, seconds, "ok" or what went wrong, counts; with tabs between them.
# RUN_ARGS and TEST_ARGS go to the two commands as ARGS.
set -euo pipefail
set -m  # each command gets a process group, which is what Ctrl-C reaches
cd "$(dirname "$0")/.."
results=$1
READY_WITHIN_S=1800 REPORT_WITHIN_S=300
ANSWER="In my last job our whole team had to move an old system to a new one within a month, and nobody had \
written down how it worked. I talked to everyone who used it, made a list of what they needed, and asked two \
colleagues to check my list every evening. We found three mistakes early, because we looked for them together. \
In the end we finished two days before the date, and I learned that careful questions save more time than hurry."

note() {  # note COMMAND OUTCOME COUNTS
  local python
  python=$(.venv/bin/python -c 'import platform; print(platform.python_version())' 2>/dev/null || echo none)
  printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$python" "$((SECONDS - began))" "$2" "$3" >>"$results"
}

member() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

report_of_text() {  # prints the status of the report
  local api=$1 auth="Authorization: Bearer $2" question id deadline=$((SECONDS + REPORT_WITHIN_S))
  question=$(curl -fsS -H "$auth" "$api/v1/questions?limit=1" | member "['data'][0]['id']")
  id=$(curl -fsS -H "$auth" -F candidate=newcomer -F question="$question" -F text="$ANSWER" \
    "$api/v1/assessments" | member "['id']")
  until curl -fs -H "$auth" "$api/v1/assessments/$id/report" >report.json; do
    ((SECONDS < deadline)) || return 1
    sleep 1
  done
  member "['status']" <report.json
  rm report.json
}

make_run() {
  local log opened api key status
  log=$(mktemp) began=$SECONDS
  make run ARGS="${RUN_ARGS:-}" >"$log" 2>&1 &
  local job=$!
  until opened=$(grep -om1 'http://[^ ]*/#key=.*' "$log"); do
    if ! kill -0 "$job" 2>/dev/null || ((SECONDS - began > READY_WITHIN_S)); then
      cat "$log"
      note 'make run' 'did not start' "$(tail -n 1 "$log")"
      return
    fi
    sleep 1
  done
  api=${opened%%/#key=*} key=${opened#*#key=}
  until curl -fs "$api/readyz" >/dev/null; do sleep 1; done
  status=$(report_of_text "$api" "$key") || status='no report'
  kill -INT -- "-$job"
  wait "$job" || true  # make says "Interrupt"
  cat "$log"
  if [ "$status" != succeeded ]; then
    note 'make run' "report: $status" ''
  elif ! grep -q '^Stopped' "$log"; then
    note 'make run' 'Ctrl-C did not stop it' ''
  else
    note 'make run' ok "$(grep -om1 'Ready after [0-9.]* s' "$log"), a report, stopped"
  fi
}

make_lint_test() {
  local log outcome=ok
  log=$(mktemp) began=$SECONDS
  make lint test ARGS="${TEST_ARGS:-}" 2>&1 | tee "$log" || outcome=failed
  note 'make lint test' "$outcome" "$(sed 's/\x1b\[[0-9;]*m//g' "$log" | awk '
    / in [0-9.]+s/ { for (i = 2; i <= NF; i++) if ($i ~ /^(passed|failed|skipped|error)/) {
      word = $i; gsub(/[^a-z]/, "", word); n[word] += $(i - 1) } }
    END { printf "%d passed, %d failed, %d skipped", n["passed"], n["failed"] + n["error"] + n["errors"], n["skipped"] }')"
}

make_run
make_lint_test
! cut -f 4 "$results" | grep -qvx ok

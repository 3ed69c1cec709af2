#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs fuzz targets that build.sh has built, one after the other, and prints a table of what they did.
#   Tests/fuzz/run.sh [SECONDS] [NAME ...]    SECONDS for each target; 0: the kept inputs alone; no names: all targets
# Findings, where there are any, are in build/fuzz/findings; then the status is 1.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$root/build/fuzz
seconds=${1:-0}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(cd "$root/Tests/fuzz" && ls *Fuzz.swift | sed 's/Fuzz\.swift$//')
mkdir -p "$out/findings"
status=0
total=0
printf '%-14s %14s %10s %8s  %s\n' target executions a_second kept result
for name in "$@"; do
  work=$out/work/$name
  mkdir -p "$work"
  limits="-max_total_time=$seconds"
  [ "$seconds" -gt 0 ] || limits=-runs=0
  result=ok
  # New inputs go to the first folder. Swift's backtracer would hang in a crash. The timeout is wall time, and the process may
  # have the lowest priority.
  SWIFT_BACKTRACE=enable=no "$out/${name}Fuzz" "$work" "$root/Tests/fuzz/corpus/$name" $limits -print_final_stats=1 \
    -timeout=300 -rss_limit_mb=4096 -artifact_prefix="$out/findings/$name-" > "$out/$name.log" 2>&1 || result=FAILED
  [ $result = ok ] || status=1
  count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log" | tail -n 1)
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$out/$name.log" | tail -n 1)
  total=$((total + ${count:-0}))
  printf '%-14s %14s %10s %8s  %s\n' "$name" "${count:-?}" "${rate:-?}" "$(ls "$work" | wc -l)" $result
  [ $result = ok ] || tail -n 20 "$out/$name.log" >&2
done
printf '%-14s %14s\n' all $total
exit $status

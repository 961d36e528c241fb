#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. The last line is "N passed, N failed".
#   scripts/test.sh [--torch DIR] [--label quick|slow] [--format]    --format: also check clang-format, and make warnings errors
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

label=()
format=0
arguments=()
while (($#)); do
  case $1 in
    --label) label=(--label-regex "${2:?--label needs quick or slow}"); shift 2 ;;
    --format) format=1; shift ;;
    *) arguments+=("$1"); shift ;;
  esac
done

((format)) && arguments+=(--strict)
scripts/setup.sh "${arguments[@]}"
if ((format)); then
  git ls-files '*.h' '*.cc' | xargs clang-format --dry-run --Werror
fi
log=build/release/test.log
status=0
ctest --test-dir build/release -j"$(nproc)" --output-on-failure "${label[@]}" >"$log" 2>&1 || status=$?
if ((status)); then cat "$log"; fi
# A test program says how many tests it runs before it runs them: what a crash leaves undone has failed.
outputs=build/release/Testing/Temporary/LastTest.log
count() { grep -cE "$1" "$outputs" || true; }
passed=$(count '^\[       OK \]')
skipped=$(count '^\[  SKIPPED \] .* ms\)$')
total=$(awk '/^\[=+\] Running [0-9]+ tests? / { total += $3 } END { print total + 0 }' "$outputs")
((skipped == 0)) || echo "$skipped skipped"
echo "$passed passed, $((total - passed - skipped)) failed"
((status == 0 && total > 0))

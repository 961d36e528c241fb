#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. The last line is "N passed, N failed"; what keeps the tests from running is a failure.
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

fail() {
  echo "test.sh: $1"
  echo "0 passed, 1 failed"
  exit 1
}

((format)) && arguments+=(--strict)
scripts/setup.sh "${arguments[@]}" || fail "the set-up or the build failed, so no test ran"
if ((format)); then
  git ls-files '*.h' '*.cc' | xargs clang-format --dry-run --Werror || fail "clang-format would change files, so no test ran"
fi
log=build/release/test.log
outputs=build/release/Testing/Temporary/LastTest.log
rm -f "$outputs"
status=0
ctest --test-dir build/release -j"$(nproc)" --output-on-failure "${label[@]}" >"$log" 2>&1 || status=$?
if ((status)); then cat "$log"; fi
[[ -f $outputs ]] || fail "ctest ran no test"
# A program says how many tests it runs before it runs them: what a crash leaves undone has failed. One that fails without a failed
# test, since it did not start or broke outside of them, is one failure itself.
read -r passed skipped failed < <(awk '
  function end_program() { failed += left > 0 ? left : programs && (!said || broken); left = said = broken = 0 }
  /^[0-9]+\/[0-9]+ Testing: / { end_program(); ++programs }
  /^\[=+\] Running [0-9]+ tests? / { left += $3; said = 1 }
  /^\[       OK \]/ { ++passed; --left }
  /^\[  SKIPPED \] .* ms\)$/ { ++skipped; --left }
  /^Test Failed\.$/ { broken = 1 }
  END { end_program(); print passed + 0, skipped + 0, failed + 0 }' "$outputs")
((passed + skipped + failed > 0)) || fail "ctest ran no test"
((status == 0 || failed)) || failed=1
((skipped == 0)) || echo "$skipped skipped"
echo "$passed passed, $failed failed"
((failed == 0))

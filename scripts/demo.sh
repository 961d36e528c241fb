#!/usr/bin/env bash
# From a bare machine to a model that draws what a sentence says. Run again, it skips what is done.
#   scripts/demo.sh [--torch DIR]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh --target tessera "$@"
tessera=build/release/tessera
run=runs/shapes

if [[ ! -f $run/eval.json ]]; then
  "$tessera" train recipes/shapes.toml --out "$run" --resume
  "$tessera" eval "$run"
fi
[[ -f $run/pictures/docs.jsonl ]] ||
  "$tessera" generate "$run" 'a large red circle left of a small blue square' --count 16 --out "$run/pictures" >/dev/null
[[ -f $run/report.html ]] || "$tessera" report "$run"
sheet=$(ls "$run"/samples/step-*.png | tail -1)
cat <<END

What to look at:
  $run/report.html          the run on one page: losses, measures, pictures
  $sheet   pictures for captions that it had not seen
  $run/pictures/sheet.png   a large red circle left of a small blue square, sixteen times
What to try:
  $tessera generate $run 'a small green square above a large yellow circle' --count 16 --out drawn
  $tessera generate $run drawn/images/000000_1.png --out said
  $tessera probe $run
END

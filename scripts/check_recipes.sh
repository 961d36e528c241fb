#!/usr/bin/env bash
# Trains recipes again from nothing, evaluates them, and holds the results against what their headers state in lines such as
#   # expect scene_accuracy >= .98
#   # expect gmm/scene_accuracy >= .40     of a study: the mean of an arm
# Commands in lines such as "# before scripts/draw_glyphs.py runs/glyphs" are run first; "# with --from runs/shapes" are words for train.
# A study with a line such as "# cheap --grid seed=1" belongs to the cheap ones, which --cheap runs with the arguments of that line: 9
# minutes of one core together. Prints measured against expected; exits 1 if one misses. Takes as long as the recipes do.
#   scripts/check_recipes.sh [NAME...] [path=value...]   recipes/NAME.toml, such as studies/heads; default: shapes. Keys to change in each
#   scripts/check_recipes.sh --cheap
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export tessera=${TESSERA:-build/release/tessera}
python=.venv/bin/python
[[ -x $python ]] || python=python3
names=()
changes=()
for word; do
  if [[ $word == *=* ]]; then changes+=("$word"); else names+=("$word"); fi
done
((${#names[@]})) || names=(shapes)
cheap=false
if [[ ${1:-} == --cheap ]]; then
  cheap=true
  mapfile -t names < <(cd recipes && grep -l '^# cheap' studies/*.toml | sed 's/\.toml$//')
fi

[[ -x $tessera ]] || { echo "check_recipes.sh: no $tessera; run scripts/setup.sh first" >&2; exit 2; }
for name in "${names[@]}"; do
  [[ -f recipes/$name.toml ]] || { echo "check_recipes.sh: no recipes/$name.toml; there are:" recipes/*.toml >&2; exit 2; }
  grep -q '^# expect ' "recipes/$name.toml" ||
    { echo "check_recipes.sh: recipes/$name.toml states nothing to expect, in lines such as '# expect scene_accuracy >= .98'" >&2; exit 2; }
done

# Prints the table of one recipe; fails if a number misses.
compare() {
  "$python" - "$1" "$2" <<'PYTHON'
import json, operator, sys
recipe, measured = sys.argv[1], json.load(open(sys.argv[2]))
for arm in measured.get("arms", []):
    measured |= {f"{arm['name']}/{name}": spread["mean"] for name, spread in arm["measures"].items()}
tests = {">=": operator.ge, "<=": operator.le}
right = True
for line in open(recipe):
    if line.startswith("# expect "):
        name, sign, bound = line.split()[2:5]
        value = measured.get(name)
        passes = value is not None and tests[sign](value, float(bound))
        right &= passes
        shown = "missing" if value is None else f"{value:.4g}"
        print(f"  {name:<44} {shown:>9}   expected {sign} {bound:<8} {'ok' if passes else 'MISSES'}")
sys.exit(not right)
PYTHON
}

status=0
for name in "${names[@]}"; do
  begun=$SECONDS
  bash -euc "$(sed -n 's/^# before //p' "recipes/$name.toml")" >&2
  run=runs/check/$name
  rm -rf "$run"
  measured=$run/eval.json
  read -ra arguments < <(sed -n 's/^# with *//p' "recipes/$name.toml") || true
  if [[ $name == studies/* ]]; then
    measured=$run/study.json
    $cheap && read -ra arguments < <(sed -n 's/^# cheap *//p' "recipes/$name.toml")
    ((${#changes[@]})) && arguments+=(--set "${changes[@]}")
    "$tessera" ablate "recipes/$name.toml" --out "$run" "${arguments[@]}" >&2
  else
    "$tessera" train "recipes/$name.toml" "${changes[@]}" --out "$run" "${arguments[@]}" >&2
    "$tessera" eval "$run" --json >"$measured"
  fi
  echo "$name, $((SECONDS - begun)) seconds"
  compare "recipes/$name.toml" "$measured" || status=1
done
exit $status

#!/usr/bin/env bash
# Fits amed to a run of recipes/shapes.toml, which is trained if it is not there, and prints what it and samplers without a fit draw: the
# table of docs/ablations.md. 2 minutes of one core beside the training.
#   scripts/compare_samplers.sh [RUN]     default: runs/shapes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tessera=${TESSERA:-build/release/tessera}
python=.venv/bin/python
[[ -x $python ]] || python=python3
run=${1:-runs/shapes}

[[ -x $tessera ]] || { echo "compare_samplers.sh: no $tessera; run scripts/setup.sh first" >&2; exit 2; }
[[ -d $run ]] || "$tessera" train recipes/shapes.toml --out "$run" >&2
"$tessera" amed "$run" --evaluations 5 >&2
"$tessera" amed "$run" --evaluations 3 --set generate.sampler.sigma_min=0.8 >&2

measure() {
  "$tessera" eval "$run" --count 128 --json --set "${@:2}" | "$python" -c '
import json, sys
m = json.load(sys.stdin)
names = ("scene_accuracy", "template_distance", "held_out_scene_accuracy", "held_out_template_distance", "seconds_per_picture")
print(f"{sys.argv[1]:<22}" + "".join(f"{m[name]:>28.4f}" for name in names))' "$1"
}

printf '%-22s%28s%28s%28s%28s%28s\n' sampler scene_accuracy template_distance held_out_scene_accuracy held_out_template_distance seconds_per_picture
measure "amed, 5 evaluations" sampler.kind=amed sampler.steps=2 sampler.sigma_min=0.2 sampler.last_look=true
measure "amed, 3 evaluations" sampler.kind=amed sampler.steps=1 sampler.sigma_min=0.8 sampler.last_look=true
measure "midpoint, 20" sampler.kind=midpoint sampler.steps=10
measure "ddpm, 100" sampler.kind=ddpm sampler.steps=100
measure "euler, 5" sampler.kind=euler sampler.steps=5
measure "euler, 1" sampler.kind=euler sampler.steps=1

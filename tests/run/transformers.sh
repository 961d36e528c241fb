#!/usr/bin/env bash
# transformers.sh SCRIPT WORD...: a Python script of this folder in a virtual environment of its own, which sees the PyTorch of
# .venv if there is one. Exit code 77: its packages are not there, and pip cannot bring them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
venv=$root/build/venvs/transformers
if [[ ! -x $venv/bin/python ]]; then
  python=python3
  [[ ! -x $root/.venv/bin/python ]] || python=$root/.venv/bin/python
  "$python" -m venv "$venv"
  for packages in "$root"/.venv/lib/python3*/site-packages; do
    [[ ! -d $packages ]] || echo "$packages" >"$(echo "$venv"/lib/python3*/site-packages)/torch.pth"
  done
fi
"$venv/bin/python" -c 'import torch, transformers, tokenizers, safetensors' 2>/dev/null ||
  "$venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy \
    transformers==5.24.0 tokenizers==0.23.3 safetensors >&2 || exit 77
script=$1
shift
HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" "$here/$script" "$@"

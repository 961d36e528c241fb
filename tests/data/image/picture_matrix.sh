#!/usr/bin/env bash
# Makes the pictures of picture_matrix.py in the folder that is named. Pillow goes into the project's .venv, as PyTorch does in
# scripts/setup.sh. Exit code 77: Pillow is not there, and pip cannot bring it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../../.."
[[ -x .venv/bin/python ]] || python3 -m venv .venv
.venv/bin/python -c 'import numpy, PIL' 2>/dev/null ||
  .venv/bin/pip install --quiet --disable-pip-version-check numpy pillow==13.0.0 || exit 77
PYTHONDONTWRITEBYTECODE=1 exec .venv/bin/python "$here/picture_matrix.py" "$1"

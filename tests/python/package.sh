#!/usr/bin/env bash
# Installs the Python package by pip from the build folder that is named, then runs its tests and the notebook. The virtual
# environment, with pillow and scikit-build-core, stays in that folder; torch is that of .venv. Exit code 77: pip cannot be had.
set -euo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
unset OMP_NUM_THREADS
.venv/bin/python -c 'import torch, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || exit 77
venv=$build/python_venv
python=$venv/bin/python
[[ -x $python ]] || .venv/bin/python -m venv "$venv" || exit 77
packages='import site; print(site.getsitepackages()[0])'
.venv/bin/python -c "$packages" >"$("$python" -c "$packages")/project.pth"
"$python" -c 'import PIL, scikit_build_core' 2>/dev/null ||
  "$python" -m pip install --quiet --disable-pip-version-check scikit-build-core pillow || exit 77
"$python" -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps \
  -C cmake.define.TESSERA_BUILD="$build" .
PYTHONDONTWRITEBYTECODE=1 "$python" tests/python/package_test.py
"$python" examples/notebook.py

#!/usr/bin/env bash
# data_forms.py in a virtual environment of its own: data_forms.sh FOLDER OUT. Exit code 77: its packages are not there, and pip
# cannot bring them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/../../build/venvs/data_forms
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import webdataset, datasets, pyarrow' 2>/dev/null ||
  "$venv/bin/pip" install --quiet --disable-pip-version-check \
    webdataset==1.0.2 datasets==5.2.0 pyarrow==26.0.1 pillow==13.0.0 >&2 || exit 77
HF_HUB_OFFLINE=1 HF_DATASETS_CACHE=$2/cache PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" "$here/data_forms.py" "$1" "$2"

#!/usr/bin/env bash
# Installs what is missing, configures and builds: the work that demo.sh and test.sh share. Safe to run alone and again.
#   scripts/setup.sh [--torch DIR] [--strict] [--parquet] [--target NAME]
# DIR: an existing LibTorch (or its share/cmake/Torch); default: PyTorch in .venv. --strict: warnings are errors.
# --parquet: the build reads Parquet, by the libraries of pyarrow, which are installed in .venv (55 MB); later builds keep it.
# NAME: what to build, such as tessera, the program alone; default: everything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

torch_version=2.13.0
pyarrow_version=26.0.1
torch_dir=${Torch_DIR:-}
strict=OFF
parquet=
target=all
while (($#)); do
  case $1 in
    --strict) strict=ON; shift ;;
    --parquet) parquet=yes; shift ;;
    --target) target=${2:?--target needs a name}; shift 2 ;;
    --torch) torch_dir=${2:?--torch needs a folder}; shift 2 ;;
    *) echo "setup.sh: unknown argument '$1'; it takes --torch DIR, --strict, --parquet and --target NAME" >&2; exit 2 ;;
  esac
done

packages=(g++ cmake ninja-build ccache clang-format python3-venv libopencv-dev libpng-dev libjpeg-dev libtiff-dev libwebp-dev zlib1g-dev
          libsentencepiece-dev libpcre2-dev libxxhash-dev libutf8proc-dev libabsl-dev libgtest-dev libarchive-dev libtomlplusplus-dev nlohmann-json3-dev
          libcli11-dev)
optional=(libgloo-dev)  # for runs of several processes; not every release has it

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

install_packages() {
  local missing=() root=()
  ((EUID == 0)) || root=(sudo)
  for package in "${packages[@]}"; do
    installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]})); then
    echo "installing: ${missing[*]}"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
  ((EUID == 0)) || root=(sudo -n)  # nobody is asked for a password for these alone
  for package in "${optional[@]}"; do
    installed "$package" ||
      "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
      echo "not installed: $package; a build without it trains in one process"
  done
}

# Prints the folder of TorchConfig.cmake.
find_torch() {
  if [[ -n $torch_dir ]]; then
    for candidate in "$torch_dir" "$torch_dir/share/cmake/Torch"; do
      [[ -f $candidate/TorchConfig.cmake ]] && { echo "$candidate"; return; }
    done
    echo "setup.sh: no TorchConfig.cmake in '$torch_dir'; name the folder of a LibTorch" >&2
    exit 2
  fi
  [[ -x .venv/bin/python ]] || python3 -m venv .venv
  local found  # 2.13.0+cpu is a 2.13.0
  found=$(.venv/bin/python -c 'import torch; print(torch.__version__)' 2>/dev/null) || found=none
  [[ ${found%%+*} == "$torch_version" ]] ||
    .venv/bin/pip install --quiet --disable-pip-version-check "torch==$torch_version" numpy >&2
  .venv/bin/python -c 'import torch; print(torch.utils.cmake_prefix_path + "/Torch")'
}

install_pyarrow() {
  [[ -x .venv/bin/python ]] || python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check "pyarrow==$pyarrow_version"
}

install_packages
[[ -z $parquet ]] || install_pyarrow
torch=$(find_torch)
cmake --preset release -DTorch_DIR="$torch" -DTESSERA_WERROR="$strict" >build-configure.log 2>&1 || { cat build-configure.log >&2; exit 1; }
cmake --build --preset release --target "$target"

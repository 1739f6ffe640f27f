# shellcheck shell=bash
# Sourced by the other scripts: where the repository is, and how a preset is configured and built.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
jobs="$(nproc)"
export CLICOLOR_FORCE=0 DEBIAN_FRONTEND=noninteractive

say() { printf '\n== %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Warnings are errors where we know the compiler; a newer one may warn of what we have not seen,
# and a user's first build is no place to hear it.
werror_for_release() {
  case "$(c++ -dumpversion 2>/dev/null)" in
    12*) echo ON ;;
    *) echo OFF ;;
  esac
}

# configure PRESET: one set of options per build folder, whichever script calls, so that no script
# makes another one compile the same file again.
configure() {
  local -a options=()
  [[ $1 != release ]] || options+=("-DCOCHAIN_WERROR=$(werror_for_release)")
  local log
  log="$(cd "$root" && cmake --preset "$1" "${options[@]}" 2>&1)" || {
    printf '%s\n' "$log" >&2
    die "cmake --preset $1 failed"
  }
}

# build PRESET [TARGET...]
build() {
  local preset="$1"
  shift
  local -a targets=()
  (($# == 0)) || targets=(--target "$@")
  (cd "$root" && cmake --build --preset "$preset" --parallel "$jobs" "${targets[@]}")
}

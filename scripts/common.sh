# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# Sourced by the scripts beside it: where the project is, sections with times, --help.
set -euo pipefail
heddle_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$heddle_root"
mkdir -p build
heddle_jobs=${BUILD_JOBS:-$(nproc)}
heddle_section=

# Prints the comment below a script's licence line: its manual.
usage() {
  awk 'NR > 2 { if (!/^#/ || /^# shellcheck/) exit; sub(/^# ?/, ""); print }' "$0"
}

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# needs_value <what> "$@": dies unless a value follows the option that is first of the arguments.
needs_value() {
  case ${3:-} in
    '' | --*) die "$2 needs $1; see --help" ;;
  esac
}

# Time since the outermost script started.
export SCRIPT_STARTED=${SCRIPT_STARTED:-$EPOCHSECONDS}
elapsed() {
  local seconds=$((EPOCHSECONDS - SCRIPT_STARTED))
  printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

# section <what>: a heading with the time; if the script fails, it says in which section.
section() {
  heddle_section=$*
  printf '\n== [%s] %s\n' "$(elapsed)" "$*"
}

report_failure() {
  local status=$?
  if [ "$status" -ne 0 ] && [ -n "$heddle_section" ]; then
    printf '\n== [%s] FAILED: %s\n' "$(elapsed)" "$heddle_section" >&2
  fi
}
trap report_failure EXIT

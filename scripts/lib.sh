# shellcheck shell=bash
# What the walkthrough's scripts share. They run from any folder.
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

fail() { # SENTENCE [EXIT_CODE]
  echo "${0##*/}: $1" >&2
  exit "${2:-1}"
}

# The AWS CLI on the PATH knows how its user signs in; the one of `make setup` stands in where there is none.
find_aws() {
  command -v aws || command -v "$ROOT/.venv/bin/aws" ||
    fail "the AWS CLI is missing: run 'make setup' in $ROOT, or install it from https://aws.amazon.com/cli/."
}

# SAM names a SAM CLI; else the one of `make setup-sam`, which is the tested one; else the one on the PATH; else it is made.
find_sam() {
  if [[ -n ${SAM:-} ]]; then
    command -v "$SAM" || fail "SAM is set to '$SAM', which cannot be run."
  elif ! command -v "$ROOT/.venv-sam/bin/sam" && ! command -v sam; then
    command -v make >/dev/null || fail "the SAM CLI is missing: install it, or make, which sets it up; or set SAM to its path."
    make --no-print-directory -C "$ROOT" setup-sam >&2 || fail "the SAM CLI could not be set up; the message above says why."
    echo "$ROOT/.venv-sam/bin/sam"
  fi
}

# This machine, in the words of Lambda.
this_architecture() {
  case $(uname -m) in arm64 | aarch64) echo arm64 ;; *) echo x86_64 ;; esac
}

this_runtime() {
  "$(command -v "$ROOT/.venv/bin/python" || command -v python3)" -c 'import sys; print("python%d.%d" % sys.version_info[:2])'
}

group_id() { # ARGUMENTS OF THE SCRIPT
  [[ $# -eq 1 && $1 != -h && $1 != --help ]] || fail "usage: ${0##*/} GROUP_ID" 2
  [[ $1 =~ ^sg-[0-9a-f]{8,17}$ ]] || fail "'$1' is not the id of a security group, such as sg-05fe30eb67c909f27." 2
  echo "$1"
}

# What to do about an answer of the AWS CLI that says what is wrong only.
advice() { # ANSWER
  case $1 in
    *"Could not connect to the endpoint URL"*)
      [[ -z ${AWS_ENDPOINT_URL:-} ]] || echo " AWS_ENDPOINT_URL names it: is 'cloudmend local' still running there?"
      ;;
    *"specify a region"* | *"Unable to locate credentials"*)
      echo " To use the embedded AWS, paste the lines that 'cloudmend local' printed into this terminal."
      ;;
  esac
}

# Runs `aws ec2` with the arguments. Succeeds without a word, too, where EC2 answers with the error CODE.
ec2_unless() { # CODE ARGUMENT...
  local code=$1 aws errors
  shift
  aws="$(find_aws)"
  if ! errors="$("$aws" ec2 "$@" 2>&1 >/dev/null)" && [[ $errors != *"($code)"* ]]; then
    fail "${errors#$'\n'}$(advice "$errors")"
  fi
}

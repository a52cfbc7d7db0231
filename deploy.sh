#!/usr/bin/env bash
# Builds and deploys cloudmend: ./deploy.sh --help. Edit the two lines below, or pass --bucket and --region, or set
# variables of these names: a flag wins over a variable, and a variable over these lines.
given=("${S3_BUCKET:-}" "${REGION:-}")

S3_BUCKET="" # a bucket of yours, in that Region
REGION=""    # such as us-east-1

export S3_BUCKET="${given[0]:-$S3_BUCKET}" REGION="${given[1]:-$REGION}"
exec "$(dirname "${BASH_SOURCE[0]}")/scripts/deploy.sh" "$@"

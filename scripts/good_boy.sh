#!/usr/bin/env bash
# Closes by hand what bad_boy.sh opened, and nothing else: a rule narrowed to 10.0.0.0/8 stays.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

group="$(group_id "$@")"
for port in 3389 22; do
  ec2_unless InvalidPermission.NotFound revoke-security-group-ingress \
    --group-id "$group" --protocol tcp --port "$port" --cidr 0.0.0.0/0
  echo "$group: tcp/$port is not open to 0.0.0.0/0"
done

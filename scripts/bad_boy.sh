#!/usr/bin/env bash
# Opens tcp/3389 and tcp/22 of a security group to the world, for cloudmend to mend.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

group="$(group_id "$@")"
for port in 3389 22; do
  ec2_unless InvalidPermission.Duplicate authorize-security-group-ingress \
    --group-id "$group" --protocol tcp --port "$port" --cidr 0.0.0.0/0
  echo "$group: tcp/$port is open to 0.0.0.0/0"
done

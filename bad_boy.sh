#!/usr/bin/env bash
# Opens tcp/3389 and tcp/22 of a security group to the world, for cloudmend to mend: ./bad_boy.sh GROUP_ID
exec "$(dirname "${BASH_SOURCE[0]}")/scripts/bad_boy.sh" "$@"

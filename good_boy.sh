#!/usr/bin/env bash
# Closes by hand what bad_boy.sh opened: ./good_boy.sh GROUP_ID
exec "$(dirname "${BASH_SOURCE[0]}")/scripts/good_boy.sh" "$@"

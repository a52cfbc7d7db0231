#!/usr/bin/env bash
# Builds, packages and deploys template.yaml with the SAM CLI; or removes what was deployed.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<EOF
usage: deploy.sh [--bucket NAME] [--region REGION] [--stack-name NAME] [PARAMETER=VALUE ...]
       deploy.sh --remove [--yes] [--bucket NAME] [--region REGION] [--stack-name NAME]

Builds, packages and deploys cloudmend into one account and Region.

  --bucket      S3 bucket in that Region, for the packaged function   (or S3_BUCKET)
  --region      AWS Region to deploy to                               (or REGION)
  --stack-name  name of the CloudFormation stack, by default cloudmend  (or STACK_NAME)
  --remove      delete the stack and its packages; the ledger is kept
  --yes         remove without asking

Parameters are those of template.yaml, such as Mode=observe or GuardedPorts=22,3389,5432. Settings overrides any key of
the policy file, such as 'Settings=control.ebs_snapshot_public.mode=observe;control.security_group_ingress.limits.ipv4=/16'.
The AWS credentials are the ones that the AWS CLI uses; AWS_ENDPOINT_URL is honoured.
EOF
}

bucket="${S3_BUCKET:-}" region="${REGION:-}" stack="${STACK_NAME:-cloudmend}" parameters=() remove="" yes=""
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage && exit ;;
    --bucket | --region | --stack-name)
      [[ $# -ge 2 ]] || fail "$1 takes a value; see deploy.sh --help." 2
      case $1 in --bucket) bucket=$2 ;; --region) region=$2 ;; --stack-name) stack=$2 ;; esac
      shift 2
      ;;
    --remove) remove=1 && shift ;;
    --yes) yes=1 && shift ;;
    [A-Z]*=*) parameters+=("$1") && shift ;;
    *) fail "'$1' is neither an option nor PARAMETER=VALUE; see deploy.sh --help." 2 ;;
  esac
done
[[ -n $bucket ]] || fail "which bucket? Pass --bucket NAME, or set S3_BUCKET, here or at the top of deploy.sh." 2
[[ -n $region ]] || fail "which Region? Pass --region REGION, or set REGION, here or at the top of deploy.sh." 2

aws="$(find_aws)"
answer="$("$aws" s3api head-bucket --bucket "$bucket" --region "$region" 2>&1)" ||
  fail "the bucket '$bucket' cannot be used from $region (${answer//$'\n'/ }). Is it yours, and in that Region?"

# What the stack answers to a query of its description; nothing where there is no stack.
stack_has() { # QUERY
  local answer
  if answer="$("$aws" cloudformation describe-stacks --stack-name "$stack" --region "$region" \
    --query "Stacks[0].$1" --output text 2>&1)"; then
    echo "$answer"
  elif [[ $answer != *"does not exist"* ]]; then
    fail "the stack '$stack' cannot be read in $region (${answer//$'\n'/ })."
  fi
}

# Whether the arguments give a parameter, and what: the last, if several do.
given() { # NAME
  local each value="" found=1
  for each in ${parameters[@]+"${parameters[@]}"}; do
    if [[ $each == "$1="* ]]; then value="${each#*=}" found=0; fi
  done
  [[ $found == 1 ]] || echo "$value"
  return $found
}

# What a parameter will be: as the arguments give it, or as the stack keeps it; nothing where the template decides.
in_force() { # NAME
  given "$1" || sed -n "s/^$1"$'\t'"//p" <<<"$kept"
}

# A stack of somebody else's under this name would lose all that is in it.
refuse_foreign() { # WHAT_WAS_NOT_DONE
  local described
  described="$(stack_has "[StackStatus, Description]")"
  case $described in
    "" | REVIEW_IN_PROGRESS* | *$'\t'"cloudmend "*) ;; # none, one that was never deployed, one of ours
    *) fail "the stack '$stack' in $region is not cloudmend's. $1 Pass another --stack-name." 2 ;;
  esac
}

remove_stack() {
  local name ledger answer
  name="$(stack_has StackName)"
  [[ -n $name ]] || fail "there is no stack '$stack' in $region."
  refuse_foreign "Nothing was removed."
  ledger="$(stack_has "Outputs[?OutputKey=='LedgerTableName'].OutputValue")"
  if [[ -z $yes ]]; then
    read -rp "Delete the stack $stack in $region, and all that is in s3://$bucket/$stack/? [y/N] " answer ||
      fail "there is nobody to ask: pass --yes. Nothing was removed." 2
    [[ $answer == [yY]* ]] || fail "nothing was removed." 3
  fi
  "$aws" cloudformation delete-stack --stack-name "$stack" --region "$region"
  echo "Deleting the stack $stack in $region (a minute or two) ..."
  "$aws" cloudformation wait stack-delete-complete --stack-name "$stack" --region "$region" ||
    fail "CloudFormation could not delete all of it: aws cloudformation describe-stack-events --stack-name $stack --region $region says why. Its packages are still in s3://$bucket/$stack/."
  "$aws" s3 rm "s3://$bucket/$stack/" --recursive --only-show-errors --region "$region"
  cat <<EOF
Removed. What was mended stays mended. The ledger stays too, the table $ledger:
nobody can undo a mend without it. docs/operations.md says how to keep what it holds, and how to delete it.
EOF
}

# A policy that the function would refuse is not deployed: it would do nothing, event after event.
check_policy() {
  local name options=()
  [[ -x $ROOT/.venv/bin/cloudmend ]] || return 0
  for name in GuardedPorts ReplacementIpv4 ReplacementIpv6 Mode Settings; do
    options+=("--$(sed -E 's/([a-z])([A-Z])/\1-\2/g' <<<"$name" | tr '[:upper:]' '[:lower:]')" "$(in_force "$name")")
  done
  "$ROOT/.venv/bin/cloudmend" policy check "$ROOT/src/cloudmend/policy.toml" "${options[@]}" >/dev/null ||
    fail "the policy is refused; the lines above say why. Nothing was deployed." 2
}

# Its output ends with advice about files that are gone a moment later, so it is shown only if it fails.
step() { # WHAT COMMAND...
  local what=$1 said
  shift
  echo "$what ..."
  said="$("$@" 2>&1)" || {
    echo "$said" >&2
    fail "it failed at: $what. The lines above say why. Nothing was deployed."
  }
}

deploy_stack() {
  local sam runtime kept ledger
  refuse_foreign "Nothing was deployed."
  kept="$(stack_has "Parameters[].[ParameterKey, ParameterValue]")"
  check_policy
  sam="$(find_sam)" # the last, because it may take a minute
  # An AWS at an address of this machine has this machine's processor and Python.
  if [[ ${AWS_ENDPOINT_URL:-} =~ ^https?://(localhost|127\.[0-9.]+|\[::1\])([:/]|$) ]]; then
    given Architecture >/dev/null || parameters+=("Architecture=$(this_architecture)")
    given Runtime >/dev/null || parameters+=("Runtime=$(this_runtime)")
  fi
  # The archive is for one Python: the one that is given, or that the stack keeps, or that the template has.
  runtime="$(in_force Runtime)"

  export SAM_CLI_TELEMETRY="${SAM_CLI_TELEMETRY:-0}"
  cd "$ROOT"
  # Not in .aws-sam/build, from where `sam local invoke` takes what it runs.
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
  step "Building the functions" env CLOUDMEND_BUILD_PYTHON_VERSION="${runtime#python}" \
    "$sam" build --template-file template.yaml --build-dir "$folder/built"
  step "Uploading them to s3://$bucket/$stack/" "$sam" package --template-file "$folder/built/template.yaml" --output-template-file "$folder/packaged.yaml" \
    --s3-bucket "$bucket" --s3-prefix "$stack" --region "$region"
  overrides=()
  for each in ${parameters[@]+"${parameters[@]}"}; do
    [[ -n ${each#*=} ]] || each+='""' # the SAM CLI takes an empty value in quotes only
    overrides+=("$each")
  done
  echo "Deploying the stack $stack in $region ..."
  "$sam" deploy --template-file "$folder/packaged.yaml" --stack-name "$stack" --region "$region" \
    --s3-bucket "$bucket" --s3-prefix "$stack" \
    --capabilities CAPABILITY_IAM --no-confirm-changeset --no-fail-on-empty-changeset \
    ${overrides[@]+--parameter-overrides "${overrides[@]}"}
  ledger="$(stack_has "Outputs[?OutputKey=='LedgerTableName'].OutputValue")"
  cat <<EOF

cloudmend watches $region. It hears of changes through CloudTrail: the account needs a trail that logs
management events there. Try it on a security group that nothing uses:
  export AWS_DEFAULT_REGION=$region
  ./bad_boy.sh GROUP_ID
  aws ec2 describe-security-groups --group-ids GROUP_ID
What it mended, with the ids that cloudmend undo takes:
  cloudmend records --region $region --ledger ${ledger:-TABLE}
Remove it:
  ./deploy.sh --remove --bucket $bucket --region $region --stack-name $stack
EOF
}

if [[ -n $remove ]]; then remove_stack; else deploy_stack; fi

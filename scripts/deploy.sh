#!/usr/bin/env bash
# Builds, packages and deploys template.yaml with the SAM CLI.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<EOF
usage: deploy.sh [--bucket NAME] [--region REGION] [--stack-name NAME] [PARAMETER=VALUE ...]

Builds, packages and deploys cloudmend into one account and Region.

  --bucket      S3 bucket in that Region, for the packaged function   (or S3_BUCKET)
  --region      AWS Region to deploy to                               (or REGION)
  --stack-name  name of the CloudFormation stack                      (or STACK_NAME)

Parameters are those of template.yaml, such as Mode=observe or GuardedPorts=22,3389,5432.
The AWS credentials are the ones that the AWS CLI uses; AWS_ENDPOINT_URL is honoured.
EOF
}

bucket="${S3_BUCKET:-}" region="${REGION:-}" stack="${STACK_NAME:-}" parameters=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage && exit ;;
    --bucket | --region | --stack-name)
      [[ $# -ge 2 ]] || fail "$1 takes a value; see deploy.sh --help." 2
      case $1 in --bucket) bucket=$2 ;; --region) region=$2 ;; --stack-name) stack=$2 ;; esac
      shift 2
      ;;
    [A-Z]*=*) parameters+=("$1") && shift ;;
    *) fail "'$1' is neither an option nor PARAMETER=VALUE; see deploy.sh --help." 2 ;;
  esac
done
[[ -n $bucket ]] || fail "which bucket? Give --bucket NAME or set S3_BUCKET." 2
[[ -n $region ]] || fail "which Region? Give --region REGION or set REGION." 2
[[ -n $stack ]] || fail "which stack? Give --stack-name NAME or set STACK_NAME." 2

sam="$(find_sam)"
aws="$(find_aws)"
answer="$("$aws" s3api head-bucket --bucket "$bucket" --region "$region" 2>&1)" ||
  fail "the bucket '$bucket' cannot be used from $region (${answer//$'\n'/ }). Is it yours, and in that Region?"

export SAM_CLI_TELEMETRY="${SAM_CLI_TELEMETRY:-0}"
cd "$ROOT"
"$sam" build --template-file template.yaml
"$sam" package --template-file .aws-sam/build/template.yaml --output-template-file .aws-sam/packaged.yaml \
  --s3-bucket "$bucket" --s3-prefix "$stack" --region "$region"
"$sam" deploy --template-file .aws-sam/packaged.yaml --stack-name "$stack" --region "$region" \
  --s3-bucket "$bucket" --s3-prefix "$stack" \
  --capabilities CAPABILITY_IAM --no-confirm-changeset --no-fail-on-empty-changeset \
  ${parameters[@]+--parameter-overrides "${parameters[@]}"}

cat <<EOF

cloudmend watches $region. It hears of changes through CloudTrail: the account needs a trail that logs
management events there. Try it on a security group that nothing uses:
  export AWS_DEFAULT_REGION=$region
  scripts/bad_boy.sh GROUP_ID
  aws ec2 describe-security-groups --group-ids GROUP_ID
Remove it:
  $sam delete --stack-name $stack --region $region --s3-bucket $bucket --s3-prefix $stack
EOF

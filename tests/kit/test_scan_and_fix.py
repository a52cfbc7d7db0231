"""Of resources of several kinds with one name, `cloudmend fix` mends those that were named."""

from __future__ import annotations

import pytest

from cloudmend.cli.context import LookContext
from cloudmend.cli.fix.plan import plan_of
from cloudmend.cli.fix.run import asked_for, named
from cloudmend.cli.scan.run import look_everywhere
from cloudmend.controls import s3_bucket_block_public_access
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.policy.parse import parse_policy
from cloudmend.testing.bench import REGION, Bench
from cloudmend.testing.clients import ACCOUNT, embedded
from kit.specimens import SPECIMENS


@pytest.mark.parametrize(
    ("texts", "fixes"),
    [
        (["a-queue"], {"sqs_policy_public", "s3_bucket_block_public_access"}),
        ([f"arn:aws:sqs:{REGION}:{ACCOUNT}:a-queue"], {"sqs_policy_public"}),
        (["arn:aws:s3:::a-queue"], {"s3_bucket_block_public_access"}),
        (
            [f"arn:aws:sqs:{REGION}:{ACCOUNT}:a-queue", "arn:aws:s3:::a-queue"],
            {"sqs_policy_public", "s3_bucket_block_public_access"},
        ),
        ([f"arn:aws:sqs:eu-west-1:{ACCOUNT}:a-queue"], set()),
        ([f"arn:aws:sqs:{REGION}:111122223333:a-queue"], set()),
    ],
)
def test_an_arn_fixes_what_it_names_and_nothing_else_of_the_same_name(texts: list[str], fixes: set[str]) -> None:
    queue = next(each for each in SPECIMENS if each.control.id == "sqs_policy_public")
    with embedded() as aws:
        bench = Bench(aws, queue)
        bench.client("s3").create_bucket(Bucket=bench.id)
        bench.client("s3").delete_public_access_block(Bucket=bench.id)
        controls = [bench.control, s3_bucket_block_public_access.CONTROL]
        table = '[control.s3_bucket_block_public_access]\nmode = "fix"\n'
        context = LookContext(parse_policy({}, table, catalog=CATALOG), bench.clock.now(), account=ACCOUNT)
        everywhere = look_everywhere({REGION: bench.api}, controls, context, quiet=True)
    wanted = named(texts, controls)
    plan = plan_of(asked_for(everywhere, wanted), wanted)
    assert {step.target.control.id for step in plan.steps} == fixes

"""A function's output, in its log group in CloudWatch Logs, with the lines that Lambda adds."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from moto.logs.models import logs_backends

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

    from cloudmend.local.runtime.function import Invocation


def write_log(function: LambdaFunction, invocation: Invocation) -> tuple[str, ...]:
    """Appends one invocation to the function's log group, one event a line. Returns the operations that it took.

    The group is made if it is missing: the role's right to do so is not looked at.
    """
    group, stream = function.logs_group_name, f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{function.function_name}"
    backend = logs_backends[function.account_id][function.region]
    backend.ensure_log_group(group)
    is_new = stream not in backend.groups[group].streams
    if is_new:
        backend.create_log_stream(group, stream)
    now_ms = int(time.time() * 1000)
    lines = [
        f"START RequestId: {invocation.request_id} Version: $LATEST",
        *invocation.log.splitlines(),
        f"END RequestId: {invocation.request_id}",
    ]
    backend.put_log_events(group, stream, [{"timestamp": now_ms, "message": line} for line in lines])
    return ("CreateLogStream", "PutLogEvents") if is_new else ("PutLogEvents",)

"""Lambda's counts of a function in CloudWatch: its invocations, and those that failed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from moto.cloudwatch.models import cloudwatch_backends

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

    from cloudmend.local.runtime.function import Invocation


def count(function: LambdaFunction, invocation: Invocation) -> None:
    """Add an invocation to the metrics of its function."""
    dimensions = [{"Name": "FunctionName", "Value": function.function_name}]
    counted = {"Invocations": 1, "Errors": int(invocation.error is not None)}
    now = datetime.now(UTC).replace(tzinfo=None)  # moto's are naive
    cloudwatch_backends[function.account_id][function.region].put_metric_data(
        "AWS/Lambda",
        [
            {"MetricName": name, "Value": value, "Dimensions": dimensions, "Timestamp": now}
            for name, value in counted.items()
        ],
    )

"""A plugin of AWS CLI 1: every call goes to AWS_ENDPOINT_URL, and none leaves this machine.

AWS CLI 1 has endpoints of its own for sqs everywhere, and for emr, rds, docdb, neptune and health in some Regions. They
come before AWS_ENDPOINT_URL and its variants for one service, in the environment and in a file; only --endpoint-url
comes before them. Source: awscli/customizations/overridesslcommonname.py of AWS CLI 1.46.3. AWS CLI 2 has none.
S3 Control puts the account's id before the host, which not every machine takes for itself: 111122223333.localhost.

It is loaded by every `aws` command, so it imports nothing of the embedded AWS.
"""

from __future__ import annotations

import os
from typing import Any, Final
from urllib.parse import urlsplit

from cloudmend.core.loopback import without_account

_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


def awscli_initialize(hooks: Any) -> None:
    """Register the handlers below. AWS CLI 1 calls this by its name."""
    hooks.register("top-level-args-parsed", _use_the_variable)
    hooks.register("before-sign.s3-control", _without_account)
    hooks.register("before-send", _refuse_others)


def _use_the_variable(parsed_args: Any, **_: Any) -> None:
    parsed_args.endpoint_url = parsed_args.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")


def _without_account(request: Any, **_: Any) -> None:
    request.url = without_account(request.url)


def _refuse_others(request: Any, **_: Any) -> None:
    """Raise RuntimeError for another machine: some operations put a word before the endpoint's host name."""
    host = urlsplit(request.url).hostname
    if host not in _THIS_MACHINE:
        raise RuntimeError(
            f"This call would leave this machine for {host}, and the settings of cloudmend local are for the embedded "
            "AWS alone. Nothing was sent. To reach another AWS, open a terminal without these settings."
        )

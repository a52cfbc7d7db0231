"""The plugin of pytest that `cloudmend[testing]` brings: the fixture `cloudmend_local`.

pytest imports it in each project of the environment, so it imports the embedded AWS only for a test that asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

_OTHERS = ("AWS_", "CLOUDMEND_")


@pytest.fixture
def cloudmend_local() -> Iterator[EmbeddedAws]:
    """Yield an embedded AWS of the test's own. The AWS CLI and SDKs reach it alone, by variables of the environment."""
    try:
        import boto3  # type: ignore[import-untyped]

        from cloudmend.local.server import EmbeddedAws
    except ModuleNotFoundError as error:
        pytest.fail(f"The fixture cloudmend_local needs {error.name}. Run: pip install 'cloudmend[testing]'", False)
    with pytest.MonkeyPatch.context() as patch:
        for name in [each for each in os.environ if each.startswith(_OTHERS)]:
            patch.delenv(name)
        patch.setattr(boto3, "DEFAULT_SESSION", None)  # it may hold credentials of another test
        with EmbeddedAws() as aws:
            for name, value in aws.environment.items():
                patch.setenv(name, value)
            yield aws

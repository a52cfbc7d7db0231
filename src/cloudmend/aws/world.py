"""The ports of one account and Region, over botocore and the machine's clock."""

from __future__ import annotations

import os

from botocore.session import Session

from cloudmend.aws.gateway import Gateway, SystemClock, connector
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Ledger
from cloudmend.core.ports import Notifier
from cloudmend.core.world import World


def world(*, ledger: Ledger, notifier: Notifier, region: str | None = None) -> World:
    """The world of the environment's credentials, in `region` or else the environment's own.

    Raises CloudmendError where no Region is set. Credentials are looked for at the first call.
    """
    session = Session()
    region = chosen_region(session, region)
    clock = SystemClock()
    gateway = Gateway(region, connector(session, region), clock)
    return World(region=region, reader=gateway, writer=gateway, ledger=ledger, notifier=notifier, clock=clock)


def chosen_region(session: Session, region: str | None) -> str:
    """`region`, or else the environment's own. Raises CloudmendError where none is set."""
    # AWS_REGION is what Lambda and the newer SDKs set; botocore itself reads AWS_DEFAULT_REGION and the profile.
    chosen = region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
    if not chosen:
        raise CloudmendError(
            "No AWS Region is set. Pass --region, or set AWS_REGION, for example AWS_REGION=eu-west-1."
        )
    return str(chosen)

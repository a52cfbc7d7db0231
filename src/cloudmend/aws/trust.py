"""The trust store read once for all connections of a process.

urllib3 has OpenSSL parse the trust store for every connection, though the context has it already (urllib3's issue 3623,
botocore's 3171). That takes a sixth of the time that all imports take, and a mend opens up to nine connections.
"""

from __future__ import annotations

from functools import cache
from ssl import SSLContext
from threading import Lock
from typing import Any

from botocore.httpsession import create_urllib3_context


@cache
def trusting(store: str | bool) -> SSLContext:  # noqa: ARG001 - what a context has read once it trusts for ever
    """A context with botocore's own settings for one trust store, which it reads once. Threads may share it."""
    context: SSLContext = create_urllib3_context()
    read, reading = cache(context.load_verify_locations), Lock()

    def read_once(*where: Any) -> None:
        with reading:
            read(*where)

    setattr(context, "load_verify_locations", read_once)  # noqa: B010 - mypy knows it as a method
    return context


def share_trust(client: Any) -> None:
    """Let a new botocore client connect with the context of its store. botocore has no setting for that.

    Through a proxy it goes on with contexts of its own.
    """
    connections = client._endpoint.http_session  # noqa: SLF001
    context = trusting(connections._verify)  # noqa: SLF001
    connections._manager.connection_pool_kw["ssl_context"] = context  # noqa: SLF001

"""Requests as values -> calls of botocore. Generic: a new control needs nothing here.

The trust store is read once for all connections of a process. urllib3 has OpenSSL parse it for every connection, though
the context has it already (urllib3's issue 3623, botocore's 3171). That takes a sixth of the time that all imports
take, and a mend opens up to nine connections.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from ssl import SSLContext
from threading import Lock
from typing import Any, Final, TypeVar

import msgspec
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import PaginationError
from botocore.httpsession import create_urllib3_context
from botocore.parsers import ResponseParserError
from botocore.session import Session

from cloudmend.aws.ec2_answers import TOKEN, ParserFactory, row_by_row
from cloudmend.aws.errors import readable_settings, translated
from cloudmend.core.errors import AwsError
from cloudmend.core.loopback import without_account
from cloudmend.core.model import Json
from cloudmend.core.ports import NEVER, Call, Clock, Rows, Sent

# Reads after a write may lag: seconds before each further read.
_READ_AGAIN: Final = (0.1, 0.3, 0.6)

# A mend has a minute in Lambda: no call may eat it all. A sweep has as many mends under way at once as connections.
_CONFIG: Final = Config(
    max_pool_connections=40,
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 4},
    user_agent="cloudmend",  # all of it: botocore would describe this machine again with every call
)
# For what must not delay a mend, such as a notice: Lambda must have time left for the other records of the same event.
BRIEFLY: Final = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    user_agent="cloudmend",
)
_MAKING_CLIENTS: Final = Lock()
_Answer = TypeVar("_Answer")


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Gateway:
    """Reader and Writer over botocore clients of one Region. Several threads may use it at once."""

    def __init__(self, region: str, connect: Callable[[str], Any], clock: Clock) -> None:
        """`connect` gives the botocore client of a service by its name ("ec2")."""
        self._region = region
        self._connect = connect
        self._clock = clock

    def begin(self, read: Callable[[], _Answer]) -> Callable[[], _Answer]:
        return cache(read)

    def client(self, service: str) -> Any:
        """Return the botocore client of a service."""
        return self._connect(service)

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        try:
            return self.call(call)
        except AwsError as error:
            if error.code in absent:
                return absent[error.code]
            raise

    def rows(self, request: Sent, key: str, *, enough: Callable[[Rows], bool] = lambda _: True) -> Rows:
        rows = self._pages(request, key)
        for pause in _READ_AGAIN:
            if enough(rows):
                break
            self._clock.sleep(pause)
            rows = self._pages(request, key)
        return rows

    def lasting_rows(self, request: Sent, key: str) -> Rows:
        return self._pages(request, key)

    def stream(self, request: Sent, key: str) -> Iterator[Json]:
        with ThreadPoolExecutor(1) as ahead, translated(request.action, self._region):
            token: str | None = ""
            page = ahead.submit(self._page, request, key)
            while token is not None:
                answer, before = page.result(), token
                token = answer.get(TOKEN) or None
                if token == before:
                    raise PaginationError(message=f"{TOKEN} came twice")
                if token is not None:
                    following = msgspec.structs.replace(request, params={**request.params, TOKEN: token})
                    page = ahead.submit(self._page, following, key)
                yield from answer[key]

    def write(self, request: Sent) -> None:
        self.call(request)

    def call(self, request: Sent) -> Json:
        """The answer of any request, as botocore gives it."""
        with translated(request.action, self._region):
            client, method = self._method(request)
            answer: Json = getattr(client, method)(**request.params)
            return answer

    def _page(self, request: Sent, key: str) -> Json:
        with row_by_row(key):
            return self.call(request)

    def _pages(self, request: Sent, key: str) -> Rows:
        """Raises AwsError, which holds the rows of the pages before the one that failed."""
        rows: list[Json] = []
        try:
            rows.extend(self._each(request, key))
        except AwsError as error:
            error.rows = rows
            raise
        return rows

    def _each(self, request: Sent, key: str) -> Iterator[Json]:
        with translated(request.action, self._region):
            client, method = self._method(request)
            pages = client.get_paginator(method).paginate if client.can_paginate(method) else _one_page(client, method)
            for page in pages(**request.params):
                if key not in page and not _leaves_out_empty_lists(client):
                    raise ResponseParserError(f"an answer without {key}")
                yield from page.get(key, ())

    def _method(self, request: Sent) -> tuple[Any, str]:
        return self._connect(request.service), xform_name(request.operation)


def _leaves_out_empty_lists(client: Any) -> bool:
    """Return whether an answer has no key for a list without members: in JSON it need not have, in XML it has."""
    return client.meta.service_model.metadata["protocol"] in ("json", "rest-json")


def _one_page(client: Any, method: str) -> Callable[..., Iterator[Json]]:
    """Yield how an answer is read that has no pages: as one of them."""

    def pages(**params: Any) -> Iterator[Json]:
        yield getattr(client, method)(**params)

    return pages


def connector(session: Session, region: str, config: Config = _CONFIG) -> Callable[[str], Any]:
    """Give clients of a botocore session, by default with timeouts and retries that fit into a mend.

    A client serves several threads at once. A session does not, so each client is made once, one after the other.
    """
    session.register_component("response_parser_factory", ParserFactory())
    session.register("before-sign.s3-control", _without_account)
    clients: dict[str, Any] = {}

    def connect(service: str) -> Any:
        with _MAKING_CLIENTS:
            if service not in clients:
                with readable_settings():
                    client = session.create_client(service, region_name=region, config=config)
                share_trust(client)
                clients[service] = client
            return clients[service]

    return connect


def _without_account(request: Any, **_: Any) -> None:
    request.url = without_account(request.url)


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

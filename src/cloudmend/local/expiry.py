"""The deletion of what AWS deletes in time, and moto keeps: keys, secrets, items of tables, messages of queues."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends
from moto.sqs.models import sqs_backends

from cloudmend.local.clock import CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from moto.dynamodb.models.table import Table
    from moto.kms.models import KmsBackend
    from moto.secretsmanager.models import SecretsManagerBackend
    from moto.sqs.models import SQSBackend

# DynamoDB deletes an item within a few days of its time, and never one whose time is more than five years past.
_TTL_LAG_S: Final = timedelta(days=2).total_seconds()
_TTL_OLDEST_S: Final = timedelta(days=5 * 365).total_seconds()


def delete_expired() -> None:
    """Delete all whose time has come, in all accounts and Regions."""
    for keys in each(_itself, kms_backends):
        _delete_keys(keys)
    for secrets in each(_itself, secretsmanager_backends):
        _delete_secrets(secrets)
    for queues in each(_itself, sqs_backends):
        _delete_messages(queues)
    for table in each(lambda backend: backend.tables.values(), dynamodb_backends):
        _delete_items(table)


def each(things: Callable[[Any], Iterable[Any]], backends: Any) -> Iterator[Any]:
    """Yield the things of a service in all accounts and Regions."""
    for account in list(backends.values()):
        for backend in list(account.values()):
            yield from list(things(backend))


def _itself(backend: Any) -> Iterable[Any]:
    return (backend,)


def _delete_keys(backend: KmsBackend) -> None:
    now = CLOCK.now().replace(tzinfo=None)  # moto's moments are naive
    for key in list(backend.keys.values()):
        if key.deletion_date is not None and key.deletion_date <= now:
            backend.delete_key(key.id)


def _delete_secrets(backend: SecretsManagerBackend) -> None:
    now_s = CLOCK.now().timestamp()
    for secret in list(backend.secrets.values()):
        if isinstance(secret, FakeSecret) and secret.deleted_date is not None and secret.deleted_date <= now_s:
            backend.secrets.pop(secret.arn)


def _delete_messages(backend: SQSBackend) -> None:
    for name, queue in list(backend.queues.items()):
        for message in list(queue._messages):  # noqa: SLF001 moto forgets old ones only as they are received
            if not backend.is_message_valid_based_on_retention_period(name, message):
                queue._messages.remove(message)  # noqa: SLF001


def _delete_items(table: Table) -> None:
    name = table.ttl.get("AttributeName", "") if table.ttl["TimeToLiveStatus"] == "ENABLED" else ""
    now_s = CLOCK.now().timestamp()
    for item in table.all_items() if name else ():
        attribute = item.attrs.get(name)
        if attribute is not None and attribute.is_number() and _is_over(now_s - float(attribute.value)):
            table.delete_item(item.hash_key, item.range_key)


def _is_over(past_s: float) -> bool:
    return _TTL_LAG_S <= past_s < _TTL_OLDEST_S

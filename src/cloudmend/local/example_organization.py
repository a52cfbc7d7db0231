"""The organization of `cloudmend local --organization`: a management account, a hub, and three members in two OUs.

Each account has an administrator with a key of its own. Their ids are always the same, so that a page can name them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from moto.account.models import account_backends
from moto.cloudtrail.models import cloudtrail_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.organizations import utils
from moto.organizations.models import OrganizationsBackend, organizations_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.identity import EXAMPLE_ACCESS_KEY, EXAMPLE_SECRET_KEY, create_administrator
from cloudmend.local.organizations_service import give_rights
from cloudmend.local.trails import FIRST_TRAIL

MANAGEMENT: Final = "management"
# By organizational unit: the name and the id of each account.
UNITS: Final[Mapping[str, Mapping[str, str]]] = {
    "production": {"hub": "777788889999", "payments": "555566667777"},
    "sandbox": {"trial": "222233334444", "playground": "333344445555"},
}
_ROLE: Final = "OrganizationAccountAccessRole"
# By partition: two Regions that an account has without asking for them.
_REGIONS: Final = {
    "aws": ("us-east-1", "eu-west-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of the AWS CLI and the SDKs: an account, a Region, and the key of the account's administrator."""

    name: str
    account: str
    region: str
    access_key: str
    secret_key: str

    @property
    def section(self) -> str:
        """The profile's section in a file that AWS_CONFIG_FILE names."""
        settings = {
            "region": self.region,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
        }
        return "".join([f"[profile {self.name}]\n", *(f"{key} = {value}\n" for key, value in settings.items())])


def create_organization(region: str) -> tuple[Profile, ...]:
    """Create the organization, and make the first trail its trail. Return two profiles of each account.

    One has the Region given. The other has another Region, and its name ends with it: "hub", "hub-eu-west-1".
    """
    partition = partition_of(region).id
    backend: OrganizationsBackend = organizations_backends[DEFAULT_ACCOUNT_ID][partition]
    backend.create_organization(region, FeatureSet="ALL")
    backend.get_account_by_id(DEFAULT_ACCOUNT_ID).name = MANAGEMENT
    (root,) = (each for each in backend.ou if each.type == "ROOT")
    keys = {MANAGEMENT: (DEFAULT_ACCOUNT_ID, EXAMPLE_ACCESS_KEY, EXAMPLE_SECRET_KEY)}
    for unit, accounts in UNITS.items():
        made = backend.create_organizational_unit(ParentId=root.id, Name=unit)["OrganizationalUnit"]["Id"]
        for name, account in accounts.items():
            _create_account(backend, name, account)
            backend.move_account(AccountId=account, SourceParentId=root.id, DestinationParentId=made)
            keys[name] = (account, *create_administrator(region, account))
    cloudtrail_backends[DEFAULT_ACCOUNT_ID][region].trails[FIRST_TRAIL].is_org_trail = True
    return tuple(_profiles(keys, region))


def _create_account(backend: OrganizationsBackend, name: str, account: str) -> None:
    with _with_id(account):
        backend.create_account(AccountName=name, Email=f"{name}@example.com")
    give_rights(account, backend.partition, _ROLE)
    account_backends[account][backend.partition].put_alternate_contact(
        alternate_contact_type="SECURITY",
        email_address=f"security+{name}@example.com",
        name=f"Security of {name}",
        phone_number="+1-555-0100",
        title="Security team",
    )


@contextmanager
def _with_id(account: str) -> Iterator[None]:
    """Have moto give the next account this id, and not a random one."""
    random_id = utils.make_random_account_id
    utils.make_random_account_id = lambda: account
    try:
        yield
    finally:
        utils.make_random_account_id = random_id


def _profiles(keys: Mapping[str, Sequence[str]], region: str) -> Iterator[Profile]:
    other = next(each for each in _REGIONS[partition_of(region).id] if each != region)
    for name, (account, access_key, secret_key) in keys.items():
        yield Profile(name, account, region, access_key, secret_key)
        yield Profile(f"{name}-{other}", account, other, access_key, secret_key)

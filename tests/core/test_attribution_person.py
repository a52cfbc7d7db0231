"""Whom to ask about a call, and who is a stranger to the account."""

from __future__ import annotations

from typing import Final

import pytest

from cloudmend.core.attribution import is_stranger, person, principal
from cloudmend.core.model import Actor

SSO: Final = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_3f9c0b7d51e2a486"
ROLE: Final = "arn:aws:iam::111122223333:role/deploy"
SESSION: Final = "arn:aws:sts::111122223333:assumed-role/deploy/s"


@pytest.mark.parametrize(
    ("actor", "called", "asked"),
    [
        (Actor(kind="AssumedRole", arn=SESSION, role_arn=ROLE), ROLE, ROLE),
        (
            Actor(kind="IAMUser", arn="arn:aws:iam::111122223333:user/jane"),
            *["arn:aws:iam::111122223333:user/jane"] * 2,
        ),
        (Actor(kind="IdentityCenterUser", on_behalf_of="94d0"), "94d0", "the IAM Identity Center user 94d0"),
        (Actor(kind="AWSService", invoked_by="fms.amazonaws.com"), "fms.amazonaws.com", "fms.amazonaws.com"),
        (Actor(), "", ""),
        (
            Actor(kind="AssumedRole", arn=f"{SESSION}/jane", role_arn=SSO),
            SSO,
            "jane, by IAM Identity Center with the permission set Admin",
        ),
        (
            Actor(kind="AssumedRole", arn=SESSION, role_arn=ROLE, source_identity="jane"),
            ROLE,
            f"a session that calls itself s, of the role {ROLE}, with the source identity jane",
        ),
    ],
)
def test_a_person_is_asked_where_one_is_named_and_else_the_principal(actor: Actor, called: str, asked: str) -> None:
    assert (principal(actor), person(actor)) == (called, asked)


@pytest.mark.parametrize(
    ("actor", "is_one"),
    [
        (Actor(arn=SESSION, account="111122223333"), False),
        (Actor(arn=SESSION), False),
        (Actor(arn="of-no-account"), False),
        (Actor(arn=SESSION, account="123456789012"), True),
        (Actor(arn="arn:aws:iam::123456789012:user/x"), True),
        (Actor(account="111122223333"), True),
        (Actor(), True),
    ],
)
def test_a_stranger_is_of_another_account_or_not_known(actor: Actor, is_one: bool) -> None:
    assert is_stranger(actor, "111122223333") is is_one

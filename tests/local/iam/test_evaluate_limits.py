"""How policies limit each other, across accounts and below organizations. Each row names the page that says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Policies
from local.iam.cases import HOME, OTHER
from local.iam.policies import ALL, granted_to, in_words, policy
from local.iam.rows import (
    ACCOUNT,
    ANY,
    ASSUME,
    ASSUME_ABROAD,
    FEDERATED,
    FOR_ALL,
    FOREIGN,
    FULL,
    KEY,
    KEYS,
    LINKED,
    NEVER,
    NOBODY,
    OBJECT,
    OTHERS,
    PROVIDER,
    ROLE,
    SERVICE,
    USER,
    Row,
)

LIST = f"arn:aws:ec2:us-east-1:{OTHER}:prefix-list/pl-1"
FOREIGN_LIST = AccessRequest("ec2:GetManagedPrefixListEntries", LIST)
ROWS = [
    # KMS keys and trust policies
    Row("resource policies: a KMS key's policy has to allow", KEY, USER, Policies([ANY]), "no resource"),
    Row(
        "resource policies: a KMS key's policy that names the account",
        KEY,
        USER,
        Policies([ANY], resource=granted_to(ACCOUNT)),
        "allowed by identity",
    ),
    Row(
        "resource policies: the account alone is not enough",
        KEY,
        USER,
        Policies(resource=granted_to(ACCOUNT)),
        "no identity",
    ),
    Row(
        "resource policies: a KMS key's policy that names the user",
        KEY,
        USER,
        Policies(resource=granted_to(USER.arn)),
        "allowed by resource",
    ),
    Row(
        "resource policies: only those of KMS",
        AccessRequest("payment-cryptography:GetKey", f"arn:aws:payment-cryptography:us-east-1:{HOME}:key/1"),
        USER,
        Policies([ANY]),
        "allowed by identity",
    ),
    Row("resource policies: KMS without a key", KEYS, USER, Policies([ANY]), "allowed by identity"),
    Row(
        "resource policies: a trust policy has to allow",
        ASSUME,
        USER,
        Policies([ANY], resource=granted_to(OTHER)),
        "no trust",
    ),
    Row(
        "resource policies: a trust policy that names the account",
        ASSUME,
        ROLE,
        Policies([ANY], resource=granted_to(ACCOUNT)),
        "allowed by identity",
    ),
    Row(
        "resource policies: a trust policy that names the role",
        ASSUME,
        ROLE,
        Policies(resource=granted_to(ROLE.issuer)),
        "allowed by trust",
    ),
    Row(
        "resource policies: a trust policy denies",
        ASSUME,
        ROLE,
        Policies([ANY], resource=granted_to("*", effect="Deny")),
        "denied by trust",
    ),
    Row(
        "principal: a role trusts a service",
        ASSUME,
        SERVICE,
        Policies(resource=policy({**ALL, "Principal": {"Service": SERVICE.arn}})),
        "allowed by trust",
    ),
    Row(
        "principal: a role trusts another service",
        ASSUME,
        SERVICE,
        Policies(resource=policy({**ALL, "Principal": {"Service": "ec2.amazonaws.com"}})),
        "no trust",
    ),
    Row(
        "principal: a role trusts an identity provider",
        replace(ASSUME, action="sts:AssumeRoleWithWebIdentity"),
        PROVIDER,
        Policies(resource=policy({**ALL, "Principal": {"Federated": PROVIDER.arn}})),
        "allowed by trust",
    ),
    # Across accounts
    Row("cross-account: the identity policy alone", FOREIGN, USER, Policies([ANY]), "no resource"),
    Row(
        "cross-account: the resource's policy alone",
        FOREIGN,
        USER,
        Policies(resource=granted_to(USER.arn)),
        "no identity",
    ),
    Row("cross-account: both", FOREIGN, USER, Policies([ANY], resource=granted_to(USER.arn)), "allowed by identity"),
    Row(
        "cross-account: the account and an identity policy",
        FOREIGN,
        USER,
        Policies([ANY], resource=granted_to(HOME)),
        "allowed by identity",
    ),
    Row(
        "cross-account: a session's ARN within boundary",
        FOREIGN,
        ROLE,
        Policies([ANY], boundary=OTHERS, resource=granted_to(ROLE.arn)),
        "no boundary",
    ),
    Row(
        "cross-account: a role of another account",
        ASSUME_ABROAD,
        ROLE,
        Policies([ANY], resource=granted_to(ACCOUNT)),
        "allowed by identity",
    ),
    Row(
        "cross-account: such a role without an identity policy",
        ASSUME_ABROAD,
        ROLE,
        Policies(resource=granted_to(ROLE.issuer)),
        "no identity",
    ),
    # Boundaries, session policies
    Row("boundaries: they grant nothing", OBJECT, USER, Policies(boundary=ANY), "no identity"),
    Row("boundaries: they allow", OBJECT, USER, Policies([ANY], boundary=ANY), "allowed by identity"),
    Row("boundaries: they limit", OBJECT, USER, Policies([ANY], boundary=OTHERS), "no boundary"),
    Row("session policies: they grant nothing", OBJECT, ROLE, Policies(session=[ANY]), "no identity"),
    Row("session policies: they limit", OBJECT, ROLE, Policies([ANY], session=[OTHERS]), "no session"),
    Row(
        "session policies: one of several", OBJECT, ROLE, Policies([ANY], session=[OTHERS, ANY]), "allowed by identity"
    ),
    Row("session policies: one denies", OBJECT, ROLE, Policies([ANY], session=[ANY, NEVER]), "denied by session"),
    Row("GetFederationToken: nothing without a session policy", OBJECT, FEDERATED, Policies([ANY]), "no session"),
    Row("GetFederationToken: with one", OBJECT, FEDERATED, Policies([ANY], session=[ANY]), "allowed by identity"),
    # Organizations
    Row("SCPs: each level has to allow", OBJECT, USER, Policies([ANY], scps=[FULL, [], FULL]), "no scp"),
    Row("SCPs: a denial on any level", OBJECT, USER, Policies([ANY], scps=[[*FULL, NEVER], FULL]), "denied by scp"),
    Row("SCPs: they grant nothing", OBJECT, USER, Policies(scps=[FULL]), "no identity"),
    Row(
        "SCPs: not in the management account",
        OBJECT,
        replace(USER, management=True),
        Policies([ANY], scps=[[NEVER]]),
        "allowed by identity",
    ),
    Row("SCPs: no service-linked role", OBJECT, LINKED, Policies([ANY], scps=[[NEVER]]), "allowed by identity"),
    Row(
        "SCPs: no service by itself",
        ASSUME,
        SERVICE,
        Policies(resource=policy({**ALL, "Principal": {"Service": SERVICE.arn}}), scps=[[NEVER]]),
        "allowed by trust",
    ),
    Row(
        "SCPs: a resource's policy is no way around",
        OBJECT,
        USER,
        Policies(resource=granted_to(USER.arn), scps=[[OTHERS]]),
        "no scp",
    ),
    Row(
        "RCPs: a denial",
        OBJECT,
        USER,
        Policies([ANY], rcps=[FOR_ALL, [*FOR_ALL, granted_to("*", effect="Deny")]]),
        "denied by rcp",
    ),
    Row(
        "RCPs: strangers too",
        FOREIGN,
        NOBODY,
        Policies(resource=granted_to("*"), rcps=[[*FOR_ALL, granted_to("*", effect="Deny")]]),
        "denied by rcp",
    ),
    Row(
        "RCPs: no service-linked role",
        OBJECT,
        LINKED,
        Policies([ANY], rcps=[[granted_to("*", effect="Deny")]]),
        "allowed by identity",
    ),
    # What has no policy, because its owner shares it through RAM
    Row("RAM: what another account shares is EC2's", FOREIGN_LIST, USER, Policies([ANY]), "allowed by identity"),
    Row("RAM: the identity policies decide", FOREIGN_LIST, USER, Policies([OTHERS]), "no identity"),
    Row("RAM: not to nobody", FOREIGN_LIST, NOBODY, Policies(), "no resource"),
    # Nobody, and what everybody may
    Row("principal: anonymous requests", OBJECT, NOBODY, Policies(resource=granted_to("*")), "allowed by resource"),
    Row(
        "principal: anonymous is not in the account", OBJECT, NOBODY, Policies(resource=granted_to(HOME)), "no resource"
    ),
    Row(
        "GetCallerIdentity: needs no right",
        AccessRequest("sts:GetCallerIdentity", "*"),
        USER,
        Policies([NEVER], scps=[[NEVER]]),
        "allowed by identity",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.page)
def test_the_policies_limit_as_the_page_says(row: Row) -> None:
    assert in_words(evaluate(row.request, row.caller, row.policies)) == row.decision


@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "STS:assumerole"])
def test_what_is_done_to_a_role_to_assume_it_needs_its_trust(action: str) -> None:
    request = replace(ASSUME, action=action)
    assert in_words(evaluate(request, USER, Policies([ANY], resource=granted_to(OTHER)))) == "no trust"
    assert in_words(evaluate(request, USER, Policies([ANY], resource=granted_to(HOME)))) == "allowed by identity"


@pytest.mark.parametrize("action", ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"])
def test_an_identity_provider_needs_the_trust_of_a_role(action: str) -> None:
    trust = policy({**ALL, "Principal": {"Federated": PROVIDER.arn}})
    request = replace(ASSUME, action=action)
    assert in_words(evaluate(request, PROVIDER, Policies(resource=trust))) == "allowed by trust"
    assert in_words(evaluate(request, PROVIDER, Policies(resource=granted_to(HOME)))) == "no trust"

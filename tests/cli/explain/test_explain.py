"""`cloudmend explain` over an account in memory, and what its user may type wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.test_main import NOWHERE, ROOT, cloudmend
from cloudmend.cli.context import LookContext
from cloudmend.cli.explain.run import Place, explain_event, explain_id, place_in, write
from cloudmend.core.errors import CloudmendError, EventError
from cloudmend.core.policy.model import Policy
from cloudmend.local.ec2.checks import Ec2Error
from engine.test_look import exempted, inputs
from support import ACCOUNT, NOW, REGION, VPC, Account, event, ipv4, policy

WORLD = ipv4(22, "0.0.0.0/0")
LIMIT = "1,048,576"


def explained(account: Account, subject: str, policy_: Policy | None = None) -> str:
    return "\n".join(explain_id(subject, LookContext(policy_ or policy(), NOW), Place(REGION, account.world.reader)))


def explained_event(account: Account, raw: object, policy_: Policy | None = None) -> str:
    place = Place(REGION, account.world.reader)
    return "\n".join(explain_event(raw, LookContext(policy_ or policy(), NOW), lambda _: place))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (
            {"account": "444455556666"},
            f"account 444455556666, and your credentials belong to account {ACCOUNT}, so it",
        ),
        ({"region": "us-east-1"}, f"It was made in us-east-1, and --region is {REGION}, so it cannot be judged"),
    ],
)
def test_an_event_of_another_account_or_region_is_not_explained_by_what_is_here(
    place: dict[str, str], said: str
) -> None:
    account = Account()
    raw = {**event(account.group(WORLD)), **place}
    context, here = LookContext(policy(), NOW, account=ACCOUNT), Place(REGION, account.world.reader)
    account.calls.clear()
    told = "\n".join(explain_event(raw, context, lambda _: here))
    assert said in told
    assert "nothing to close" not in told
    assert account.calls == []


def test_an_event_whose_resources_cannot_be_listed_does_not_lead_to_nothing() -> None:
    account = Account()

    def refused(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.")

    account.groups.before["GetManagedPrefixListAssociations"] = refused
    request = {"ModifyManagedPrefixListRequest": {"PrefixListId": "pl-0123456789abcdef0"}}
    told = explained_event(account, event("", "ModifyManagedPrefixList", requestParameters=request))
    assert "pl-0123456789abcdef0, which leads to nothing that could be looked at." in told
    assert "not all of its groups were looked at" in told


def test_a_timed_exemption_is_told_of_the_rule_that_it_leaves_open() -> None:
    account = Account()
    group_id = account.group(WORLD, ipv4(3389, "0.0.0.0/0"))
    ssh = rule_id(account, group_id, 22)
    account.ledger.exempt(exempted(group_id, ssh))
    context = LookContext(policy(), NOW, inputs(account))
    told = "\n".join(explain_id(group_id, context, Place(REGION, account.world.reader)))
    assert f"{ssh} is left open (exempt: exempt-1a2b3c4d, by net until 2026-11-24 09:00 UTC: No VPN yet)." in told
    assert f"{rule_id(account, group_id, 3389)} would become tcp/3389 from 10.0.0.0/8" in told


def rule_id(account: Account, group_id: str, port: int) -> str:
    (found,) = [r for r in account.rules(group_id) if not r["IsEgress"] and r["FromPort"] == port]
    return str(found["SecurityGroupRuleId"])


@pytest.mark.parametrize(
    ("permission", "said"),
    [
        (WORLD, "at fault, because tcp/22 from 0.0.0.0/0 opens tcp/22 to 3,685,481,472 public addresses; the limit"),
        (ipv4(443, "0.0.0.0/0"), "does not count, because none of the guarded ports is in tcp/443."),
        (ipv4(22, "54.0.0.0/24"), "counts with 256 public addresses, and is not at fault."),
        (ipv4(22, "10.0.0.0/8"), "does not count, because 10.0.0.0/8 holds no public address."),
        (ipv4(22, "52.0.0.0/16"), "does not count, because all public addresses of 52.0.0.0/16 are trusted."),
    ],
)
def test_it_says_of_a_rule_whether_it_counts_and_why(permission: dict[str, Any], said: str) -> None:
    account = Account()
    assert said in explained(
        account, account.group(permission), policy("control.security_group_ingress.trusted.ipv4 = ['52.0.0.0/8']")
    )


def test_another_group_as_the_source_does_not_count() -> None:
    account = Account()
    other = account.group()
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": other}]}
    told = explained(account, account.group(permission))
    assert f"tcp/22 from {other}: does not count, because its source is a security group" in told


def test_a_prefix_list_of_aws_is_trusted_or_counts_as_its_entries() -> None:
    account = Account()
    lists = account.ec2.describe_managed_prefix_lists()["PrefixLists"]
    list_id = next(row["PrefixListId"] for row in lists if row["OwnerId"] == "AWS")
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": list_id}]}
    group_id = account.group(permission)
    assert f"because AWS itself owns {list_id}, and the policy trusts such" in explained(account, group_id)
    assert "AWS itself owns" not in explained(
        account, group_id, policy("control.security_group_ingress.aws_prefix_lists = 'resolved'")
    )


def test_it_adds_up_what_opens_a_port_and_compares_it_with_the_limit() -> None:
    account = Account()
    group_id = account.group(ipv4(22, "54.0.0.0/24"), ipv4((20, 30), "54.0.0.128/25", "55.0.0.0/24"))
    told = explained(account, group_id, policy("control.security_group_ingress.guarded = ['22-25']"))
    assert f"tcp/22 is open to 512 public IPv4 addresses, within the limit of {LIMIT}, by sgr-" in told
    assert told.endswith(
        f"{group_id} is not at fault: no guarded port (tcp/22-25) is open to more than {LIMIT} public IPv4 or 2^88 "
        "public IPv6 addresses; nothing would be done."
    )
    assert "tcp/22 is open to 512 public IPv4 addresses, more than the limit of 256" in explained(
        account,
        group_id,
        policy(
            "control.security_group_ingress.guarded = ['22-25']\ncontrol.security_group_ingress.limits.ipv4 = '/24'"
        ),
    )


def test_it_says_what_would_be_done_and_by_which_line_of_the_policy() -> None:
    account = Account()
    group_id = account.group(WORLD)
    rule = rule_id(account, group_id, 22)
    assert f"{rule} would become tcp/22 from 10.0.0.0/8 (mode.default is fix)." in explained(account, group_id)
    observed = explained(account, group_id, policy(f"mode.vpc.{VPC.id} = 'observe'"))
    assert f"{rule} is only reported (mode.vpc.{VPC.id} is observe), otherwise would become" in observed


def test_it_says_why_a_rule_would_be_revoked() -> None:
    account = Account()
    told = explained(account, account.group(ipv4(22, "128.0.0.0/1")))
    assert "revoked because 10.0.0.0/8 does not lie inside 128.0.0.0/1" in told


def test_of_one_rule_it_tells_nothing_of_the_others() -> None:
    account = Account()
    group_id = account.group(WORLD, ipv4(443, "0.0.0.0/0"))
    told = explained(account, rule_id(account, group_id, 443))
    assert "none of the guarded ports is in tcp/443" in told
    assert "is not at fault: nothing would be done" in told
    assert "at fault, because" not in told


def test_an_egress_rule_does_not_count() -> None:
    account = Account()
    (egress,) = account.rules(account.group())
    assert "is an egress rule, and egress does not count" in explained(account, egress["SecurityGroupRuleId"])


def test_a_group_without_ingress_rules_says_so() -> None:
    account = Account()
    assert "It has no ingress rule." in explained(account, account.group())


@pytest.mark.parametrize("subject", ["sg-0123456789abcdef0", "sgr-0123456789abcdef0"])
def test_an_id_of_nothing_is_said_with_the_region(subject: str) -> None:
    with pytest.raises(CloudmendError, match=f"{subject} does not exist in {REGION}"):
        explained(Account(), subject)


def test_an_event_is_told_before_the_group_that_it_leads_to() -> None:
    account = Account()
    group_id = account.group(WORLD)
    identity = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob", "userName": "bob", "accountId": ACCOUNT}
    raw = event(group_id, userIdentity=identity, sourceIPAddress="198.51.100.23", userAgent="aws-cli/2.27.0")
    first, second, third, *_ = explained_event(account, raw).splitlines()
    assert first.startswith("AuthorizeSecurityGroupIngress was called in eu-west-1 on 2026-11-24 at 06:59:58 UTC, by ")
    assert "bob" in first
    assert "through the AWS CLI" in first
    assert second == f"It points at AWS::EC2::SecurityGroup {group_id}, which leads to {group_id}."
    assert third.startswith(f"{group_id} (group-")


def test_the_exemption_of_the_caller_s_role_counts_for_its_event() -> None:
    account = Account()
    group_id = account.group(WORLD)
    role = f"arn:aws:iam::{ACCOUNT}:role/Break-Glass"
    issuer = {"sessionContext": {"sessionIssuer": {"arn": role}}}
    raw = event(group_id, userIdentity={"type": "AssumedRole", **issuer})
    exemption = f"[[exemption]]\nactor_role = '{role}'\nowner = 'us'\nreason = 'Now'\nexpires = 2030-06-30"
    assert "is left open (exempt: role" in explained_event(account, raw, policy(exemption))
    assert "would become" in explained(account, group_id, policy(exemption))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (event("sg-0123456789abcdef0"), "sg-0123456789abcdef0 does not exist in eu-west-1."),
        (event("sg-0123456789abcdef0", "CreateTags"), "No control watches such calls"),
        (event("sg-0123456789abcdef0", errorCode="Client.Denied"), "The event is ignored: Authorize"),
    ],
)
def test_an_event_that_leads_to_nothing_says_why(raw: object, said: str) -> None:
    assert said in explained_event(Account(), raw)


def test_what_a_caller_chose_is_one_line_of_what_can_be_seen() -> None:
    account = Account()
    raw = event(account.group(), userIdentity={"type": "IAMUser", "userName": "x\n\x1b[31mhttp://evil.com"})
    told = explained_event(account, raw)
    assert "\x1b" not in told
    assert "x [31mhttp://evil.com, through unknown" in told  # a terminal makes no links


def test_what_an_owner_of_an_exemption_chose_is_one_line_of_what_can_be_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(["is left open (exempt: \x1b[31mred\nAll is well)"], as_json=False)
    assert capsys.readouterr().out == "is left open (exempt: [31mred All is well)\n"


def test_an_event_may_name_a_region_that_is_none() -> None:
    with pytest.raises(CloudmendError, match=r"'evil\.com/#' is not the name of a Region"):
        place_in(None)("evil.com/#")


def test_the_region_that_the_user_names_counts_before_the_event_s() -> None:
    assert place_in("eu-west-1")("us-east-1").region == "eu-west-1"
    assert place_in(None)("us-east-1").region == "us-east-1"


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(EventError):
        explained_event(Account(), {"detail": {}})


def test_json_is_one_line_with_the_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    write(("One.", "Two."), as_json=True)
    assert json.loads(capsys.readouterr().out) == {"version": 1, "explained": ["One.", "Two."]}


def test_the_help_shows_an_example() -> None:
    assert "Example: cloudmend explain sg-" in cloudmend("explain", "--help").stdout


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("sg-XYZ!", "'sg-XYZ!' is neither an id, such as sg-05fe30eb67c909f27, nor a"),
        ("no-such.json", f"'no-such.json' is neither an id, such as sg-05fe30eb67c909f27, nor a file in {ROOT}."),
        ("events", "The event cannot be read"),
        ("pyproject.toml", "is not JSON"),
    ],
)
def test_bad_input_is_exit_2(subject: str, said: str) -> None:
    done = cloudmend("explain", subject, **NOWHERE)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_an_aws_that_does_not_answer_is_one_sentence_and_exit_1() -> None:
    done = cloudmend("explain", "sg-0123456789abcdef0", AWS_MAX_ATTEMPTS="1", **NOWHERE)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "no answer" in done.stderr

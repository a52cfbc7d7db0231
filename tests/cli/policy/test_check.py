"""`cloudmend policy check`, and where the policy of the other entries comes from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.test_main import EVENT, NOWHERE, cloudmend
from cloudmend.cli.policy.run import check
from cloudmend.core.errors import PolicyError
from cloudmend.core.network import Traffic
from cloudmend.disk.policy_file import PACKAGED, read_policy
from support import settings_in

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
POLICY = """
[control.security_group_ingress]
mode = "observe"
guarded = ["remote-admin", "udp/53"]
aws_prefix_lists = "resolved"
limits = { ipv4 = "/24", ipv6 = 1000 }
trusted.ipv4 = ["52.0.0.0/8", "54.0.0.0/7"]
replacement = { ipv4 = "vpc", ipv6 = "revoke" }

[mode]
default = "observe"
account.111122223333 = "fix"
vpc.vpc-0123456789abcdef0 = "observe"

[[exemption]]
resource = "sg-0123456789abcdef0"
owner = "network-team"
reason = "No VPN yet"
expires = 2026-11-24

[[exemption]]
account = "111122223333"
actor_role = "arn:aws:iam::111122223333:role/Break-Glass"
owner = "on-call"
reason = "Emergencies"
expires = 2026-11-24T06:59:00Z
"""
SENTENCES = """\
Guarded: tcp/22-23, tcp/512-514, tcp/3389, tcp/5900-5999, udp/53, udp/3389.
The rules of a group together may open a guarded port to 256 public IPv4 addresses (one /24) besides 52.0.0.0/8, \
54.0.0.0/7, which are trusted. With more they are at fault.
The rules of a group together may open a guarded port to 1,000 public IPv6 addresses. With more they are at fault.
An IPv4 rule at fault is narrowed to its VPC's own IPv4 block, or revoked if its source does not contain that.
An IPv6 rule at fault is revoked.
Prefix lists that AWS owns count as their entries, like any other.
A rule from a prefix list that AWS does not let cloudmend read is only reported.
A rule that is opened for the third time within an hour is narrowed again, and told with high severity.
What the first sweep of a stack finds is its baseline: only reported, until cloudmend fix --ledger TABLE accepts it.
What security_group_ingress finds is only reported.
What ebs_encryption_default, eks_endpoint_cidrs, image_block_public_access, instance_imdsv2, \
instance_metadata_defaults, kms_key_policy_public, network_acl_open, rds_instance_public, \
redshift_cluster_public, s3_account_block_public_access, s3_bucket_block_public_access, serial_console_access, \
subnet_public_ip, transit_gateway_auto_accept and vpc_block_public_access find is only reported.
What instance_owner_tag finds is not looked at.
What is at fault in VPC vpc-0123456789abcdef0 is only reported.
What is at fault in account 111122223333 is mended.
What is at fault elsewhere is only reported.
Exempt from security_group_ingress: resource sg-0123456789abcdef0, by network-team until 2026-11-24 23:59 UTC: \
No VPN yet.
No longer exempt, because it expired, from security_group_ingress: account 111122223333 and role \
arn:aws:iam::111122223333:role/Break-Glass, by on-call until 2026-11-24 06:59 UTC: Emergencies.
"""


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def test_a_policy_is_explained_in_plain_sentences(policy_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(policy_file, NOW, {}, as_json=False)
    assert capsys.readouterr().out == SENTENCES


def test_as_json_it_has_the_file_s_keys_and_which_exemptions_hold(
    policy_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(policy_file, NOW, {}, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["explained"] == SENTENCES.splitlines()
    of_groups = told["control"]["security_group_ingress"]
    assert of_groups["trusted"] == {"ipv4": ["52.0.0.0/8", "54.0.0.0/7"], "ipv6": []}
    assert of_groups["limits"] == {"ipv4": 256, "ipv6": 1000}
    assert of_groups["replacement"] == {"ipv4": "vpc", "ipv6": "revoke"}
    assert told["mode"]["account"] == {"111122223333": "fix"}
    assert [(exemption["owner"], exemption["holds"]) for exemption in told["exemption"]] == [
        ("network-team", True),
        ("on-call", False),
    ]


def test_warnings_stand_beside_what_the_policy_says_and_do_not_fail(
    policy_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy_file.write_text('[control.security_group_ingress]\nlimits.ipv4 = "/1"')
    check(policy_file, NOW, {}, as_json=False)
    told = capsys.readouterr()
    assert told.out.startswith("Guarded: ")
    assert told.err.startswith(
        f"warning: {policy_file}, line 2: control.security_group_ingress.limits.ipv4: a guarded port may be"
    )
    check(policy_file, NOW, {}, as_json=True)
    (warning,) = json.loads(capsys.readouterr().out)["warnings"]
    assert f"warning: {warning}\n" == told.err


def test_the_settings_of_a_deployment_are_checked_with_the_file() -> None:
    done = cloudmend("policy", "check", str(PACKAGED), "--replacement-ipv4", "192.186.0.0/16", "--mode", "of")
    assert done.returncode == 2
    assert done.stderr.startswith("cloudmend: CLOUDMEND_MODE (template parameter Mode): 'of' is not a mode.")
    assert "ReplacementIpv4): 192.186.0.0/16 holds 65,536 public addresses" in done.stderr
    done = cloudmend("policy", "check", str(PACKAGED), "--mode", "observe")
    assert done.stdout.endswith("What is at fault is only reported.\n")


def test_without_a_file_the_packaged_one_is_explained() -> None:
    assert cloudmend("policy", "check").stdout == cloudmend("policy", "check", str(PACKAGED)).stdout != ""


def test_any_key_can_be_set_on_the_command_line() -> None:
    settings = "control.security_group_ingress.limits.ipv4=/24;control.sqs_policy_public.mode=off"
    done = cloudmend("policy", "check", str(PACKAGED), "--settings", settings)
    assert "to 256 public IPv4 addresses (one /24)" in done.stdout
    assert "What sqs_policy_public finds is not looked at." in done.stdout
    done = cloudmend("invoke", "-e", EVENT, "--settings", "control.sqs.mode=off", **NOWHERE)
    assert done.returncode == 2
    assert "CLOUDMEND_SETTINGS (template parameter Settings): control.sqs: there is no control" in done.stderr


def test_the_packaged_policy_is_fine() -> None:
    done = cloudmend("policy", "check", str(PACKAGED))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Guarded: tcp/22, tcp/3389, udp/3389.\n")
    assert "Example: cloudmend policy check" in cloudmend("policy", "check", "--help").stdout


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_bad_policy_is_one_sentence_with_its_place_and_exit_2(policy_file: Path, options: list[str]) -> None:
    policy_file.write_text("\n[mode]\ndefault = 'of'\n")
    done = cloudmend("policy", "check", str(policy_file), *options)
    sentence = f"{policy_file}, line 3: mode.default: 'of' is not a mode."
    assert done.returncode == 2
    assert done.stderr.startswith(f"cloudmend: {sentence}")
    assert done.stderr.splitlines()[1:] == ["cloudmend: The policy was refused; nothing uses it."]
    if options:
        assert json.loads(done.stdout)["refused"][0].startswith(sentence)
    else:
        assert not done.stdout


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"no-such\.toml cannot be read \(.*No such file"):
        read_policy({}, tmp_path / "no-such.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(PolicyError, match=r"latin\.toml cannot be read \('utf-8' codec"):
        read_policy({}, tmp_path / "latin.toml")


def test_a_policy_file_may_name_every_control_that_there_is_and_settings_override_it(policy_file: Path) -> None:
    policy = read_policy({"CLOUDMEND_GUARDED_PORTS": "22"}, policy_file)
    assert settings_in(policy).guarded == (Traffic("tcp", 22, 22),)
    assert policy.modes["security_group_ingress"].default == "observe"


def test_a_file_of_an_earlier_version_is_read_and_its_reader_told_where_its_keys_belong(
    policy_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy_file.write_text('guarded = [5432]\n[mode]\ncontrol.security_group_ingress = "observe"\n')
    policy = read_policy({}, policy_file)
    assert settings_in(policy).guarded == (Traffic("tcp", 5432, 5432),)
    assert capsys.readouterr().err.splitlines() == [
        f"warning: {policy_file}, line {line}: {old}: this key has moved to control.security_group_ingress.{new}. "
        "Write it there: the next version refuses it here."
        for line, old, new in [
            (1, "guarded", "guarded"),
            (3, "mode.control.security_group_ingress", "mode"),
        ]
    ]
    assert read_policy({}) == read_policy({}, PACKAGED)
    assert capsys.readouterr().err == ""


def test_invoke_takes_a_policy_file(policy_file: Path) -> None:
    policy_file.write_text("control.security_group_ingress.guarded = []")
    done = cloudmend("invoke", "-e", EVENT, "--policy", str(policy_file), **NOWHERE)
    assert (done.returncode, "control.security_group_ingress.guarded: no port is guarded" in done.stderr) == (2, True)


def test_what_an_author_of_the_file_chose_is_one_line_of_what_can_be_seen(
    policy_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owner, reason = r"\u001b[31mred\u202e", r"No VPN yet\nWhat is at fault is mended."
    text = POLICY.replace("network-team", owner).replace("No VPN yet", reason)
    policy_file.write_text(text, encoding="utf-8")
    check(policy_file, NOW, {}, as_json=False)
    told = capsys.readouterr().out
    assert len(told.splitlines()) == len(SENTENCES.splitlines())
    assert "by [31mred until 2026-11-24 23:59 UTC: No VPN yet What is at fault is mended." in told
    assert "\x1b" not in told

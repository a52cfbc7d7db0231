"""An EKS cluster: its list as a part, what may take the place of a source, and when it is only reported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest

from cloudmend.controls.eks_endpoint_cidrs import CONTROL, Settings
from cloudmend.core.contract import Finding, State, View
from cloudmend.core.errors import PolicyError
from cloudmend.core.model import ApiCall, Json, Resource, Step
from cloudmend.core.network import AddressSet, Family, Network
from cloudmend.core.planning import Plan, calls, judge, plan, same
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.ports import Call
from cloudmend.core.target import resources
from support import ACCOUNT, NOW, REGION

CLUSTER = Resource(type="AWS::EKS::Cluster", id="prod", account=ACCOUNT, region=REGION)
READ = Call("eks", "DescribeCluster", {"name": "prod"})
WORLD, WORLD6, OFFICE, PARTNER, OFFICE6 = "0.0.0.0/0", "::/0", "198.51.100.0/24", "203.0.113.7/32", "2600:1f00::/40"
ENDPOINT = "public endpoint"


def approving(*networks: str, **more: Any) -> Settings:
    found = [ip_network(each) for each in networks]
    approved: Mapping[Family, tuple[Network, ...]] = {
        4: tuple(each for each in found if each.version == 4),
        6: tuple(each for each in found if each.version == 6),
    }
    return Settings(approved=approved, **more)


APPROVING = approving(OFFICE, OFFICE6)


class Answers:
    """A Reader that answers DescribeCluster and ListClusters, and notes what it was asked."""

    def __init__(self, config: Json | None, status: str = "ACTIVE") -> None:
        self._config, self._status = config, status
        self.asked: list[Call] = []

    def get(self, call: Call, absent: Mapping[str, Json | None]) -> Json | None:
        self.asked.append(call)
        if self._config is None:
            return absent["ResourceNotFoundException"]
        return {"cluster": {"name": "prod", "status": self._status, "resourcesVpcConfig": self._config}}

    def rows(self, call: Call, key: str) -> Any:
        self.asked.append(call)
        assert key == "clusters"
        return ["prod", "test"]


def read(*listed: str, public: bool = True, private: bool = True, status: str = "ACTIVE") -> State:
    config = {"endpointPublicAccess": public, "endpointPrivateAccess": private, "publicAccessCidrs": [*listed]}
    reader: Any = Answers(config, status)
    state = CONTROL.read(CLUSTER, reader, Settings())
    assert state
    assert reader.asked == [READ]
    return state


def view(state: State, cause: ApiCall | None = None) -> View:
    return View(resource=CLUSTER, state=state, cause=cause or call("Sweep"), now=NOW)


def found(state: State, settings: Settings = APPROVING) -> tuple[Finding, ...]:
    return judge(CONTROL, view(state), settings).counted


def planned(state: State, settings: Settings = APPROVING) -> Plan:
    due = [each for each in found(state, settings) if each.is_due]
    return plan(CONTROL, view(state), due, settings)


def put(*listed: str, settings: Settings = APPROVING) -> list[str]:
    """The list that a mend puts, after it was checked that nothing else is sent."""
    state = read(*listed)
    made = planned(state, settings)
    (sent,) = calls(CONTROL, CLUSTER, state, made.then)
    config: dict[str, list[str]] = sent.params["resourcesVpcConfig"]
    assert (sent.service, sent.operation, sent.params["name"]) == ("eks", "UpdateClusterConfig", "prod")
    assert [*sent.params, *config] == ["name", "resourcesVpcConfig", "publicAccessCidrs"]
    return config["publicAccessCidrs"]


def config(*listed: str, **more: Any) -> dict[str, Any]:
    return {"resourcesVpcConfig": {**({"publicAccessCidrs": [*listed]} if listed else {}), **more}}


def call(name: str, request: Any = None) -> ApiCall:
    return ApiCall(
        event_id="one",
        time=NOW,
        source="eks.amazonaws.com",
        name=name,
        account=ACCOUNT,
        region=REGION,
        request=request or {},
        response={},
    )


def test_the_list_of_a_public_endpoint_is_its_one_part_and_the_private_one_is_context() -> None:
    assert read(WORLD, OFFICE) == State({ENDPOINT: [WORLD, OFFICE]}, context=(True, "ACTIVE"))
    assert read(OFFICE, private=False) == State({ENDPOINT: [OFFICE]}, context=(False, "ACTIVE"))


def test_an_empty_list_or_none_means_the_world() -> None:
    assert read().parts == {ENDPOINT: [WORLD]}
    reader: Any = Answers({})
    assert CONTROL.read(CLUSTER, reader, Settings()) == State({ENDPOINT: [WORLD]}, context=(False, "ACTIVE"))


def test_a_cluster_that_eks_does_not_know_is_gone() -> None:
    reader: Any = Answers(None)
    assert CONTROL.read(CLUSTER, reader, Settings()) is None


def test_golden_case_30_nodes_behind_the_public_endpoint_keep_it_unless_they_are_approved() -> None:
    state = read(WORLD, private=False)
    (finding,) = found(state)
    assert finding.restraint.startswith("its private endpoint is off, so its nodes come through the public one")
    assert "set nodes_are_approved in control.eks_endpoint_cidrs" in finding.restraint
    held = approving(OFFICE, nodes_are_approved=True)
    assert [each.is_due for each in found(state, held)] == [True]
    assert planned(state, held).then == {ENDPOINT: [OFFICE]}


def test_golden_case_31_a_public_endpoint_that_is_off_is_clean_whatever_its_list_says() -> None:
    state = read(WORLD, public=False)
    assert (state.parts, found(state)) == ({}, ())


def test_golden_case_32_the_list_alone_is_sent_and_an_update_under_way_defers() -> None:
    assert put(WORLD) == [OFFICE]
    assert CONTROL.errors["ResourceInUseException"] == "deferred"
    assert CONTROL.errors["InvalidRequestException"] == "deferred"
    assert "InvalidParameterException" not in CONTROL.errors  # its words say why, if the list is still open


@pytest.mark.parametrize("status", ["UPDATING", "CREATING", "PENDING"])
def test_while_eks_applies_a_change_that_may_open_it_the_cluster_is_looked_at_again(status: str) -> None:
    """EKS shows the old list until then, so an event of an opening would find nothing."""
    before = read(OFFICE, status=status)
    opening = call("UpdateClusterConfig", config(OFFICE, WORLD))
    (finding,) = judge(CONTROL, view(before, opening), APPROVING).counted
    assert (finding.part, finding.is_due) == (ENDPOINT, False)
    assert finding.why == f"EKS applies a change to it, and may show its old list until then ({status})"
    assert finding.wait == "it is looked at again until the cluster is active"
    assert finding.mark == "EKS applies a change to it, and may show its old list until then"
    (later,) = judge(CONTROL, view(before), APPROVING).counted  # the look from the queue has no request
    assert (later.mark, later.wait) == (finding.mark, finding.wait)
    shown = read(OFFICE, WORLD, status=status)
    assert [each.is_due for each in judge(CONTROL, view(shown, opening), APPROVING).counted] == [True]


@pytest.mark.parametrize(
    ("public", "request_", "waits"),
    [
        (True, {"resourcesVpcConfig": {"publicAccessCidrs": [OFFICE, PARTNER]}}, False),
        (True, {"logging": {}}, False),
        (True, {"resourcesVpcConfig": {"publicAccessCidrs": []}}, True),
        (False, {"resourcesVpcConfig": {"endpointPublicAccess": True}}, True),
    ],
)
def test_a_change_that_opens_nothing_is_not_waited_for(public: bool, request_: Any, waits: bool) -> None:
    state = read(OFFICE, public=public, status="UPDATING")
    found = judge(CONTROL, view(state, call("UpdateClusterConfig", request_)), APPROVING).counted
    assert [each.wait != "" for each in found] == [True] * waits
    settled = read(OFFICE, public=public)
    assert judge(CONTROL, view(settled, call("UpdateClusterConfig", request_)), APPROVING).counted == ()


def test_golden_case_33_without_an_approved_range_it_is_only_reported() -> None:
    (finding,) = found(read(WORLD, PARTNER), Settings())
    assert (finding.part, finding.mark) == (ENDPOINT, "public endpoint from 0.0.0.0/0")
    assert finding.restraint == (
        "no approved range lies inside 0.0.0.0/0: set control.eks_endpoint_cidrs.approved.ipv4"
    )
    assert found(read("8.0.0.0/6"))[0].restraint.startswith("no approved range lies inside 8.0.0.0/6")


def test_golden_case_33_an_empty_list_is_never_sent() -> None:
    assert CONTROL.put
    assert list(CONTROL.put(CLUSTER, read(WORLD), {ENDPOINT: []})) == []
    assert list(CONTROL.put(CLUSTER, read(WORLD), {})) == []


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.168.1.0/24", "0.0.0.0/4", "fd00::/8"])
def test_golden_case_33_a_private_range_cannot_be_approved(network: str) -> None:
    family = 6 if ":" in network else 4
    example = {4: "198.51.100.0/24", 6: "2001:db8:1::/48"}[family]
    refusal = re.escape(f"{network} holds private addresses. Write a range such as {example}.")
    with pytest.raises(PolicyError, match=refusal):
        policy(f'approved.ipv{family} = ["{network}"]\n')


def test_the_approved_ranges_of_a_family_take_the_place_of_its_source_and_the_others_stay() -> None:
    both = approving(OFFICE, "198.51.101.0/24", OFFICE6)
    assert put(PARTNER, WORLD, settings=both) == [PARTNER, OFFICE, "198.51.101.0/24"]
    assert put(WORLD, WORLD6, settings=both) == [OFFICE, "198.51.101.0/24", OFFICE6]


def test_a_family_without_approved_ranges_is_reported_and_the_other_narrowed() -> None:
    state, only4 = read(WORLD, WORLD6), approving(OFFICE)
    assert [(each.mark, each.is_due) for each in found(state, only4)] == [
        ("public endpoint from 0.0.0.0/0", True),
        ("public endpoint from ::/0", False),
    ]
    assert planned(state, only4).then == {ENDPOINT: [OFFICE, WORLD6]}


def test_approved_ranges_are_trusted() -> None:
    """Else a list of approved ranges alone could be at fault, and no mend would end."""
    wide = approving("9.0.0.0/11")
    assert found(read("9.0.0.0/11", PARTNER), wide) == ()
    assert put(WORLD, settings=wide) == ["9.0.0.0/11"]
    trusting = approving(OFFICE, trusted={4: AddressSet.of([ip_network("9.0.0.0/11")]), 6: AddressSet(())})
    assert found(read("9.0.0.0/11"), trusting) == ()


def test_sources_that_are_too_wide_together_are_told_with_the_others() -> None:
    (finding,) = found(read("9.0.0.0/12", PARTNER, "8.8.8.8/32"))
    assert finding.why == (
        "public endpoint from 9.0.0.0/12 opens tcp/443 to 1,048,576 public addresses, and with its other sources to "
        "1,048,577; the limit is 1,048,576"
    )


def test_only_what_was_agreed_to_be_at_fault_is_narrowed() -> None:
    seen = view(read(WORLD, WORLD6))
    first, _ = judge(CONTROL, seen, APPROVING).counted
    assert CONTROL.mend
    assert CONTROL.mend(seen, [first], APPROVING) == {ENDPOINT: [OFFICE, WORLD6]}


@pytest.mark.parametrize(
    ("then", "narrows"),
    [([OFFICE], True), ([WORLD], True), ([OFFICE, PARTNER], True), ([WORLD, WORLD6], False), ([WORLD6], False)],
)
def test_a_plan_narrows_if_every_source_lies_inside_one_that_was_there(then: list[str], narrows: bool) -> None:
    assert CONTROL.narrows
    assert CONTROL.narrows(view(read(WORLD)), {ENDPOINT: then}) is narrows
    assert CONTROL.narrows(view(read(WORLD)), {})
    assert not CONTROL.narrows(view(read(WORLD, public=False)), {ENDPOINT: then})


def test_a_sweep_lists_the_clusters_with_one_call() -> None:
    reader: Any = Answers({})
    assert CONTROL.every
    assert list(CONTROL.every(CLUSTER, reader, Settings())) == ["prod", "test"]
    assert reader.asked == [Call("eks", "ListClusters")]


@pytest.mark.parametrize("name", ["CreateCluster", "UpdateClusterConfig"])
@pytest.mark.parametrize("key", ["name", "clusterName"])
def test_a_call_names_its_cluster_in_either_spelling(name: str, key: str) -> None:
    (found,) = resources(CONTROL, call(name, {key: "prod"}))
    assert found == CLUSTER


def test_the_right_to_write_is_of_calls_that_change_nothing_but_the_network() -> None:
    (right,) = CONTROL.writes
    assert right.conditions["Null"] == {
        "eks:authenticationMode": "true",
        "eks:blockStorageEnabled": "true",
        "eks:computeConfigEnabled": "true",
        "eks:elasticLoadBalancingEnabled": "true",
        "eks:supportType": "true",
    }
    assert CONTROL.undoes == CONTROL.writes


@pytest.mark.parametrize(
    ("before", "name", "request_", "expected"),
    [
        (None, "CreateCluster", config(), ([WORLD], False)),
        (None, "CreateCluster", config(OFFICE, endpointPrivateAccess=True), ([OFFICE], True)),
        (None, "CreateCluster", config(endpointPublicAccess=False), (None, False)),
        (None, "UpdateClusterConfig", config(OFFICE), ([OFFICE], False)),
        (None, "UpdateClusterConfig", config(endpointPrivateAccess=True), None),
        (([OFFICE], True), "UpdateClusterConfig", config(WORLD), ([WORLD], True)),
        (([OFFICE], False), "UpdateClusterConfig", config(WORLD), ([WORLD], False)),
        (([OFFICE], True), "UpdateClusterConfig", config(endpointPrivateAccess=False), ([OFFICE], False)),
        (([WORLD], True), "UpdateClusterConfig", config(endpointPublicAccess=False), (None, True)),
        ((None, True), "UpdateClusterConfig", config(OFFICE), (None, True)),
        ((None, True), "UpdateClusterConfig", config(OFFICE, endpointPublicAccess=True), ([OFFICE], True)),
        (([WORLD], True), "UpdateClusterConfig", {"logging": {}}, ([WORLD], True)),
        (([WORLD], True), "DeleteCluster", {}, None),
    ],
)
def test_a_replay_follows_the_endpoint_by_what_the_calls_say(
    before: Any, name: str, request_: Any, expected: Any
) -> None:
    def state(of: Any) -> State | None:
        return of and State({ENDPOINT: of[0]} if of[0] else {}, context=(of[1], "ACTIVE"))

    assert CONTROL.follow
    assert CONTROL.follow.step(state(before), CLUSTER, call(name, request_), NOW).state == state(expected)


def test_what_was_done_and_what_is_there_is_told_by_sources() -> None:
    assert CONTROL.did
    assert CONTROL.did(Step(ENDPOINT, [WORLD, PARTNER], [OFFICE, PARTNER])) == (
        "narrowed its public endpoint from 0.0.0.0/0 to 198.51.100.0/24"
    )
    assert CONTROL.did(Step(ENDPOINT, [WORLD, OFFICE], [OFFICE])).endswith("from 0.0.0.0/0 to its other sources")
    assert CONTROL.said([WORLD, PARTNER]) == "open to 0.0.0.0/0, 203.0.113.7/32"
    assert same(CONTROL, [WORLD, PARTNER], [PARTNER, WORLD])


def test_nothing_at_fault_says_what_was_judged() -> None:
    assert CONTROL.clear
    told = CONTROL.clear(CLUSTER, None, APPROVING)
    assert told.startswith("no guarded port of an EKS endpoint (tcp/443) is open to more than 1,048,576 public IPv4")
    assert told.endswith(", not counting trusted networks")


def policy(text: str) -> Settings:
    table = f"[control.{CONTROL.id}]\n{text}"
    found: Settings = parse_policy({}, table, catalog=Catalog(controls={CONTROL.id: CONTROL})).settings_of(CONTROL)
    return found


def test_a_policy_approves_ranges_and_says_whether_they_hold_the_nodes() -> None:
    settings = policy(
        f'limits.ipv6 = "/48"\ntrusted.ipv4 = ["8.8.8.0/24"]\napproved.ipv4 = ["{OFFICE}"]\nnodes_are_approved = true\n'
    )
    assert (settings.limits, settings.nodes_are_approved) == ({4: 1 << 20, 6: 1 << 80}, True)
    assert settings.trusted == {4: AddressSet.of([ip_network("8.8.8.0/24")]), 6: AddressSet(())}
    assert settings.approved == {4: (ip_network(OFFICE),), 6: ()}
    assert policy("") == Settings()


def test_what_is_approved_is_one_s_own_and_no_half_of_the_internet() -> None:
    wide = r"approved\.ipv4: the ranges hold more than 16,777,216 public addresses.*\. Write the networks that are your"
    with pytest.raises(PolicyError, match=wide):
        policy('approved.ipv4 = ["9.0.0.0/8", "8.8.8.8/32"]\n')
    assert policy('approved.ipv4 = ["9.0.0.0/8"]\n').approved[4] == (ip_network("9.0.0.0/8"),)
    with pytest.raises(PolicyError, match="has no mask"):
        policy('approved.ipv4 = ["8.8.8.8"]\n')
    with pytest.raises(PolicyError, match=r"is not a CIDR range.*\. Write a range such as 198\.51\.100\.0/24\."):
        policy('approved.ipv4 = ["the office"]\n')


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('trusted.ipv4 = ["the office"]', r"\.trusted\.ipv4.* is not a CIDR range"),
        ('limits.ipv4 = "/0"', r"\.limits\.ipv4: nothing would ever be at fault"),
    ],
)
def test_what_contradicts_itself_is_refused_where_it_stands(line: str, told: str) -> None:
    with pytest.raises(PolicyError, match=rf"control\.eks_endpoint_cidrs{told}"):
        policy(f"{line}\n")


def test_settings_are_told_and_written() -> None:
    keys = CONTROL.keys
    assert keys
    told = " ".join(keys.say(APPROVING))
    assert "The sources of an endpoint together may open a guarded port to 1,048,576 public IPv4 addresses" in told
    assert "A source at fault is narrowed to those of 198.51.100.0/24, 2600:1f00::/40 that lie inside it." in told
    assert told.endswith("An endpoint that nodes depend on, because the private one is off, is only reported.")
    assert " ".join(keys.say(approving(OFFICE, nodes_are_approved=True))).endswith("is off, is narrowed too.")
    assert " ".join(keys.say(Settings())).endswith("No range is approved, so an endpoint at fault is only reported.")
    assert keys.write(APPROVING) == {
        "limits": {"ipv4": 1 << 20, "ipv6": 1 << 88},
        "trusted": {"ipv4": (), "ipv6": ()},
        "approved": {"ipv4": (OFFICE,), "ipv6": (OFFICE6,)},
        "nodes_are_approved": False,
    }

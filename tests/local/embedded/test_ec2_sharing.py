"""AMIs and endpoint services as EC2 shares and lists them, where moto takes what EC2 refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from moto.ec2.models import ec2_backends

from local.embedded.helpers import ACCOUNT, client

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

PARTNER = "111122223333"
PARTNER_ROOT = f"arn:aws:iam::{PARTNER}:root"
ALL, ONE = {"Group": "all"}, {"UserId": PARTNER}


def image(ec2: Any, name: str = "an-image") -> str:
    return str(ec2.register_image(Name=name)["ImageId"])


def share(ec2: Any, image_id: str, **change: Any) -> None:
    ec2.modify_image_attribute(ImageId=image_id, Attribute="launchPermission", LaunchPermission=change)


def launchers(ec2: Any, image_id: str) -> list[dict[str, str]]:
    return list(ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")["LaunchPermissions"])


def test_an_image_is_shared_one_direction_a_call(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = image(ec2)
    share(ec2, made, Add=[ALL, ONE])
    assert launchers(ec2, made) == [ALL, ONE]
    share(ec2, made, Remove=[ALL])
    assert launchers(ec2, made) == [ONE]
    with pytest.raises(ec2.exceptions.ClientError, match="InvalidParameterCombination"):
        share(ec2, made, Add=[ALL], Remove=[ONE])


def test_the_flat_form_of_the_call_does_the_same(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = image(ec2)
    flat = {"ImageId": made, "Attribute": "launchPermission", "UserGroups": ["all"], "UserIds": [PARTNER]}
    ec2.modify_image_attribute(OperationType="add", **flat)
    assert launchers(ec2, made) == [ALL, ONE]
    ec2.modify_image_attribute(OperationType="remove", **flat)
    assert launchers(ec2, made) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Add": [{"Group": "some"}]}, "InvalidParameterValue"),
        ({"Add": [{"UserId": "abc"}]}, "InvalidAMIAttributeItemValue"),
        ({}, "MissingParameter"),
    ],
)
def test_a_change_that_says_nothing_ec2_knows_is_refused(aws: EmbeddedAws, change: Any, code: str) -> None:
    ec2 = client(aws, "ec2")
    with pytest.raises(ec2.exceptions.ClientError, match=code):
        share(ec2, image(ec2), **change)


@pytest.mark.parametrize(
    ("name", "code"), [("ami-0123456789abcdef0", "InvalidAMIID.NotFound"), ("ami-x", "InvalidAMIID.Malformed")]
)
def test_an_image_that_is_not_there_is_refused_by_each_call(aws: EmbeddedAws, name: str, code: str) -> None:
    ec2 = client(aws, "ec2")
    with pytest.raises(ec2.exceptions.ClientError, match=code):
        share(ec2, name, Add=[ALL])
    with pytest.raises(ec2.exceptions.ClientError, match=code):
        ec2.describe_images(ImageIds=[name])


def test_an_image_of_another_account_cannot_be_shared(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = image(ec2)
    ec2_backends[ACCOUNT]["us-east-1"].amis[made].owner_id = PARTNER
    with pytest.raises(ec2.exceptions.ClientError, match="AuthFailure"):
        share(ec2, made, Add=[ALL])


def test_a_public_image_is_deprecated_two_years_after_its_creation(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = image(ec2)
    (row,) = ec2.describe_images(ImageIds=[made])["Images"]
    assert (row["Public"], row.get("DeprecationTime")) == (False, None)
    share(ec2, made, Add=[ALL])
    (row,) = ec2.describe_images(ImageIds=[made])["Images"]
    assert (row["Public"], row["OwnerId"]) == (True, ACCOUNT)
    assert int(row["DeprecationTime"][:4]) == int(row["CreationDate"][:4]) + 2


def test_a_disabled_image_loses_its_sharing_and_takes_no_other(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = image(ec2)
    share(ec2, made, Add=[ALL])
    ec2.disable_image(ImageId=made)
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    (row,) = ec2.describe_images(ImageIds=[made], IncludeDisabled=True)["Images"]
    assert (row["State"], row["Public"]) == ("disabled", False)
    with pytest.raises(ec2.exceptions.ClientError, match="OperationNotPermitted"):
        share(ec2, made, Add=[ALL])


def test_a_reset_ends_all_sharing(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = image(ec2)
    share(ec2, made, Add=[ALL, ONE])
    ec2.reset_image_attribute(ImageId=made, Attribute="launchPermission")
    assert launchers(ec2, made) == []


def test_public_images_are_listed_in_pages(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = [image(ec2, f"image-{number}") for number in range(3)]
    for each in made[:2]:
        share(ec2, each, Add=[ALL])
    first = ec2.describe_images(Owners=["self"], ExecutableUsers=["all"], MaxResults=1)
    second = ec2.describe_images(Owners=["self"], ExecutableUsers=["all"], MaxResults=1, NextToken=first["NextToken"])
    assert [row["ImageId"] for row in (*first["Images"], *second["Images"])] == made[:2]
    assert "NextToken" not in second


def test_other_attributes_and_lists_by_filters_are_as_moto_answers_them(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = image(ec2)
    by_name = ec2.describe_images(Filters=[{"Name": "name", "Values": ["an-image"]}])
    assert [row["ImageId"] for row in by_name["Images"]] == [made]


def service(aws: EmbeddedAws) -> str:
    ec2 = client(aws, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    made = client(aws, "elbv2").create_load_balancer(Name="balancer", Subnets=[subnet], Type="network")
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    created = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])
    return str(created["ServiceConfiguration"]["ServiceId"])


def permissions(ec2: Any, service_id: str, **filters: str) -> list[tuple[str, str, str]]:
    asked = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    rows = ec2.describe_vpc_endpoint_service_permissions(ServiceId=service_id, Filters=asked)["AllowedPrincipals"]
    return [(row["PermissionType"], row["PrincipalType"], row["Principal"]) for row in rows]


def test_principals_are_permitted_by_type_of_permission(aws: EmbeddedAws) -> None:
    ec2, made = client(aws, "ec2"), service(aws)
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=made, AddAllowedPrincipals=["*", PARTNER_ROOT])
    gateway = {"ServiceId": made, "PermissionType": "transit-gateway-attachment"}
    ec2.modify_vpc_endpoint_service_permissions(AddAllowedPrincipals=["*"], **gateway)
    everybody = [("vpc-endpoint", "All", "*"), ("transit-gateway-attachment", "All", "*")]
    assert permissions(ec2, made, principal_type="All") == everybody
    assert permissions(ec2, made, principal=PARTNER_ROOT) == [("vpc-endpoint", "Account", PARTNER_ROOT)]
    ec2.modify_vpc_endpoint_service_permissions(RemoveAllowedPrincipals=["*"], **gateway)
    assert permissions(ec2, made) == [everybody[0], ("vpc-endpoint", "Account", PARTNER_ROOT)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "MissingParameter"),
        ({"AddAllowedPrincipals": ["everybody"]}, "InvalidPrincipal"),
        ({"AddAllowedPrincipals": ["*"], "PermissionType": "other"}, "InvalidParameterValue"),
        (
            {"AddAllowedPrincipals": ["*"], "ServiceId": "vpce-svc-0123456789abcdef0"},
            "InvalidVpcEndpointServiceId.NotFound",
        ),
        ({"AddAllowedPrincipals": ["*"], "ServiceId": "svc"}, "InvalidVpcEndpointServiceId.Malformed"),
    ],
)
def test_a_change_of_permissions_that_ec2_does_not_know_is_refused(aws: EmbeddedAws, change: Any, code: str) -> None:
    ec2 = client(aws, "ec2")
    with pytest.raises(ec2.exceptions.ClientError, match=code):
        ec2.modify_vpc_endpoint_service_permissions(**{"ServiceId": service(aws), **change})


def test_a_filter_of_permissions_that_ec2_does_not_know_is_refused(aws: EmbeddedAws) -> None:
    ec2, made = client(aws, "ec2"), service(aws)
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=made, AddAllowedPrincipals=["*"])
    with pytest.raises(ec2.exceptions.ClientError, match="InvalidParameterValue"):
        permissions(ec2, made, owner="me")

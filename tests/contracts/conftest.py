"""The fixtures of the contract suite: each test runs once for each backend."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.backends import REGIONS, Backend, Group, Region


@pytest.fixture(scope="module", params=sorted(REGIONS))
def region(request: pytest.FixtureRequest) -> Iterator[Region]:
    """One for each file: a server that outlived it would meet the next one in moto's state, which is the process's."""
    with REGIONS[request.param]() as region:
        yield region


@pytest.fixture
def backend(region: Region) -> Backend:
    return region()


@pytest.fixture
def ec2(backend: Backend) -> Any:
    return backend.ec2


@pytest.fixture
def new_group(backend: Backend) -> Callable[[str], Group]:
    """Makes a group in the VPC of that id; no two have the same name."""

    def make(vpc_id: str) -> Group:
        name = f"web-{uuid.uuid4().hex}"
        answer = backend.ec2.create_security_group(GroupName=name, Description="testing", VpcId=vpc_id)
        return Group(backend.ec2, answer["GroupId"], name)

    return make


@pytest.fixture
def group(backend: Backend, new_group: Callable[[str], Group]) -> Group:
    """A new group in the VPC that is not the default one."""
    return new_group(backend.vpc)


@pytest.fixture
def default_vpc_group(backend: Backend, new_group: Callable[[str], Group]) -> Group:
    return new_group(backend.default_vpc)

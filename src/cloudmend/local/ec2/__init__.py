"""EC2's security groups and prefix lists, as strict as EC2 is: the model, its wire format, an in-memory client.

The order to read in: model.py (the nouns), groups.py (one call), rules.py (what may become of rules),
prefix_lists.py, describe.py, checks.py (single values), wire.py and client.py.
"""

from cloudmend.local.ec2.client import memory_client
from cloudmend.local.ec2.errors import Ec2Error
from cloudmend.local.ec2.groups import OPERATIONS, BehaviourOptions, SecurityGroups
from cloudmend.local.ec2.model import Vpc
from cloudmend.local.ec2.tagging import is_ours
from cloudmend.local.ec2.wire import decode, encode, encode_error

__all__ = [
    "OPERATIONS",
    "BehaviourOptions",
    "Ec2Error",
    "SecurityGroups",
    "Vpc",
    "decode",
    "encode",
    "encode_error",
    "is_ours",
    "memory_client",
]

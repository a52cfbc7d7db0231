"""EC2's security groups, as strict as EC2 is: the model, its wire format, and an in-memory client.

The order to read in: model.py (the nouns), groups.py (one call), rules.py (what may become of rules),
describe.py, checks.py (single values), wire.py and client.py.
"""

from .client import memory_client
from .errors import Ec2Error
from .groups import OPERATIONS, SecurityGroups
from .model import PrefixList, Vpc
from .wire import decode, encode, encode_error

__all__ = [
    "OPERATIONS",
    "Ec2Error",
    "PrefixList",
    "SecurityGroups",
    "Vpc",
    "decode",
    "encode",
    "encode_error",
    "memory_client",
]

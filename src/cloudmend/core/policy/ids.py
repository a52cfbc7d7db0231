"""What the ids that a policy file chooses look like."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from cloudmend.core.policy.place import Place, Refused


class Form(Struct, frozen=True):
    """The form of an id."""

    words: str
    pattern: str
    example: str = ""


FORMS: Final = {
    "vpc": Form("the id of a VPC", "vpc-[0-9a-f]{8,17}", "vpc-0123456789abcdef0"),
    "account": Form("the id of an account", "[0-9]{12}", "111122223333"),
    "actor_role": Form(
        "the ARN of a role", r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", "arn:aws:iam::111122223333:role/NAME"
    ),
}


def check_id(form: Form, value: str, place: Place) -> None:
    if not re.fullmatch(form.pattern, value, re.ASCII):
        such_as = f": {form.example}" if form.example else ""
        raise Refused(place, f"{value!r} is not {form.words}", f"Write it in full, without wildcards{such_as}.")

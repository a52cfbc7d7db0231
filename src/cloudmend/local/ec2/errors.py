"""EC2's errors, in its own codes and words.

The words were collected from published answers of EC2 (provider issues, SDK issues, its
documentation of error codes); where none was found the code is documented and the words are ours.
"""

from __future__ import annotations


class Ec2Error(Exception):
    """A call that EC2 refuses. `status` is the HTTP status of the answer."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Ec2Error:
    return Ec2Error("InvalidParameterValue", message)


def missing(parameter: str) -> Ec2Error:
    return Ec2Error("MissingParameter", f"The request must contain the parameter {parameter}")


def combined(parameter: str, other: str) -> Ec2Error:
    return Ec2Error(
        "InvalidParameterCombination",
        f"The parameter {parameter} cannot be used with the parameter {other}",
    )


def group_not_found(group: str) -> Ec2Error:
    return Ec2Error("InvalidGroup.NotFound", f"The security group '{group}' does not exist")


def rule_id_not_found(rule_id: str) -> Ec2Error:
    return Ec2Error("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")


def prefix_list_not_found(prefix_list_id: str) -> Ec2Error:
    return Ec2Error("InvalidPrefixListID.NotFound", f"The prefix list ID '{prefix_list_id}' does not exist")


def not_authorized() -> Ec2Error:
    return Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.", status=403)


def dry_run() -> Ec2Error:
    return Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", status=412)

"""The words of notices about security groups, and what keeps each client from opening one again."""

from __future__ import annotations

from typing import Final

from cloudmend.core.model import Hints, Words

_SOURCE_RANGES: Final = "set spec.loadBalancerSourceRanges of the Kubernetes Service"

WORDS: Final = Words(
    fault="open to the world",
    removed="revoked",
    whole="every rule",
    close="revoke the rule that opens it. This cuts off anyone who uses the rule",
    prevent="Admit only the ranges that need it.",
)
HINTS: Final = Hints(
    again="open it again",
    change="narrow the rule",
    of={
        "Amazon EKS": f"The cluster may open it again: {_SOURCE_RANGES} that the load balancer belongs to.",
        "AWS Elastic Beanstalk": (
            "The next update of its environment may open it again: narrow it in the environment's configuration, SSH "
            "by SSHSourceRestriction in aws:autoscaling:launchconfiguration."
        ),
        "Amazon EMR": (
            "The next cluster may open it again: turn on EMR's block public access, or name your own security groups "
            "as EmrManagedMasterSecurityGroup and EmrManagedSlaveSecurityGroup."
        ),
        "the AWS Load Balancer Controller": (
            "It opens it again within minutes: set the annotation alb.ingress.kubernetes.io/inbound-cidrs of the "
            f"Kubernetes Ingress, or {_SOURCE_RANGES}."
        ),
        "the Kubernetes Cluster API": (
            "It opens it again: narrow the ingress rules in the AWSCluster that it reconciles."
        ),
        "the Kubernetes cloud provider for AWS": f"It may open it again: {_SOURCE_RANGES}.",
    },
)

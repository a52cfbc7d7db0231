"""The kinds of resources that controls look at, one literal each."""

from __future__ import annotations

from typing import Final

from cloudmend.core.contract import ResourceType

_REGION: Final = r"[a-z]{2}(-[a-z]+)+-[0-9]"


def _of_region(type_: str, noun: str) -> ResourceType:
    """Return the kind of a setting that an account has once in each Region. Its id is the Region's name."""
    return ResourceType(type=type_, noun=noun, id_pattern=_REGION, scope="region")


BUCKET: Final = ResourceType(
    type="AWS::S3::Bucket",
    noun="S3 bucket",
    # Until March 2018, us-east-1 took names of up to 255 characters, with capitals and underscores.
    id_pattern=r"[A-Za-z0-9_][A-Za-z0-9._-]{1,253}[A-Za-z0-9_]",
    arn="arn:{partition}:s3:::{id}",
    asff="AwsS3Bucket",
)
CLUSTER: Final = ResourceType(
    type="AWS::EKS::Cluster",
    noun="EKS cluster",
    id_pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}",
    arn="arn:{partition}:eks:{region}:{account}:cluster/{id}",
    asff="AwsEksCluster",
)
DATABASE: Final = ResourceType(
    type="AWS::RDS::DBInstance",
    noun="RDS database",
    # As in the ARN: a DB instance and a DB cluster may have the same name.
    id_pattern=r"(db|cluster):[a-z](-?[a-z0-9]){0,62}",
    prefixes=("db:", "cluster:"),
    arn="arn:{partition}:rds:{region}:{account}:{id}",
    asff="AwsRdsDbInstance",
    is_lower_case=True,
)
DB_SNAPSHOT: Final = ResourceType(
    type="AWS::RDS::DBSnapshot",
    noun="DB snapshot",
    # As in the ARN: a DB snapshot and a DB cluster snapshot may have the same name.
    id_pattern=r"(cluster-)?snapshot:[A-Za-z](-?[A-Za-z0-9]){0,254}",
    prefixes=("snapshot:", "cluster-snapshot:"),
    arn="arn:{partition}:rds:{region}:{account}:{id}",
    asff="AwsRdsDbSnapshot",
    is_lower_case=True,
)
DOCUMENT: Final = ResourceType(
    type="AWS::SSM::Document",
    noun="SSM document",
    id_pattern=r"[A-Za-z0-9_.-]{3,128}",
    arn="arn:{partition}:ssm:{region}:{account}:document/{id}",
)
ENDPOINT_SERVICE: Final = ResourceType(
    type="AWS::EC2::VPCEndpointService",
    noun="VPC endpoint service",
    id_pattern=r"vpce-svc-[0-9a-f]{8,17}",
    arn="arn:{partition}:ec2:{region}:{account}:vpc-endpoint-service/{id}",
)
EVENT_BUS: Final = ResourceType(
    type="AWS::Events::EventBus",
    noun="event bus",
    id_pattern=r"[A-Za-z0-9_.-]{1,256}",
    arn="arn:{partition}:events:{region}:{account}:event-bus/{id}",
    asff="AwsEventsEventbus",
)
FUNCTION: Final = ResourceType(
    type="AWS::Lambda::Function",
    noun="Lambda function",
    # With the alias or the version that has a policy of its own.
    id_pattern=r"[A-Za-z0-9_-]{1,140}(:[A-Za-z0-9_-]{1,128})?",
    arn="arn:{partition}:lambda:{region}:{account}:function:{id}",
    asff="AwsLambdaFunction",
)
IMAGE: Final = ResourceType(
    type="AWS::EC2::Image",
    noun="AMI",
    id_pattern=r"ami-[0-9a-f]{8,17}",
    arn="arn:{partition}:ec2:{region}::image/{id}",
)
DEFAULT_GROUP: Final = ResourceType(
    type="AWS::EC2::SecurityGroup",
    noun="default security group",
    scope="vpc",
    id_pattern=r"sg-[0-9a-f]{8,17}",
    arn="arn:{partition}:ec2:{region}:{account}:security-group/{id}",
    asff="AwsEc2SecurityGroup",
)
KEY: Final = ResourceType(
    type="AWS::KMS::Key",
    noun="KMS key",
    id_pattern=r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    arn="arn:{partition}:kms:{region}:{account}:key/{id}",
    asff="AwsKmsKey",
)
LIGHTSAIL_INSTANCE: Final = ResourceType(
    type="AWS::Lightsail::Instance",
    noun="Lightsail instance",
    id_pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,253}[A-Za-z0-9_]",
)
NETWORK_ACL: Final = ResourceType(
    type="AWS::EC2::NetworkAcl",
    noun="network ACL",
    id_pattern=r"acl-[0-9a-f]{8,17}",
    arn="arn:{partition}:ec2:{region}:{account}:network-acl/{id}",
    asff="AwsEc2NetworkAcl",
)
QUEUE: Final = ResourceType(
    type="AWS::SQS::Queue",
    noun="SQS queue",
    id_pattern=r"[A-Za-z0-9_-]{1,80}(\.fifo)?",
    arn="arn:{partition}:sqs:{region}:{account}:{id}",
    asff="AwsSqsQueue",
)
REDSHIFT_CLUSTER: Final = ResourceType(
    type="AWS::Redshift::Cluster",
    noun="Redshift cluster",
    id_pattern=r"[a-z](-?[a-z0-9]){0,62}",
    arn="arn:{partition}:redshift:{region}:{account}:cluster:{id}",
    asff="AwsRedshiftCluster",
    is_lower_case=True,
)
SECURITY_GROUP: Final = ResourceType(
    type="AWS::EC2::SecurityGroup",
    noun="security group",
    self_evident=True,
    id_pattern=r"sg-[0-9a-f]{8,17}",
    arn="arn:{partition}:ec2:{region}:{account}:security-group/{id}",
    asff="AwsEc2SecurityGroup",
)
REPOSITORY: Final = ResourceType(
    type="AWS::ECR::Repository",
    noun="ECR repository",
    id_pattern=r"[a-z0-9]+([._/-]+[a-z0-9]+)*",
    arn="arn:{partition}:ecr:{region}:{account}:repository/{id}",
    asff="AwsEcrRepository",
)
SECRET: Final = ResourceType(
    type="AWS::SecretsManager::Secret",
    noun="secret",
    # The name, and the six characters that Secrets Manager adds to it in the ARN.
    id_pattern=r"[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}",
    arn="arn:{partition}:secretsmanager:{region}:{account}:secret:{id}",
    asff="AwsSecretsManagerSecret",
)
SNAPSHOT: Final = ResourceType(
    type="AWS::EC2::Snapshot",
    noun="EBS snapshot",
    id_pattern=r"snap-[0-9a-f]{8,17}",
    arn="arn:{partition}:ec2:{region}::snapshot/{id}",
)
BLOCK_OF_BUCKETS: Final = ResourceType(
    type="AWS::S3::AccountPublicAccessBlock",
    noun="S3 block public access of account",
    id_pattern=r"[0-9]{12}",
    asff="AwsS3AccountPublicAccessBlock",
    scope="account",
)
BLOCK_OF_SNAPSHOTS: Final = _of_region("AWS::EC2::SnapshotBlockPublicAccess", "snapshot block public access")
BLOCK_OF_IMAGES: Final = _of_region("AWS::EC2::ImageBlockPublicAccess", "AMI block public access")
BLOCK_OF_VPCS: Final = _of_region("AWS::EC2::VPCBlockPublicAccessOptions", "VPC block public access")
BLOCK_OF_EMR: Final = _of_region("AWS::EMR::BlockPublicAccessConfiguration", "EMR block public access")
EBS_ENCRYPTION: Final = _of_region("AWS::EC2::EbsEncryptionByDefault", "EBS encryption by default")
METADATA_DEFAULTS: Final = _of_region("AWS::EC2::InstanceMetadataDefaults", "instance metadata defaults")
SERIAL_CONSOLE: Final = _of_region("AWS::EC2::SerialConsoleAccess", "EC2 serial console access")
INSTANCE: Final = ResourceType(
    type="AWS::EC2::Instance",
    noun="EC2 instance",
    id_pattern=r"i-[0-9a-f]{8,17}",
    arn="arn:{partition}:ec2:{region}:{account}:instance/{id}",
    asff="AwsEc2Instance",
)
SUBNET: Final = ResourceType(
    type="AWS::EC2::Subnet",
    noun="subnet",
    id_pattern=r"subnet-[0-9a-f]{8,17}",
    arn="arn:{partition}:ec2:{region}:{account}:subnet/{id}",
    asff="AwsEc2Subnet",
)
TRANSIT_GATEWAY: Final = ResourceType(
    type="AWS::EC2::TransitGateway",
    noun="transit gateway",
    id_pattern=r"tgw-[0-9a-f]{8,17}",
    arn="arn:{partition}:ec2:{region}:{account}:transit-gateway/{id}",
    asff="AwsEc2TransitGateway",
)
TOPIC: Final = ResourceType(
    type="AWS::SNS::Topic",
    noun="SNS topic",
    id_pattern=r"[A-Za-z0-9_-]{1,256}(\.fifo)?",
    arn="arn:{partition}:sns:{region}:{account}:{id}",
    asff="AwsSnsTopic",
)

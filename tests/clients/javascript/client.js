// Asks the embedded AWS by the settings of the environment alone, and writes what it heard as JSON.
import { CloudTrailClient, LookupEventsCommand, StopLoggingCommand } from "@aws-sdk/client-cloudtrail";
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  EC2Client,
  ModifySecurityGroupRulesCommand,
  paginateDescribeSecurityGroupRules,
  paginateDescribeSecurityGroups,
} from "@aws-sdk/client-ec2";
import { CreateBucketCommand, GetPublicAccessBlockCommand, PutPublicAccessBlockCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const told = {};
const refused = async (client, command) => {
  try {
    await client.send(command);
    return null;
  } catch (error) {
    return { name: error.name, status: error.$metadata.httpStatusCode, attempts: error.$metadata.attempts };
  }
};
const all = async (pages, key) => {
  const found = [];
  for await (const page of pages) found.push(...page[key]);
  return found;
};

const sts = new STSClient();
told.caller = (await sts.send(new GetCallerIdentityCommand())).Arn;

const ec2 = new EC2Client();
const GroupId = (await ec2.send(new CreateSecurityGroupCommand({ GroupName: "javascript", Description: "testing" }))).GroupId;
const ssh = { IpProtocol: "tcp", FromPort: 22, ToPort: 22 };
const world = { ...ssh, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
const opened = await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [world] }));
const SecurityGroupRuleId = opened.SecurityGroupRules[0].SecurityGroupRuleId;
const SecurityGroupRule = { ...ssh, CidrIpv4: "10.0.0.0/8" };
await ec2.send(
  new ModifySecurityGroupRulesCommand({ GroupId, SecurityGroupRules: [{ SecurityGroupRuleId, SecurityGroupRule }] }),
);
const filters = { Filters: [{ Name: "group-id", Values: [GroupId] }] };
told.rules = (await all(paginateDescribeSecurityGroupRules({ client: ec2, pageSize: 5 }, filters), "SecurityGroupRules"))
  .filter((rule) => !rule.IsEgress)
  .map((rule) => rule.CidrIpv4);
told.groups = (await all(paginateDescribeSecurityGroups({ client: ec2, pageSize: 5 }, {}), "SecurityGroups")).length;
const nowhere = "sg-00000000000000000";
told.missing = await refused(ec2, new AuthorizeSecurityGroupIngressCommand({ GroupId: nowhere, IpPermissions: [world] }));

const role = await sts.send(new AssumeRoleCommand({ RoleArn: process.argv[2], RoleSessionName: "javascript" }));
const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = role.Credentials;
const limited = { credentials: { accessKeyId, secretAccessKey, sessionToken } };
const create = { GroupName: "refused", Description: "testing" };
told.denied = await refused(new EC2Client(limited), new CreateSecurityGroupCommand(create));
told.denied_queue = await refused(new SQSClient(limited), new CreateQueueCommand({ QueueName: "refused" }));

const s3 = new S3Client({ forcePathStyle: true }); // else the bucket stands before the host, which not every machine resolves
await s3.send(new CreateBucketCommand({ Bucket: "javascript" }));
const block = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: false };
await s3.send(new PutPublicAccessBlockCommand({ Bucket: "javascript", PublicAccessBlockConfiguration: block }));
const held = await s3.send(new GetPublicAccessBlockCommand({ Bucket: "javascript" }));
told.block = held.PublicAccessBlockConfiguration;

const sqs = new SQSClient();
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "javascript" }));
await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "an order" }));
told.messages = (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages.map((message) => message.Body);

const trails = new CloudTrailClient();
const LookupAttributes = [{ AttributeKey: "EventName", AttributeValue: "ModifySecurityGroupRules" }];
const looked = await trails.send(new LookupEventsCommand({ LookupAttributes }));
told.looked_up = looked.Events.map((event) => [event.Username, event.EventTime instanceof Date]);
told.unknown_trail = await refused(trails, new StopLoggingCommand({ Name: "none" }));

process.stdout.write(JSON.stringify(told));

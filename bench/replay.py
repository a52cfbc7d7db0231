"""How long `cloudmend replay` takes beside isal, which decompresses the same trail files and does nothing else.

    python bench/replay.py [MEGABYTES]

Makes trail files of that many megabytes before compression (default 512) in a folder that is gone afterwards, one
record in 200 of which authorizes or revokes ingress. Then runs the commands in turn, each in a process of its own,
whose start counts, and prints the median of nine: isal reads whole files, as one would, and in pieces that
stay in the processor's cache, which is as fast as it gets. isal has one process, cloudmend has one for each core, so
the CPU seconds stand there too. Then the most memory that a process of either had, here and with a quarter of the
files.
"""

from __future__ import annotations

import gzip
import itertools
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing import Process
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from measured import Figure
from tables import ratio, table

MEGABYTES = 512
START = datetime(2026, 11, 1, tzinfo=UTC)
RUNS = 9
OF_INTEREST = 200  # one record in so many
RECORDS = 3000  # in a file
MEGABYTE = 1_000_000
CLOUDMEND = Path(sys.executable).with_name("cloudmend")
WHOLE = """
import sys
from isal import igzip
for name in sys.argv[1:]:
    with igzip.open(name) as content:
        content.read()
"""
IN_PIECES = """
import sys
from isal import igzip
for name in sys.argv[1:]:
    with igzip.open(name) as content:
        while content.read(1 << 18):
            pass
"""

WHO = (
    '{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA%(a)s:i-%(b)s","arn":"arn:aws:sts::'
    '111122223333:assumed-role/app-%(n)d/i-%(b)s","accountId":"111122223333","accessKeyId":"ASIA%(c)s","sessionContext":'
    '{"sessionIssuer":{"type":"Role","principalId":"AROA%(a)s","arn":"arn:aws:iam::111122223333:role/app-%(n)d",'
    '"accountId":"111122223333","userName":"app-%(n)d"},"attributes":{"creationDate":"%(t)s","mfaAuthenticated":"false"},'
    '"ec2RoleDelivery":"2.0"}},"eventTime":"%(t)s",'
)
READ = (
    '"eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"10.1.%(n)d.7",'
    '"userAgent":"[aws-sdk-java/2.25.60 Linux/5.10.217 OpenJDK_64-Bit_Server_VM/17.0.11 Java/17.0.11 vendor/Amazon.com_'
    'Inc. io/sync http/Apache cfg/retry-mode/standard]","requestParameters":{"bucketName":"data-%(n)d","Host":'
    '"data-%(n)d.s3.eu-west-1.amazonaws.com","key":"year=2026/month=11/part-%(b)s%(c)s.parquet","filterSet":{"items":[{"name":"tag:'
    'Name","valueSet":{"items":[{"value":"host-%(n)d"},{"value":"{\\"quoted\\":[1]}"}]}}]}},"responseElements":null,'
    '"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","bytesTransferredIn":0,'
    '"AuthenticationMethod":"AuthHeader","x-amz-id-2":"%(d)s%(b)s%(c)s","bytesTransferredOut":7%(n)d},'
)
AUTHORIZE = (
    '"eventSource":"ec2.amazonaws.com","eventName":"AuthorizeSecurityGroupIngress","awsRegion":"eu-west-1",'
    '"sourceIPAddress":"54.1.%(n)d.7","userAgent":"aws-cli/2.17.5 md/awscrt#0.20.11","requestParameters":{"groupId":'
    '"sg-%(g)s","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{},"ipRanges":{"items":'
    '[{"cidrIp":"0.0.0.0/0"}]},"ipv6Ranges":{},"prefixListIds":{}}]}},"responseElements":{"requestId":"%(d)s","_return":'
    'true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"111122223333","groupId":"sg-%(g)s","securityGroupRuleId":'
    '"sgr-%(g)s","isEgress":false,"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"0.0.0.0/0"}]}},'
)
REVOKE = (
    '"eventSource":"ec2.amazonaws.com","eventName":"RevokeSecurityGroupIngress","awsRegion":"eu-west-1",'
    '"sourceIPAddress":"54.1.%(n)d.7","userAgent":"aws-cli/2.17.5 md/awscrt#0.20.11","requestParameters":{"groupId":'
    '"sg-%(g)s","ipPermissions":{},"securityGroupRuleIds":{"items":[{"securityGroupRuleId":"sgr-%(g)s"}]}},'
    '"responseElements":{"requestId":"%(d)s","_return":true},'
)
REST = (
    '"requestID":"%(d)s","eventID":"%(e)s","readOnly":true,"resources":[{"accountId":"111122223333","type":'
    '"AWS::S3::Bucket","ARN":"arn:aws:s3:::data-%(n)d"},{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::data-%(n)d/"}'
    '],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management",'
    '"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":'
    '"data-%(n)d.s3.eu-west-1.amazonaws.com"}}'
)


HEADS = (
    "replay",
    "records",
    "s",
    "of isal, whole files",
    "of isal, in pieces",
    "CPU s",
    "records a second",
    "records a CPU second",
    "peak MB",
)


class Run(NamedTuple):
    seconds: float
    cpu_seconds: float
    peak_bytes: int  # of the largest of its processes


def records(chance: random.Random, start: int) -> Iterator[str]:
    """Of those of interest every second one revokes what the first authorized."""
    calls = itertools.cycle((AUTHORIZE, REVOKE))
    group = ""
    for number in range(start, start + RECORDS):
        text = chance.randbytes(74).hex()
        values = {
            "a": text[:16].upper(),
            "b": text[16:33],
            "c": text[33:49].upper(),
            "d": text[49:85],
            "e": text[85:121],
            "n": number % 250,
            "t": f"{START + timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}",
        }
        call = next(calls) if chance.randrange(OF_INTEREST) == 0 else READ
        group = text[16:33] if call == AUTHORIZE else group
        yield (WHO + call + REST) % {**values, "g": group}


def make(folder: Path, size: int) -> None:
    """Trail files in a folder until they have so many bytes before compression."""
    chance = random.Random(7)  # noqa: S311 - the same files each time
    made = count = 0
    while made < size:
        content = ('{"Records":[' + ",".join(records(chance, count)) + "]}").encode()
        name = f"111122223333_CloudTrail_eu-west-1_{count:09}.json.gz"
        (folder / name).write_bytes(gzip.compress(content, 6, mtime=0))
        made, count = made + len(content), count + RECORDS


def run(words: Sequence[str]) -> Run:
    started = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words[0]} ended with {process.returncode}.")
    return Run(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def main() -> None:
    sys.stdout.write(f"{measured(int(sys.argv[1]) if sys.argv[1:] else MEGABYTES)}\n")


def measured(megabytes: int = MEGABYTES) -> str:
    """The table, of trail files of so many megabytes before compression."""
    size = megabytes * MEGABYTE
    sys.stderr.write(f"replay of {megabytes} MB ...\n")
    with TemporaryDirectory() as temporary:
        folder, quarter = Path(temporary, "all"), Path(temporary, "quarter")
        for each in (folder, quarter):
            each.mkdir()
        # In a process of its own: a child's peak memory is at least that of the process that starts it.
        maker = Process(target=make, args=(folder, size))
        maker.start()
        maker.join()
        files = sorted(map(str, folder.iterdir()))
        count = len(files) * RECORDS
        for name in files[: len(files) // 4]:
            os.link(name, quarter / Path(name).name)
        commands = {
            "isal alone, whole files": [sys.executable, "-c", WHOLE, *files],
            "isal alone, in pieces": [sys.executable, "-c", IN_PIECES, *files],
            "cloudmend replay --json": [str(CLOUDMEND), "replay", "--json", str(folder)],
            "cloudmend replay": [str(CLOUDMEND), "replay", str(folder)],
            "cloudmend replay --json, a quarter": [str(CLOUDMEND), "replay", "--json", str(quarter)],
        }
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for _ in range(RUNS):  # in turn, so that a slow moment of the machine meets all
            for name, words in commands.items():
                runs[name].append(run(words))
        return report(count, runs)


def report(count: int, runs: dict[str, list[Run]]) -> str:
    seconds = {name: Figure.of([run.seconds for run in each]) for name, each in runs.items()}
    whole, pieces = (seconds[f"isal alone, {how}"].median for how in ("whole files", "in pieces"))
    rows = []
    for name, each in runs.items():
        read = count // 4 if name.endswith("quarter") else count
        taken, cpu = seconds[name].median, Figure.of([run.cpu_seconds for run in each]).median
        ratios = [ratio(taken, alone) for alone in (whole, pieces)]
        speeds = [f"{read / spent:,.0f}" for spent in (taken, cpu)]
        peak = max(run.peak_bytes for run in each) / MEGABYTE
        rows.append([name, f"{read:,}", seconds[name].text(1, 2), *ratios, f"{cpu:.2f}", *speeds, f"{peak:.0f}"])
    return table(HEADS, rows)


if __name__ == "__main__":
    main()

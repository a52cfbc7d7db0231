"""A certificate for the canned server, and the trust store of its clients: botocore's whole one, with ours added."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from botocore.httpsession import DEFAULT_CA_BUNDLE
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from endpoint import CERTIFICATE, STORE

_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the canned server of cloudmend's benchmark")])
_VALID = timedelta(days=1)


def make_trust(folder: Path, address: str) -> None:
    """Writes a new certificate for the address, with its key, and a store as large as the one of AWS's clients."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(key, SHA256())
    )
    own = certificate.public_bytes(Encoding.PEM)
    (folder / CERTIFICATE).write_bytes(own + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / STORE).write_bytes(Path(DEFAULT_CA_BUNDLE).read_bytes() + own)

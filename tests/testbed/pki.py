"""The keys and certificates of one control plane: its own authority, one server, and the clients.

They live as long as the data folder that they lie in and protect nothing but a test.
"""

import base64
import datetime as dt
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = dt.timedelta(days=365)
LEEWAY = dt.timedelta(hours=1)  # for clocks that are set back while a cluster runs
SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
SERVER_ADDRESSES = (
    "127.0.0.1",
    "10.96.0.1",
)  # where it listens, and its Service: the first address of the range


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, both as PEM."""

    certificate: bytes
    key: bytes

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write ``name.crt`` and ``name.key`` and return their paths."""
        paths = folder / f"{name}.crt", folder / f"{name}.key"
        for path, content in zip(paths, (self.certificate, self.key), strict=True):
            path.touch(mode=0o600)
            path.write_bytes(content)
        return paths


class Authority:
    """Signs the certificates of one control plane."""

    def __init__(self, now: dt.datetime) -> None:
        """Make the authority's own key and certificate.

        Args:
            now: aware; certificates are valid from an hour before it.
        """
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("testbed", ())
        authority = x509.BasicConstraints(ca=True, path_length=0)
        builder = self._builder(self._name, self._key.public_key())
        self.certificate = _pem(
            builder.add_extension(authority, critical=True).sign(self._key, hashes.SHA256())
        )

    def server(self) -> Pair:
        """Return the certificate of a server on this machine."""
        addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in SERVER_ADDRESSES]
        names = x509.SubjectAlternativeName([*map(x509.DNSName, SERVER_NAMES), *addresses])
        return self._issue(_name("kube-apiserver", ()), ExtendedKeyUsageOID.SERVER_AUTH, names)

    def client(self, user: str, *groups: str) -> Pair:
        """Return a certificate by which the API server knows this user and its groups."""
        return self._issue(_name(user, groups), ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def _issue(
        self, subject: x509.Name, usage: x509.ObjectIdentifier, names: x509.SubjectAlternativeName | None
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(subject, key.public_key())
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(names, critical=False)
        return Pair(_pem(builder.sign(self._key, hashes.SHA256())), _key_pem(key))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - LEEWAY)
            .not_valid_after(self._now + LIFETIME)
        )


def signing_key() -> tuple[bytes, bytes]:
    """Return the private and the public key of service-account tokens, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    layout = serialization.PublicFormat.SubjectPublicKeyInfo
    return _key_pem(key), key.public_key().public_bytes(serialization.Encoding.PEM, layout)


def kubeconfig(server: str, authority: bytes, user: dict[str, str]) -> str:
    """Return a kubeconfig for one user of one server; it is JSON, which every reader of YAML reads.

    Args:
        server: the address of the API server.
        authority: the certificate, as PEM, that its server certificate is checked against.
        user: the entries under ``user``: a token, or a certificate and its key.
    """
    cluster = {"server": server, "certificate-authority-data": _text(authority)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": cluster}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "user"}}],
        "current-context": "testbed",
    }
    return json.dumps(content, indent=2)


def certificate_user(pair: Pair) -> dict[str, str]:
    """Return the kubeconfig entries of a user who shows a certificate."""
    return {"client-certificate-data": _text(pair.certificate), "client-key-data": _text(pair.key)}


def _name(user: str, groups: tuple[str, ...]) -> x509.Name:
    organisations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organisations, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, encoding, serialization.NoEncryption())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

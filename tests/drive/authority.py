"""Throw-away keys: a certificate authority for the emulated hosts, and a service account."""

import base64
import datetime
import json
import ssl
import tempfile
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

HOSTS = ("www.googleapis.com", "oauth2.googleapis.com", "accounts.google.com", "drive.google.com", "songs.example")
EMAIL = "robot@surbani-test.iam.gserviceaccount.com"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


class Authority:
    """Keys that are made when they are first asked for, and die with the tests."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._signed(_name("Surbani test authority"), self._key.public_key(), leaf=False)

    @property
    def certificate(self) -> bytes:
        return self._root.public_bytes(serialization.Encoding.PEM)

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, leaf: bool) -> x509.Certificate:
        now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
        usage = x509.KeyUsage(leaf, False, False, False, False, not leaf, not leaf, False, False)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name("Surbani test authority"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=not leaf, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if leaf:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
            made = made.add_extension(names, critical=False)
        return made.sign(self._key, hashes.SHA256())

    def context(self) -> ssl.SSLContext:
        """A server's side of TLS for all the hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._signed(_name(HOSTS[0]), key.public_key(), leaf=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "leaf.pem"
            file.write_bytes(_pem(key) + leaf.public_bytes(serialization.Encoding.PEM))
            context.load_cert_chain(file)
        return context

    @cached_property
    def _account(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65_537, 2048)

    @cached_property
    def account_file(self) -> str:
        """The JSON key of a service account, as Google's console would give it."""
        told = {"type": "service_account", "project_id": "surbani-test", "private_key_id": "0123456789abcdef"}
        told |= {"private_key": _pem(self._account).decode(), "client_email": EMAIL, "client_id": "1234567890"}
        return json.dumps(told | {"token_uri": "https://oauth2.googleapis.com/token"})

    def signed_by_account(self, assertion: str) -> bool:
        """Whether a token request was really signed with the account's key."""
        head, _, signature = assertion.rpartition(".")
        if not head:
            return False
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        try:
            self._account.public_key().verify(raw, head.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

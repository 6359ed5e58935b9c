"""Certificates: verified always, before a byte of the request leaves; extra ones only ever added."""

from __future__ import annotations

import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from wire_fakes import KEY, Clock, profile_for
from wire_server import ScriptedServer, answered

from desktop.api import connection, models
from desktop.api.client import Client
from desktop.core import errors
from desktop.core.secret import Secret

LIST = answered(200, b'{"data": [{"id": "a"}]}')
NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def pem(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Issuer:
    """A certificate authority of the test's own."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        public = self.key.public_key()
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name("Test issuer"))
            .issuer_name(name("Test issuer"))
            .public_key(public)
            .serial_number(1)
            .not_valid_before(NOW - 30 * DAY)
            .not_valid_after(NOW + 30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def context(self, folder, host: str | None = None, until: datetime.datetime = NOW + DAY) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(host)] if host else [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name("server"))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 20 * DAY)
            .not_valid_after(until)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        chain = folder / "server.pem"
        chain.write_bytes(pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


async def listed(server: ScriptedServer, *certificates: str):
    profile = profile_for(f"https://127.0.0.1:{server.port}/v1", certificates=certificates)

    clock = Clock()
    client = Client(profile, Secret(KEY), sleep=clock.sleep)
    try:
        return await models.list_models(client)
    except errors.Untrusted:
        assert clock.slept == []  # a certificate is no reason to wait and try again
        raise
    finally:
        await client.aclose()


def served(context: ssl.SSLContext) -> ScriptedServer:
    return ScriptedServer([LIST], wrap=lambda raw: context.wrap_socket(raw, server_side=True))


async def test_certificate_added_to_the_profile_is_accepted(issuer, tmp_path):
    path = tmp_path / "issuer.pem"
    path.write_text(issuer.pem)
    with served(issuer.context(tmp_path)) as server:
        assert [model.id for model in await listed(server, issuer.pem)] == ["a"]
        assert await listed(server, str(path))


@pytest.mark.parametrize("wrong", ["unknown issuer", "expired", "wrong name"])
async def test_bad_certificates_are_refused_before_a_byte_of_the_request_leaves(issuer, tmp_path, wrong):
    context = issuer.context(
        tmp_path,
        host="other.example.com" if wrong == "wrong name" else None,
        until=NOW - DAY if wrong == "expired" else NOW + DAY,
    )
    with served(context) as server:
        with pytest.raises(errors.Untrusted) as caught:
            await listed(server, *([] if wrong == "unknown issuer" else [issuer.pem]))
        assert server.requests == [] and "Nothing was sent" in caught.value.advice and caught.value.detail.said


async def test_server_without_tls_is_a_known_error(issuer):
    def speak_first(raw):
        raw.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return raw

    with ScriptedServer([LIST], wrap=speak_first) as server:
        with pytest.raises(errors.Unreachable):
            await listed(server)
        assert KEY not in repr(server.requests)


async def test_unreadable_extra_certificate_is_said(issuer, tmp_path):
    with served(issuer.context(tmp_path)) as server:
        for wrong in ("/no/such/file.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"):
            with pytest.raises(errors.Untrusted):
                await listed(server, wrong)
        assert server.connections == 0


def test_verification_is_on_and_session_keys_are_written_nowhere(monkeypatch, tmp_path, issuer):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    for context in (connection.trust(()), connection.trust((issuer.pem,))):
        assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2 and context.keylog_filename is None
    public, more = connection.trust(()), connection.trust((issuer.pem,))
    assert more.cert_store_stats()["x509_ca"] == public.cert_store_stats()["x509_ca"] + 1

"""A TLS door in front of the sandbox: decrypts what comes and hands it on, byte by byte.

Arguments: the gateway's port, a directory. Writes `roots.pem` there, the machine's own bundle with the door's root in it,
prints its port and serves until standard input ends. The chain has a root, an intermediate and a leaf, all RSA 2048, as
AWS's endpoints have.
"""

import asyncio
import datetime
import ipaddress
import pathlib
import ssl
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

BUNDLES = ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"]


def certificate(name, key, issuer, issuer_key, is_authority):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def make(directory):
    names = ["bench root", "bench intermediate", "bench leaf"]
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in names]
    root = certificate(names[0], keys[0], names[0], keys[0], True)
    middle = certificate(names[1], keys[1], names[0], keys[0], True)
    leaf = certificate(names[2], keys[2], names[1], keys[1], False)
    pem = lambda *certificates: b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)
    bundle = next((pathlib.Path(path).read_bytes() for path in BUNDLES if pathlib.Path(path).is_file()), b"")
    (directory / "roots.pem").write_bytes(bundle + b"\n" + pem(root))
    (directory / "chain.pem").write_bytes(pem(leaf, middle))
    private = keys[2].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "key.pem").write_bytes(private)


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def main(port, directory):
    make(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "chain.pem", directory / "key.pem")
    context.set_alpn_protocols(["http/1.1"])

    async def serve(reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


asyncio.run(main(int(sys.argv[1]), pathlib.Path(sys.argv[2])))

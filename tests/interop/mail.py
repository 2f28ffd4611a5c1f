"""A mail server that others wrote, against a running `heyon serve`.

    mail.py HEYON        HEYON is the program

PyPI's aiosmtpd takes the mails: over STARTTLS and over TLS from the first byte, each behind a password. Its certificate
is signed by an authority that heyon at first does not know. Prints `ok` or `FAILED` for each step and ends with
`N passed, N failed`.
"""
import email
import email.policy
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD, IN_URL = b"heyon", "p@ss/wörd".encode(), "heyon:p%40ss%2Fw%C3%B6rd"
# A shop's name that asks much of a mail: a line that begins with a dot, one that is a dot, one of two thousand letters.
BRAND = "Heyon\n.hidden\n.\n" + "long " * 400
WELCOME = {"en": "Confirm your address for ", "zh-CN": "确认你的 "}


class Books:
    """What the mail server was asked for and took, as it came over the wire."""

    def __init__(self):
        self.taken, self.says, self.asked, self.in_the_clear = [], {}, {}, 0

    def login(self, server, session, envelope, mechanism, data):
        self.in_the_clear += not is_secret(server)
        return AuthResult(success=(data.login, data.password) == (USER, PASSWORD))

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.asked[address] = self.asked.get(address, 0) + 1
        waiting = self.says.get(address)
        if waiting:
            return waiting.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.in_the_clear += not is_secret(server)
        self.taken += [(to, envelope.original_content) for to in envelope.rcpt_tos]
        return "250 OK"

    def mails_to(self, address):
        return [content for to, content in self.taken if to == address]


def is_secret(server):
    return server.transport.get_extra_info("ssl_object") is not None


def eventually(look, seconds=60):
    """What `look` finds at last."""
    deadline = time.time() + seconds
    while not (found := look()) and time.time() < deadline:
        time.sleep(0.1)
    return found


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def authority(place):
    """An authority, and a certificate of its for `localhost`; the server's side of TLS with it."""
    def openssl(*options):
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec",
                        "-pkeyopt", "ec_paramgen_curve:prime256v1", *options], check=True, capture_output=True)

    ca, key, cert = place / "ca.pem", place / "key.pem", place / "cert.pem"
    openssl("-keyout", place / "ca-key.pem", "-out", ca, "-subj", "/CN=Interop authority")
    openssl("-CA", ca, "-CAkey", place / "ca-key.pem", "-keyout", key, "-out", cert, "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return ca, context


class MailServer(Controller):
    """aiosmtpd, which takes nothing without TLS and the password."""

    def __init__(self, books, context, starttls):
        secret = {"tls_context": context, "require_starttls": True} if starttls else {"ssl_context": context}
        super().__init__(books, hostname="127.0.0.1", port=free_port(), authenticator=books.login,
                         auth_required=True, auth_require_tls=starttls, **secret)

    def _trigger_server(self):
        """The first connection, by which the library sees that it listens; its own would not trust our authority."""
        socket.create_connection((self.hostname, self.port)).close()
        eventually(lambda: self.smtpd, 10)


class Heyon:
    """A shop that sends its mails to this address, and trusts these authorities besides none."""

    def __init__(self, program, place, mail_server, authorities):
        self.program, self.place, self.port = program, place, free_port()
        (place / "settings.toml").write_text("\n".join([
            f'public_url = "http://127.0.0.1:{self.port}"', f'listen = "127.0.0.1:{self.port}"',
            'metrics_listen = "127.0.0.1:0"', f'data = "{place / "data"}"', f"brand = {json.dumps(BRAND)}",
            "[mail]", f'smtp = "{mail_server}"', 'from = "黑恩 Heyon <no-reply@shop.example>"']))
        self.env = os.environ | {"SSL_CERT_FILE": str(authorities), "HEYON_CONFIG": str(place / "settings.toml")}
        self.log = open(place / "heyon.log", "a")
        self.process = subprocess.Popen([program, "serve"], env=self.env, stderr=self.log, stdout=self.log)
        if not eventually(self.is_ready):
            raise RuntimeError((place / "heyon.log").read_text())

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status == 200
        except OSError:
            return False

    def register(self, address, language="en"):
        person = {"email": address, "password": "correct horse battery", "language": language}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1/accounts", json.dumps(person).encode(),
                                         {"content-type": "application/json"})
        urllib.request.urlopen(request, timeout=20).close()

    def run(self, *command):
        run = subprocess.run([self.program, "--actor", "interop", *command], env=self.env, capture_output=True, text=True)
        return run.stdout + run.stderr

    def mail_jobs(self):
        return [line for line in self.run("jobs", "list").splitlines() if "mail.send" in line]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=40)


class Steps:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, fine, seen=None):
        self.passed, self.failed = self.passed + bool(fine), self.failed + (not fine)
        print(f"{'ok' if fine else 'FAILED'}: {what}" + ("" if fine else f" ({seen})"), flush=True)


def is_whole(steps, what, mails, language):
    """One mail, which every mail program can read, and in which nothing is lost."""
    steps.check(f"{what}: it arrives, once", len(mails) == 1, mails)
    if not mails:
        return
    mail = email.message_from_bytes(mails[0], policy=email.policy.default)
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    subject = (WELCOME[language] + BRAND).split()
    steps.check(f"{what}: its subject is whole", mail["subject"].split()[:len(subject)] == subject, mail["subject"])
    steps.check(f"{what}: it says whom it is from", mail["from"].addresses[0].display_name == "黑恩 Heyon", mail["from"])
    lines = text.replace("\r\n", "\n").split("\n")
    steps.check(f"{what}: lines that begin with a dot stay what they are",
                ".hidden" in lines and "." in lines, lines[-8:])
    if language == "en":  # Chinese goes as base64, which has no dots
        steps.check(f"{what}: and did so on the wire", b"\r\n.\r\n" in mails[0] and b"\r\n.hidden" in mails[0], mails[0])
    steps.check(f"{what}: a line of two thousand letters stays one", ("long " * 400).strip() in text, text[-300:])
    steps.check(f"{what}: text and HTML carry the same link",
                "/verify?token=" in text and "/verify?token=" in html, html[-300:])
    longest = max(map(len, mails[0].split(b"\r\n")))
    steps.check(f"{what}: no line on the wire is longer than 998 octets (RFC 5322)", longest <= 998, longest)
    steps.check(f"{what}: lines end with CR LF", mails[0].count(b"\n") == mails[0].count(b"\r\n"), None)


def play(steps, program, place):
    ca, context = authority(place)
    strangers = place / "strangers.pem"
    (place / "other").mkdir()
    strangers.write_bytes(authority(place / "other")[0].read_bytes())
    books = Books()
    starttls, at_once = MailServer(books, context, True), MailServer(books, context, False)
    starttls.start(), at_once.start()
    urls = {"STARTTLS": f"smtp://{IN_URL}@localhost:{starttls.port}", "TLS": f"smtps://{IN_URL}@localhost:{at_once.port}"}

    heyon = Heyon(program, place, urls["TLS"], strangers)
    heyon.register("early@example.com")
    refused = eventually(lambda: [job for job in heyon.mail_jobs() if "certificate" in job.lower()])
    steps.check("a certificate that nobody vouches for gets no mail and no password", not books.asked, books.asked)
    steps.check("the job says so, and waits to try again",
                refused and "ready" in refused[0] and "invalid peer certificate" in refused[0], heyon.mail_jobs())
    again = eventually(lambda: [job for job in heyon.mail_jobs() if " 1 tries" not in job and " 0 tries" not in job])
    steps.check("and it does", again, heyon.mail_jobs())
    heyon.stop()

    for name, url in urls.items():
        heyon = Heyon(program, place, url, ca)
        if name == "STARTTLS":
            eventually(lambda: books.mails_to("early@example.com"), 400)
            is_whole(steps, "the mail that waited", books.mails_to("early@example.com"), "en")
        for language in WELCOME:
            address = f"{language}.{name}@example.com".lower()
            heyon.register(address, language)
            eventually(lambda: books.mails_to(address))
            is_whole(steps, f"{name}, {language}", books.mails_to(address), language)

        slow, nobody = f"slow.{name}@example.com".lower(), f"nobody.{name}@example.com".lower()
        books.says |= {slow: ["451 4.7.1 greylisted"] * 2, nobody: ["550 5.1.1 nobody of this name"] * 9}
        heyon.register(slow)
        eventually(lambda: books.mails_to(slow))
        steps.check(f"{name}: a 4xx is tried again until it is taken",
                    (books.asked.get(slow), len(books.mails_to(slow))) == (3, 1), books.asked)
        heyon.register(nobody)
        dead = eventually(lambda: [job for job in heyon.mail_jobs() if "dead" in job])
        time.sleep(3)
        steps.check(f"{name}: a 5xx is given up at once, and named with the server's words",
                    dead and "nobody of this name" in dead[0] and books.asked[nobody] == 1, heyon.mail_jobs())
        dropped = heyon.run("jobs", "drop", dead[0].split()[0], "--why", "nobody of this name") if dead else ""
        steps.check(f"{name}: an operator drops it", "is gone" in dropped and not heyon.mail_jobs(), dropped)
        heyon.stop()
    steps.check("nothing was said in the clear", not books.in_the_clear, books.in_the_clear)
    starttls.stop(), at_once.stop()


def main():
    steps = Steps()
    with tempfile.TemporaryDirectory() as place:
        try:
            play(steps, sys.argv[1], Path(place))
        except Exception as error:
            steps.check("the exchange goes to its end", False, repr(error))
    print(f"{steps.passed} passed, {steps.failed} failed", flush=True)
    return 1 if steps.failed else 0


if __name__ == "__main__":
    sys.exit(main())

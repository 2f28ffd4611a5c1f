"""Notifications of a running `heyon serve`, read by libraries that others wrote.

    push.py HEYON        HEYON is the program

PyPI's http-ece (Mozilla's) is the browser that reads the messages, py-vapid (Mozilla's) checks who sent them. Prints `ok` or
`FAILED` for each step and ends with `N passed, N failed`.
"""
import base64
import http.cookiejar
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from mail import eventually, free_port
from paysim import Steps

HERE = "/settings/notifications"
PASSWORD = "correct horse battery"
WORKS = {"en": "Notifications work", "zh-CN": "通知正常"}


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Browser:
    """A browser's push subscription."""

    def __init__(self, origin, name):
        self.key, self.auth, self.endpoint = ec.generate_private_key(ec.SECP256R1()), os.urandom(16), f"{origin}/p/{name}"

    def subscription(self):
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": base64url(point), "auth": base64url(self.auth)}

    def read(self, body):
        return json.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"))


class Service:
    """A push service: keeps what comes, and answers as told."""

    def __init__(self):
        self.came, self.says = [], []
        service = self

        class Taking(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                service.came.append((self.path, {n.lower(): v for n, v in self.headers.items()}, body))
                status, more = service.says.pop(0) if service.says else (201, {})
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{server.server_port}"

    def number(self, nth, seconds=30):
        return self.came[nth - 1] if eventually(lambda: len(self.came) >= nth, seconds) else None


class Shop:
    """A `heyon serve` that sends to this service, and a person's signed-in browser."""

    def __init__(self, program, place, service):
        port = free_port()
        self.web, self.program, self.place = f"http://127.0.0.1:{port}", program, place
        settings = place / "settings.toml"
        settings.write_text("\n".join([
            f'public_url = "{self.web}"', f'listen = "127.0.0.1:{port}"', 'metrics_listen = "127.0.0.1:0"',
            f'data = "{place / "data"}"', "limits_times = 100", "[push]", f'services = ["{service}"]',
            'contact = "mailto:push@shop.example"']))
        self.env = os.environ | {"HEYON_CONFIG": str(settings)}
        self.start()

    def start(self):
        with open(self.place / "heyon.log", "a") as log:
            self.process = subprocess.Popen([self.program, "serve"], env=self.env, stderr=log, stdout=log)
        if not eventually(self.is_ready):
            raise RuntimeError((self.place / "heyon.log").read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=40)

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"{self.web}/readyz", timeout=5).status == 200
        except OSError:
            return False

    def sign_in(self, email, language):
        person = {"email": email, "password": PASSWORD, "language": language}
        request = urllib.request.Request(f"{self.web}/api/v1/accounts", json.dumps(person).encode(),
                                         {"content-type": "application/json"})
        urllib.request.urlopen(request, timeout=20).close()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.post(browser, "/sign-in", {"email": email, "password": PASSWORD})
        return browser

    def post(self, browser, path, fields):
        """The status and the page at which the form ends."""
        data = urllib.parse.urlencode(fields).encode()
        try:
            with browser.open(f"{self.web}{path}", data, timeout=20) as answer:
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, path, error.read().decode()

    def jobs(self):
        run = subprocess.run([self.program, "--actor", "interop", "jobs", "list"], env=self.env, capture_output=True, text=True)
        return [line for line in run.stdout.splitlines() if "push.send" in line]


def is_sent_by_us(steps, what, service, headers, public_key):
    """RFC 8292, by Mozilla's library; and what it leaves to the service."""
    authorization = headers["authorization"]
    steps.check(f"{what}: py-vapid believes the signature", Vapid02.verify(authorization), authorization)
    parts = dict(part.strip().split("=", 1) for part in authorization.split(" ", 1)[1].split(","))
    steps.check(f"{what}: by the key that browsers subscribe with", parts["k"] == public_key, parts)
    claims = parts["t"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    steps.check(f"{what}: for this service", claims["aud"] == service.origin, claims)
    steps.check(f"{what}: for at most 24 hours", time.time() < claims["exp"] < time.time() + 86400, claims)
    steps.check(f"{what}: names whom to ask", claims["sub"] == "mailto:push@shop.example", claims)
    forged = authorization.replace(parts["t"][-8:], "AAAAAAAA")
    steps.check(f"{what}: and py-vapid believes no forged one", not Vapid02.verify(forged), forged)


def play(steps, program, place):
    service = Service()
    shop = Shop(program, place, service.origin)
    for nth, (language, works) in enumerate(WORKS.items(), 1):
        person, device = shop.sign_in(f"{language}@example.com".lower(), language), Browser(service.origin, language)
        _, _, page = shop.post(person, HERE, device.subscription())
        steps.check(f"{language}: switching on is understood", "push" in page and device.endpoint not in page, page[-300:])
        page = person.open(f"{shop.web}/sw.js").read().decode()
        public_key = page.split('PUSH_KEY = "')[1].split('"')[0]
        shop.post(person, f"{HERE}/test", {})
        path, headers, body = service.number(nth) or steps.check(f"{language}: a message comes", False)
        steps.check(f"{language}: it comes to the device's address", service.origin + path == device.endpoint, path)
        said = device.read(body)
        steps.check(f"{language}: http-ece reads it", said["title"] == works and said["path"] == HERE, said)
        steps.check(f"{language}: its tag is its topic", said["tag"] == headers["topic"] and len(said["tag"]) <= 32, headers)
        steps.check(f"{language}: it has a TTL and an urgency",
                    0 < int(headers["ttl"]) <= 600 and headers["urgency"] == "high", headers)
        steps.check(f"{language}: it names its coding", headers["content-encoding"] == "aes128gcm", headers)
        is_sent_by_us(steps, language, service, headers, public_key)

    service.says = [(429, {"retry-after": "2"}), (503, {})]
    began, before = time.time(), len(service.came)
    shop.post(person, f"{HERE}/test", {})
    steps.check("a busy service is asked again until it takes the message", service.number(before + 3), service.came)
    steps.check("and not before it said", time.time() - began >= 2, time.time() - began)

    shop.stop()
    shop.start()
    before = len(service.came)
    shop.post(person, f"{HERE}/test", {})
    again = service.number(before + 1)
    steps.check("after a restart the key pair is the same", again and public_key in again[1]["authorization"], again)

    service.says = [(410, {})]
    before = len(service.came)
    shop.post(person, f"{HERE}/test", {})
    service.number(before + 1)
    gone = eventually(lambda: "data-push=" in person.open(f"{shop.web}{HERE}").read().decode(), 20)
    steps.check("a device that the service does not know any more is forgotten", gone)

    shop.post(person, HERE, device.subscription())
    service.says = [(413, {})]
    shop.post(person, f"{HERE}/test", {})
    dead = eventually(lambda: [job for job in shop.jobs() if "dead" in job and "413" in job], 20)
    steps.check("what it refuses for good is a dead letter with its words", dead, shop.jobs())

    status, _, _ = shop.post(person, HERE, device.subscription() | {"endpoint": "http://169.254.169.254/latest"})
    steps.check("an address inside our own network is refused", status == 422, status)
    before = len(service.came)
    shop.post(person, "/sign-out", {})
    time.sleep(2)
    steps.check("nothing comes after signing out", len(service.came) == before, service.came[before:])
    shop.stop()


def main():
    steps = Steps()
    with tempfile.TemporaryDirectory() as place:
        try:
            play(steps, sys.argv[1], Path(place))
        except Exception as error:
            steps.check("the exchange goes to its end", False, repr(error))
    return steps.end()


if __name__ == "__main__":
    sys.exit(main())

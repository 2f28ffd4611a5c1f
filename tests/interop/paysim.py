"""What the scripts share that try a provider's own client against paysim: verdicts, the program, its `/sim/…` calls, and a server
that takes its messages."""
import http.server
import json
import pathlib
import subprocess
import threading
import time
import urllib.request

KEYS = pathlib.Path(__file__).resolve().parents[2] / "sim/paysim/assets/keys"


class Steps:
    """Prints `ok` or `FAILED` for each step, and counts."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, holds, seen=""):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print(f"ok {what}" if holds else f"FAILED {what}: {seen}", flush=True)

    def end(self):
        """Prints the sums; the exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return self.failed > 0


def start(program, *options):
    """A paysim of this program and its address."""
    simulator = subprocess.Popen([program, "--listen", "127.0.0.1:0", "--json", *options], stdout=subprocess.PIPE, text=True)
    return simulator, json.loads(simulator.stdout.readline())["paysim"]


def ask(url, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class Messages:
    """Takes messages, and answers each with this status and body."""

    def __init__(self, status, body=b""):
        self.came = []
        self.status, self.body = status, body

    def listen(self, path="/"):
        """Where messages are taken from now on."""
        messages = self

        class Taking(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                headers = {name.lower(): value for name, value in self.headers.items()}
                messages.came.append((headers, self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(messages.status)
                self.send_header("content-length", str(len(messages.body)))
                self.end_headers()
                self.wfile.write(messages.body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}{path}"

    def first(self, fits):
        """The headers, by lower-case name, and the bytes of the first message whose JSON fits; None if none comes in ten seconds."""
        for _ in range(200):
            for headers, raw in list(self.came):
                if fits(json.loads(raw)):
                    return headers, raw
            time.sleep(0.05)
        return None

    def number(self, nth):
        """The so-manyth message."""
        if not self.first(lambda _: len(self.came) >= nth):
            raise TimeoutError(f"message {nth} did not come")
        return self.came[nth - 1]


def pem_body(pem):
    """The base64 between the lines of a PEM, as some clients want keys."""
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


def certificate(name):
    from cryptography.x509 import load_pem_x509_certificate
    return load_pem_x509_certificate((KEYS / name).read_bytes())

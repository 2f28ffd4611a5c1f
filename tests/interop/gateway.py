"""A packet gateway that others wrote, against a running `heyon demo`.

    gateway.py HEYON PCAP        HEYON is the program, PCAP where the exchange is written

PyPI's python-diameter plays the gateway: it opens sessions, reports use, is asked to report by a Re-Auth-Request after
a top-up, and ends them. Every byte passes through a relay in this script, which writes it as a capture with made-up TCP
headers, for tshark to judge. Prints `ok` or `FAILED` for each step and ends with `N passed, N failed`.
"""
import json
import queue
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

from diameter.message import constants as c
from diameter.message.avp.grouped import (
    MultipleServicesCreditControl, PsInformation, RequestedServiceUnit, ServiceInformation, SubscriptionId,
    UsedServiceUnit,
)
from diameter.message.commands import CreditControlRequest, ReAuthRequest
from diameter.node import Node
from diameter.node.application import SimpleThreadingApplication

NAME, REALM = "pgw.interop.example", "interop.example"
MB = 1_000_000
PLAN = "jp-5gb-30d"


class Capture:
    """A pcap file of one TCP connection, written from what passes through."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))  # 101: bare IP
        self.lock, self.sent = threading.Lock(), [1, 1]

    def wrote(self, direction, data):
        """direction: 0 from the gateway, 1 from heyon."""
        for start in range(0, len(data), 1400):
            self.segment(direction, data[start:start + 1400])

    def segment(self, direction, data):
        with self.lock:
            ports = (40000, 3868) if direction == 0 else (3868, 40000)
            ends = (b"\x0a\0\0\1", b"\x0a\0\0\2") if direction == 0 else (b"\x0a\0\0\2", b"\x0a\0\0\1")
            seq, ack = self.sent[direction], self.sent[1 - direction]
            tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 5 << 4, 0x18, 65535, 0, 0)
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0) + ends[0] + ends[1]
            packet, now = ip + tcp + data, time.time()
            self.file.write(struct.pack("<IIII", int(now), int(now % 1 * 1e6), len(packet), len(packet)) + packet)
            self.sent[direction] += len(data)

    def close(self):
        with self.lock:
            self.file.close()


def relay(capture, to):
    """Listens for one connection and passes it on; returns the port."""
    door = socket.create_server(("127.0.0.1", 0))

    def pump(source, sink, direction):
        try:
            while data := source.recv(65536):
                capture.wrote(direction, data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            pass

    def serve():
        near, _ = door.accept()
        far = socket.create_connection(to)
        threading.Thread(target=pump, args=(near, far, 0), daemon=True).start()
        pump(far, near, 1)

    threading.Thread(target=serve, daemon=True).start()
    return door.getsockname()[1]


class Shop:
    """The demo's API, for what a person does."""

    def __init__(self, world):
        self.world, self.token, self.orders = world, world["accounts"][0]["token"], 0

    def call(self, method, url, body=None, key=None):
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        if key:
            headers["idempotency-key"] = key
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def api(self, method, path, body=None, key=None):
        return self.call(method, self.world["api"] + path, body, key)

    def bind(self, card):
        return self.api("POST", "/lines", {"number": card["serial"]})

    def buy(self, line):
        """Buys and pays the plan, and waits until it is there."""
        self.orders += 1
        price = self.api("GET", f"/quote?line={line['id']}&plan={PLAN}&currency=USD")["price"]
        wish = {"line": line["id"], "plan": PLAN, "price": price, "method": "card"}
        placed = self.api("POST", "/orders", wish, key=f"interop-{self.orders}")
        payment = placed["pay_url"].rsplit("/", 1)[-1].split("?")[0]
        self.call("POST", f"{self.world['paysim']}/sim/payments/{payment}/pay", {"outcome": "ok"})
        for _ in range(300):
            if self.api("GET", f"/orders/{placed['order']}")["order"]["state"] == "active":
                return
            time.sleep(0.1)
        raise RuntimeError("the order does not become active")


class Gateway:
    """python-diameter as a PGW."""

    def __init__(self, port, world):
        self.realm = world["gy"]["origin_realm"]
        self.asked = queue.Queue()
        self.node = Node(NAME, REALM, ip_addresses=["127.0.0.1"], vendor_ids=[10415])
        uri = f"aaa://{world['gy']['origin_host']}:{port};transport=tcp"
        peer = self.node.add_peer(uri, self.realm, ip_addresses=["127.0.0.1"], is_persistent=True)
        self.app = SimpleThreadingApplication(
            c.APP_DIAMETER_CREDIT_CONTROL_APPLICATION, is_auth_application=True, request_handler=self.handle)
        # The second realm is the one that it serves itself: heyon's requests are for it.
        self.node.add_application(self.app, [peer], [self.realm, REALM])
        self.node.start()
        self.app.wait_for_ready()

    def handle(self, app, message):
        """A request of heyon's: the CCR-U that it wants follows from the main thread."""
        answer = app.generate_answer(message, result_code=c.E_RESULT_CODE_DIAMETER_LIMITED_SUCCESS)
        answer.session_id = message.session_id
        self.asked.put(message)
        return answer

    def ask(self, session, kind, number, imsi, services=()):
        ccr = CreditControlRequest()
        ccr.session_id = session
        ccr.origin_host, ccr.origin_realm = NAME.encode(), REALM.encode()
        ccr.destination_realm = self.realm.encode()
        ccr.auth_application_id = c.APP_DIAMETER_CREDIT_CONTROL_APPLICATION
        ccr.service_context_id = "8.32251@3gpp.org"
        ccr.cc_request_type, ccr.cc_request_number = kind, number
        ccr.subscription_id = [SubscriptionId(c.E_SUBSCRIPTION_ID_TYPE_END_USER_IMSI, imsi)]
        ccr.multiple_services_indicator = 1
        ccr.multiple_services_credit_control = list(services)
        ccr.service_information = ServiceInformation(ps_information=PsInformation(
            tgpp_sgsn_mcc_mnc="44010", called_station_id="internet", tgpp_rat_type=b"\x06"))
        return self.app.send_request(ccr, timeout=10)


def service(asked=None, used=None, reason=None):
    msc = MultipleServicesCreditControl(rating_group=1)
    if asked is not None:
        msc.requested_service_unit = RequestedServiceUnit(cc_total_octets=asked or None)
    if used is not None:
        msc.used_service_unit = [UsedServiceUnit(cc_input_octets=used // 4, cc_output_octets=used - used // 4)]
    if reason is not None:
        msc.reporting_reason = [reason]
    return msc


class Steps:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, fine, seen):
        self.passed, self.failed = self.passed + bool(fine), self.failed + (not fine)
        print(f"{'ok' if fine else 'FAILED'}: {what}" + ("" if fine else f" ({seen})"), flush=True)


def play(steps, shop, gateway, card):
    imsi = card["imsi"]
    initial, update, terminate = 1, 2, 3

    def brief(cca):
        """Result-Code, then the first service's Result-Code and octets."""
        first = next(iter(cca.multiple_services_credit_control), None)
        granted = getattr(first, "granted_service_unit", None)
        return cca.result_code, getattr(first, "result_code", None), getattr(granted, "cc_total_octets", None)

    line = shop.bind(card)
    for attempt in range(50):  # the charging engine hears of the line a moment later
        answer = gateway.ask(f"{NAME};0;{attempt}", initial, 0, imsi, [service(asked=0)])
        empty = brief(answer)
        if empty[0] != 5030:
            break
        time.sleep(0.1)
    steps.check("a line without a bundle gets no quota", empty == (2001, 2001, None), empty)
    first = next(iter(answer.multiple_services_credit_control), None)
    last = getattr(first, "final_unit_indication", None)
    page = getattr(getattr(last, "redirect_server", None), "redirect_server_address", None) or ""
    steps.check("but is led to the page to buy more, at once",
                getattr(last, "final_unit_action", None) == 1 and page.endswith("/plans"), page)
    nobody = gateway.ask(f"{NAME};1;1", initial, 0, "999999999999999", [service(asked=0)])
    steps.check("an IMSI that nobody has is unknown", nobody.result_code == 5030, nobody.result_code)

    shop.buy(line)
    session = f"{NAME};1;2"
    first = brief(gateway.ask(session, initial, 0, imsi, [service(asked=0)]))
    steps.check("CCR-I brings quota", first[:2] == (2001, 2001) and first[2] >= MB, first)
    second = brief(gateway.ask(session, update, 1, imsi, [service(asked=2 * MB, used=3 * MB)]))
    steps.check("CCR-U reports 3 MB and brings the 2 MB that it asks", second == (2001, 2001, 2 * MB), second)
    again = brief(gateway.ask(session, update, 1, imsi, [service(asked=2 * MB, used=3 * MB)]))
    steps.check("a repeat gets the same answer", again == second, again)

    shop.buy(line)
    # The session that got no quota is open, too, and is asked as well.
    asked = []
    while session not in asked:
        try:
            request = gateway.asked.get(timeout=10)
        except queue.Empty:
            break
        if isinstance(request, ReAuthRequest):
            asked.append(request.session_id)
    steps.check("a top-up brings a Re-Auth-Request for the open session", session in asked, asked)
    forced = brief(gateway.ask(session, update, 2, imsi, [service(asked=0, used=MB, reason=7)]))
    steps.check("the CCR-U that it wants brings more quota", forced[:2] == (2001, 2001) and forced[2] > 2 * MB, forced)
    last = gateway.ask(session, terminate, 3, imsi, [service(used=MB, reason=2)])
    steps.check("CCR-T ends the session", last.result_code == 2001, last.result_code)
    metrics = urllib.request.urlopen(shop.world["metrics"], timeout=10).read().decode()
    told = 'gy_requests_total{type="initial",result="2001"}' in metrics
    steps.check("the metrics count the requests", told, [l for l in metrics.splitlines() if "gy_" in l])


def judge(steps, pcap):
    """What tshark says of the exchange. An empty Requested-Service-Unit is legal, and it warns of it."""
    def tshark(*options):
        run = subprocess.run(["tshark", "-r", pcap, *options], capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(run.stderr)
        return [line for line in run.stdout.splitlines() if line]

    messages = tshark("-Y", "diameter", "-T", "fields", "-e", "diameter.cmd.code")
    codes = {code for line in messages for code in line.split(",")}
    wanted = {"257", "258", "272", "282"}
    steps.check("tshark sees every kind of message", wanted <= codes, sorted(codes))
    malformed = tshark("-Y", "_ws.malformed")
    steps.check("tshark finds nothing malformed", not malformed, malformed)
    warning = 0x600000
    notes = tshark("-Y", f"_ws.expert.severity >= {warning}", "-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message")
    notes = [note for note in notes if note.split("\t")[-1] != "Data is empty"]
    steps.check("and nothing to warn of", not notes, notes)


def main():
    heyon, pcap = sys.argv[1:]
    demo = subprocess.Popen(
        [heyon, "demo", "--listen", "127.0.0.1:0", "--json"], stdout=subprocess.PIPE, text=True)
    steps = Steps()
    capture = Capture(pcap)
    gateway = None
    try:
        world = json.loads(demo.stdout.readline())
        port = relay(capture, (world["gy"]["host"], world["gy"]["port"]))
        gateway = Gateway(port, world)
        steps.check("CER and CEA agree", True, None)
        play(steps, Shop(world), gateway, world["cards"][0])
        demo.terminate()
        steps.check("heyon stops in order, with a good-bye", demo.wait(timeout=40) == 0, demo.returncode)
    except Exception as error:
        steps.check("the exchange goes to its end", False, repr(error))
    finally:
        demo.kill()
        if gateway:
            gateway.node.stop(wait_timeout=1, force=True)
        capture.close()
    judge(steps, pcap)
    print(f"{steps.passed} passed, {steps.failed} failed", flush=True)
    return 1 if steps.failed else 0


if __name__ == "__main__":
    sys.exit(main())

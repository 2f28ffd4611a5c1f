"""Antom's official client (PyPI's global-open-sdk-python) against the sandbox's Antom face.

    antom.py PAYSIM        PAYSIM is the program

The client speaks TLS to port 443 only. Here its port leads to a relay in this script, which has a certificate of its own, made
for the run; the bytes within go to the face unchanged. Each call of the client is a step, and so is each message that its
webhook tool checks. Prints `ok` or `FAILED` for each and ends with `N passed, N failed`.
"""
import datetime
import http.client
import ipaddress
import json
import os
import socket
import ssl
import sys
import tempfile
import threading
import types
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from com.alipay.ams.api.default_alipay_client import DefaultAlipayClient
from com.alipay.ams.api.exception.exception import AlipayApiException
from com.alipay.ams.api.model.amount import Amount
from com.alipay.ams.api.model.buyer import Buyer
from com.alipay.ams.api.model.env import Env
from com.alipay.ams.api.model.order import Order
from com.alipay.ams.api.model.os_type import OsType
from com.alipay.ams.api.model.payment_method import PaymentMethod
from com.alipay.ams.api.model.product_code_type import ProductCodeType
from com.alipay.ams.api.model.result_status_type import ResultStatusType
from com.alipay.ams.api.model.settlement_strategy import SettlementStrategy
from com.alipay.ams.api.model.terminal_type import TerminalType
from com.alipay.ams.api.model.transaction_status_type import TransactionStatusType
from com.alipay.ams.api.net import default_http_rpc
from com.alipay.ams.api.request.notify.alipay_pay_result_notify import AlipayPayResultNotify
from com.alipay.ams.api.request.notify.alipay_refund_notify import AlipayRefundNotify
from com.alipay.ams.api.request.pay.alipay_inquiry_refund_request import AlipayInquiryRefundRequest
from com.alipay.ams.api.request.pay.alipay_pay_cancel_request import AlipayPayCancelRequest
from com.alipay.ams.api.request.pay.alipay_pay_query_request import AlipayPayQueryRequest
from com.alipay.ams.api.request.pay.alipay_pay_request import AlipayPayRequest
from com.alipay.ams.api.request.pay.alipay_refund_request import AlipayRefundRequest
from com.alipay.ams.api.response.pay.alipay_inquiry_refund_response import AlipayInquiryRefundResponse
from com.alipay.ams.api.response.pay.alipay_pay_cancel_response import AlipayPayCancelResponse
from com.alipay.ams.api.response.pay.alipay_pay_query_response import AlipayPayQueryResponse
from com.alipay.ams.api.response.pay.alipay_pay_response import AlipayPayResponse
from com.alipay.ams.api.response.pay.alipay_refund_response import AlipayRefundResponse
from com.alipay.ams.api.tools import amount_util, webhook_tool

from paysim import KEYS, Messages, Steps, ask, certificate, pem_body, start

CLIENT, SANDBOX_CLIENT = "5YBX000000000000", "SANDBOX_5YBX000000000000"
TAKEN = json.dumps({"result": {"resultCode": "SUCCESS", "resultStatus": "S", "resultMessage": "success"}}).encode()
steps = Steps()
check = steps.check


def relay(target):
    """Takes TLS off what comes and hands it on; the port that it listens at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain, key = os.path.join(folder, "relay.crt"), os.path.join(folder, "relay.key")
        own_certificate(chain, key)
        context.load_cert_chain(chain, key)
        trusted = ssl.create_default_context(cafile=chain)
    default_http_rpc.ssl = types.SimpleNamespace(create_default_context=lambda: trusted)
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: [hand_on(context, server.accept()[0], target) for _ in iter(int, 1)], daemon=True).start()
    return server.getsockname()[1]


def own_certificate(chain, key_file):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256()))
    with open(chain, "wb") as file:
        file.write(made.public_bytes(serialization.Encoding.PEM))
    with open(key_file, "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def hand_on(context, plain, target):
    """One request and its answer; the client opens a connection for each."""
    def run():
        with context.wrap_socket(plain, server_side=True) as near, socket.create_connection(target) as far:
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(65536)
            start_of_body = head.index(b"\r\n\r\n") + 4
            lengths = [line for line in head[:start_of_body].lower().split(b"\r\n") if line.startswith(b"content-length:")]
            missing = int(lengths[0].split(b":")[1]) - (len(head) - start_of_body)
            while missing > 0:
                more = near.recv(65536)
                head, missing = head + more, missing - len(more)
            far.sendall(head.replace(b"Connection: Keep-Alive", b"Connection: close"))
            while answer := far.recv(65536):
                near.sendall(answer)
    threading.Thread(target=run, daemon=True).start()


def lead_to(there):
    """The client's connections go to this port instead of 443."""
    connection = lambda host, port, **more: http.client.HTTPSConnection(host, there, **more)
    default_http_rpc.http_client = types.SimpleNamespace(HTTPSConnection=connection)


def amount(currency, value):
    return Amount(currency=currency, value=value)


class Shop:
    """A merchant with the client."""

    def __init__(self, client_id, notify_url, private_key="merchant.key"):
        self.notify_url = notify_url
        key = pem_body((KEYS / private_key).read_text())
        wrapped = f"-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----"
        # The client puts PKCS#1's lines around what has none, so it gets a key in that form.
        loaded = serialization.load_pem_private_key(wrapped.encode(), None)
        pkcs1 = loaded.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        self.client = DefaultAlipayClient("https://127.0.0.1", client_id, pem_body(pkcs1.decode()), public_key("platform.crt"))

    def run(self, request, reading):
        return reading(self.client.execute(request))

    def wish(self, number, value="7200", currency="CNY", terminal=TerminalType.WEB, system=None):
        order, request = Order(), AlipayPayRequest()
        order.reference_order_id, order.order_description, order.order_amount = number, "日本 20 GB", amount(currency, value)
        order.buyer = Buyer()
        order.buyer.reference_buyer_id = "acc_1"
        method, env, settlement = PaymentMethod(), Env(), SettlementStrategy()
        method.payment_method_type, env.terminal_type, env.client_ip = "ALIPAY_CN", terminal, "203.0.113.7"
        env.os_type = system
        settlement.settlement_currency = "USD"
        request.product_code, request.payment_request_id = ProductCodeType.CASHIER_PAYMENT, number
        request.order, request.payment_amount, request.payment_method = order, amount(currency, value), method
        request.env, request.settlement_strategy = env, settlement
        request.payment_redirect_url, request.payment_notify_url = "https://shop.example/orders/1", self.notify_url
        return request

    def pay(self, number, **more):
        return self.run(self.wish(number, **more), AlipayPayResponse)

    def inquire(self, **named):
        request = AlipayPayQueryRequest()
        for name, value in named.items():
            setattr(request, name, value)
        return self.run(request, AlipayPayQueryResponse)

    def cancel(self, number):
        request = AlipayPayCancelRequest()
        request.payment_request_id = number
        return self.run(request, AlipayPayCancelResponse)

    def refund(self, payment, number, value, currency="CNY"):
        request = AlipayRefundRequest()
        request.refund_request_id, request.payment_id, request.refund_amount = number, payment, amount(currency, value)
        request.refund_notify_url = self.notify_url
        return self.run(request, AlipayRefundResponse)

    def inquire_refund(self, number):
        request = AlipayInquiryRefundRequest()
        request.refund_request_id = number
        return self.run(request, AlipayInquiryRefundResponse)


def public_key(name):
    public = certificate(name).public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem_body(public.decode())


def said(answer):
    return answer.result.result_status, answer.result.result_code


S, F, U = ResultStatusType.S, ResultStatusType.F, ResultStatusType.U


def opening(shop):
    made = shop.pay("one")
    check("pay is under way, with its page", said(made) == (U, "PAYMENT_IN_PROCESS") and "/pay/" in made.normal_url, said(made))
    check("pay on a computer opens no wallet", made.scheme_url is None, made.scheme_url)
    again = shop.pay("one")
    check("pay again is the same payment", (again.payment_id, again.normal_url) == (made.payment_id, made.normal_url))
    other = shop.pay("one", value="7100")
    check("pay with its name and another amount", said(other) == (F, "REPEAT_REQ_INCONSISTENT"), said(other))
    blind = shop.pay("blind", terminal=TerminalType.WAP)
    check("pay on a phone that does not say what it runs", said(blind) == (F, "PARAM_ILLEGAL"), said(blind))
    phone = shop.pay("two", terminal=TerminalType.WAP, system=OsType.IOS)
    check("pay on a phone may open the wallet", phone.scheme_url.startswith("alipays://"), phone.scheme_url)
    yen = shop.pay("three", value=amount_util.to_amount("1250", "JPY"), currency="JPY")
    check("pay in yen, counted by the client", (yen.payment_amount.currency, yen.payment_amount.value) == ("JPY", "1250"))
    for value, currency, code in [("9", "CNY", "PAYMENT_AMOUNT_EXCEED_LIMIT"), ("150", "IDR", "PARAM_ILLEGAL"),
                                  ("100", "CHF", "CURRENCY_NOT_SUPPORT")]:
        refused = shop.pay(f"bad-{currency}", value=value, currency=currency)
        check(f"pay of {value} {currency}", said(refused) == (F, code), said(refused))
    late = shop.wish("late")
    late.payment_expiry_time = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=11)).isoformat()
    refused = shop.run(late, AlipayPayResponse)
    check("pay with a time of ten minutes or more", said(refused) == (F, "PARAM_ILLEGAL"), said(refused))
    return made


def paying(shop, url, made):
    asked = shop.inquire(payment_request_id="one")
    check("inquiryPayment of what is open", asked.payment_status == TransactionStatusType.PROCESSING, asked.payment_status)
    ask(url, "POST", f"/sim/payments/{made.payment_id}/pay", {"outcome": "ok"})
    paid = shop.inquire(payment_id=made.payment_id)
    check("inquiryPayment of what is paid",
          (paid.payment_status, paid.payment_amount.value) == (TransactionStatusType.SUCCESS, "7200"), paid.payment_status)
    check("its time", paid.payment_time and paid.payment_request_id == "one")
    check("pay again says that it is paid", said(shop.pay("one")) == (S, "SUCCESS"))
    unknown = shop.inquire(payment_request_id="nobody")
    check("inquiryPayment of what is not known", said(unknown) == (F, "ORDER_NOT_EXIST"), said(unknown))


def money_back(shop, url, made):
    part = shop.refund(made.payment_id, "back_1", "2200")
    check("refund of a part", said(part) == (S, "SUCCESS") and part.refund_amount.value == "2200", said(part))
    check("refund again refunds once", shop.refund(made.payment_id, "back_1", "2200").refund_id == part.refund_id)
    other = shop.refund(made.payment_id, "back_1", "1")
    check("refund with its name and another amount", said(other) == (F, "REPEAT_REQ_INCONSISTENT"), said(other))
    more = shop.refund(made.payment_id, "back_2", "5001")
    check("refund of more than is left", said(more) == (F, "REFUND_AMOUNT_EXCEED"), said(more))
    found = shop.inquire_refund("back_1")
    check("inquiryRefund", (found.refund_status, found.refund_id) == (TransactionStatusType.SUCCESS, part.refund_id), found.refund_status)
    check("inquiryRefund of what is not known", shop.inquire_refund("nobody").refund_id is None)
    ask(url, "PUT", f"/sim/payments/{made.payment_id}/faults", {"refund": {"end": "later", "after_ms": 300}})
    slow = shop.refund(made.payment_id, "back_3", "1000")
    check("refund that takes its time", said(slow) == (U, "REFUND_IN_PROCESS"), said(slow))
    listed = shop.inquire(payment_request_id="one").transactions
    check("inquiryPayment lists refunds", [one.transaction_request_id for one in listed] == ["back_1", "back_3"], listed)


def cancelling(shop, url):
    done = shop.cancel("two")
    check("cancel of what is open", said(done) == (S, "SUCCESS") and done.cancel_time, said(done))
    asked = shop.inquire(payment_request_id="two")
    check("inquiryPayment of what is cancelled", asked.payment_status == TransactionStatusType.CANCELLED, asked.payment_status)
    made = shop.pay("four")
    ask(url, "POST", f"/sim/payments/{made.payment_id}/pay", {"outcome": "ok"})
    check("cancel of what is paid gives the money back", said(shop.cancel("four")) == (S, "SUCCESS"))
    books = next(line for line in ask(url, "GET", "/sim/books")["payments"] if line["reference"] == "four")
    check("and all of it", books["refunded_minor"] == 7200, books)


def told(shop, messages, kind, reading, name):
    """The message about this, checked by the client's own tool and read by its own class."""
    headers, raw = messages.first(
        lambda body: body["notifyType"] == kind and name in (body.get("paymentRequestId"), body.get("refundRequestId")))
    path = urllib.parse.urlparse(shop.notify_url).path

    def checked(body):
        try:
            return webhook_tool.check_signature(
                "POST", path, headers["client-id"], headers["request-time"], body.decode(), headers["signature"], public_key("platform.crt"))
        except Exception:  # the tool raises its own library's errors
            return False
    check(f"{kind} of {name} is signed", checked(raw))
    check(f"{kind} of {name} with a changed byte is not", not checked(raw.replace(b"SUCCESS", b"SUCCES5")))
    return reading(raw.decode())


def strangers(shop, notify_url, url):
    wrong = Shop(CLIENT, notify_url, private_key="stranger.key")
    for name, other in [("another key", wrong), ("another client", Shop("5YBX999999999999", notify_url))]:
        try:
            check(f"{name} is refused", False, said(other.inquire(payment_request_id="one")))
        except AlipayApiException as error:
            # The client wants a signature of every answer, and a stranger gets none.
            check(f"{name} is refused, and told so without a signature", "signature not exist" in str(error), error)
    ask(url, "POST", "/sim/rotate", {"face": "antom"})
    try:
        check("an answer by another key is not believed", False, said(shop.inquire(payment_request_id="one")))
    except AlipayApiException as error:
        check("an answer by another key is not believed", "verify" in str(error), error)
    ask(url, "POST", "/sim/rotate", {"face": "antom"})


def sandbox(url, notify_url):
    set_client(url, SANDBOX_CLIENT)
    made = Shop(SANDBOX_CLIENT, notify_url).pay("five")
    check("a sandbox client is answered at its own paths", said(made) == (U, "PAYMENT_IN_PROCESS"), said(made))


def set_client(url, client_id):
    ask(url, "PUT", "/sim/keys", {"face": "antom", "merchant": "Heyon", "client": client_id, "api_key": "unused"})


def main(program):
    messages = Messages(200, TAKEN)
    notify_url = messages.listen("/hooks/antom")
    simulator, url = start(program)
    try:
        set_client(url, CLIENT)
        lead_to(relay(("127.0.0.1", urllib.parse.urlparse(url).port)))
        shop = Shop(CLIENT, notify_url)
        made = opening(shop)
        paying(shop, url, made)
        money_back(shop, url, made)
        cancelling(shop, url)
        paid = told(shop, messages, "PAYMENT_RESULT", AlipayPayResultNotify, "one")
        check("notifyPayment, read", (paid.payment_id, paid.payment_amount["value"]) == (made.payment_id, "7200"), paid.payment_id)
        for name in ["back_1", "back_3"]:
            back = told(shop, messages, "REFUND_RESULT", AlipayRefundNotify, name)
            check(f"notifyRefund of {name}, read", back.refund_status == "SUCCESS", back.refund_status)
        strangers(shop, notify_url, url)
        sandbox(url, notify_url)
    except Exception as error:
        check("the steps before", False, repr(error))
    finally:
        simulator.terminate()
    return steps.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""A client of WeChat Pay that others wrote (PyPI's wechatpayv3) against the sandbox's WeChat Pay face.

    wechat_pay.py PAYSIM        PAYSIM is the program

All is done twice: once as a merchant that downloads the platform's certificates, once as one that was given its public key.
Each call of the client is a step. Prints `ok` or `FAILED` for each and ends with `N passed, N failed`.
"""
import gzip
import hashlib
import json
import sys
import time
import urllib.parse

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from wechatpayv3 import WeChatPay, WeChatPayType, core, utils

from paysim import KEYS, Messages, Steps, ask, certificate, start

MCHID, APPID, API_V3_KEY = "1900000109", "wxd678efh567hg6787", "0123456789abcdef0123456789abcdef"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000000012026112300000000000001"
HOUR = 3600
steps = Steps()
check = steps.check
messages = Messages(204)


class Clock:
    """The client's time, which the sandbox's virtual clock keeps up with."""

    def __init__(self, url):
        self.url, self.ahead, self.start = url, 0, time.time()

    def time(self):
        return self.start + self.ahead

    def advance(self, seconds):
        self.ahead += seconds
        ask(self.url, "POST", "/sim/clock", {"advance_ms": seconds * 1000})


def client(url, notify_url, **more):
    """The library knows only the real host; its certificates are downloaded before anything can be changed on it."""
    first = core.Core._init_certificates

    def from_sandbox(self):
        self._gate_way = url
        first(self)

    core.Core._init_certificates = from_sandbox
    try:
        made = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE, mchid=MCHID, appid=APPID, apiv3_key=API_V3_KEY, notify_url=notify_url,
            private_key=(KEYS / "merchant.key").read_text(),
            cert_serial_no=f"{certificate('merchant.crt').serial_number:X}", **more)
    finally:
        core.Core._init_certificates = first
    made._core._gate_way = url
    return made


def answer(pair):
    """The status, and the answer as JSON."""
    status, body = pair
    return status, json.loads(body) if body else {}


def orders(name, wechat, url, number):
    amount = {"total": 7200, "currency": "CNY"}
    status, made = answer(wechat.pay(description="日本 20 GB", out_trade_no=number, amount=amount))
    code = made.get("code_url", "")
    check(f"{name}: pay (Native)", status == 200 and code.startswith("weixin://wxpay/bizpayurl?pr="), made)
    check(f"{name}: pay again answers the same code",
          answer(wechat.pay(description="日本 20 GB", out_trade_no=number, amount=amount)) == (200, made))
    status, other = answer(wechat.pay(description="日本 20 GB", out_trade_no=number, amount={"total": 1}))
    check(f"{name}: another amount under the same number", (status, other["code"]) == (403, "OUT_TRADE_NO_USED"), other)
    status, page = answer(wechat.pay(
        description="日本 20 GB", out_trade_no=f"{number}-h5", amount=amount, pay_type=WeChatPayType.H5,
        scene_info={"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}))
    check(f"{name}: pay (H5)", status == 200 and page["h5_url"].startswith(url), page)
    status, asked = answer(wechat.query(out_trade_no=number))
    check(f"{name}: query of what is not paid", (status, asked["trade_state"]) == (200, "NOTPAY"), asked)
    status, unknown = answer(wechat.query(out_trade_no="nobody-knows-it"))
    check(f"{name}: query of what is not known", (status, unknown["code"]) == (404, "ORDER_NOT_EXIST"), unknown)
    closed = wechat.close(out_trade_no=f"{number}-h5")
    check(f"{name}: close", closed[0] == 204, closed)
    _, asked = answer(wechat.query(out_trade_no=f"{number}-h5"))
    check(f"{name}: query of what is closed", asked["trade_state"] == "CLOSED", asked)
    return urllib.parse.parse_qs(urllib.parse.urlparse(code).query)["pr"][0]


def money(name, wechat, url, number, theirs, count):
    ask(url, "POST", f"/sim/payments/{theirs}/pay", {"outcome": "ok"})
    headers, raw = messages.number(count)
    told = wechat.callback(headers, raw)
    inside = told and told["resource"]
    check(f"{name}: callback TRANSACTION.SUCCESS",
          told and (told["event_type"], inside["out_trade_no"]) == ("TRANSACTION.SUCCESS", number), told)
    check(f"{name}: callback refuses a changed byte", wechat.callback(headers, raw.replace(b"SUCCESS", b"SUCCES5")) is None)
    status, paid = answer(wechat.query(out_trade_no=number))
    check(f"{name}: query of what is paid", (paid["trade_state"], paid["amount"]["payer_total"]) == ("SUCCESS", 7200), paid)
    status, again = answer(wechat.query(transaction_id=paid["transaction_id"]))
    check(f"{name}: query by transaction", (status, again) == (200, paid), again)
    part = {"refund": 2200, "total": 7200, "currency": "CNY"}
    back = {"out_refund_no": f"{number}-r1", "transaction_id": paid["transaction_id"], "amount": part, "reason": "test"}
    status, refund = answer(wechat.refund(**back))
    check(f"{name}: refund", (status, refund["status"], refund["amount"]["refund"]) == (200, "SUCCESS", 2200), refund)
    check(f"{name}: refund again refunds once", answer(wechat.refund(**back)) == (200, refund))
    check(f"{name}: query_refund", answer(wechat.query_refund(f"{number}-r1")) == (200, refund))
    status, soon = answer(wechat.refund(**{**back, "out_refund_no": f"{number}-r2"}))
    check(f"{name}: another within a minute", (status, soon["code"]) == (429, "FREQUENCY_LIMITED"), soon)
    told = wechat.callback(*messages.number(count + 1))
    check(f"{name}: callback REFUND.SUCCESS",
          told and (told["event_type"], told["resource"]["out_refund_no"]) == ("REFUND.SUCCESS", f"{number}-r1"), told)


def bills(name, wechat, clock):
    day = time.strftime("%Y-%m-%d", time.gmtime(clock.time() + 8 * HOUR))
    status, early = answer(wechat.trade_bill(day))
    check(f"{name}: trade_bill too early", (status, early["code"]) == (400, "NO_STATEMENT_EXIST"), early)
    clock.advance(34 * HOUR)
    for kind, ask, words in [("trade_bill", wechat.trade_bill, "交易时间"), ("fundflow_bill", wechat.fundflow_bill, "记账时间")]:
        status, bill = answer(ask(day))
        check(f"{name}: {kind}", status == 200 and bill["hash_type"] == "SHA1", bill)
        status, packed = wechat.download_bill(bill["download_url"])
        text = gzip.decompress(packed)
        check(f"{name}: download_bill of it", hashlib.sha1(text).hexdigest() == bill["hash_value"]
              and text.decode("utf-8-sig").startswith(words), text)


def rotation(wechat, url, clock):
    ask(url, "POST", "/sim/rotate", {"face": "wechat_pay"})
    status, made = answer(wechat.pay(description="after the rotation", out_trade_no="rotated-1", amount={"total": 1}))
    check("a rotated certificate is downloaded and believed", status == 200 and "code_url" in made, made)
    ask(url, "POST", "/sim/rotate", {"face": "wechat_pay"})


def stranger(wechat):
    """The same merchant with another's key."""
    wechat._core._private_key = utils.load_private_key((KEYS / "stranger.key").read_text())
    status, refused = answer(wechat.query(out_trade_no="anything"))
    check("a request that another signed", (status, refused["code"]) == (401, "SIGN_ERROR"), refused)


def main():
    simulator, url = start(sys.argv[1], "--virtual-clock")
    try:
        notify_url = messages.listen("/hooks/wechat_pay")
        ask(url, "PUT", "/sim/keys", {"face": "wechat_pay", "merchant": MCHID, "client": APPID, "api_key": API_V3_KEY})
        clock = Clock(url)
        utils.time = clock
        public = certificate("platform.crt").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        merchants = {
            "certificates": client(url, notify_url),
            "public key": client(url, notify_url, public_key=public.decode(), public_key_id=PUBLIC_KEY_ID),
        }
        for turn, (name, wechat) in enumerate(merchants.items()):
            number = f"interop-{turn}"
            theirs = orders(name, wechat, url, number)
            money(name, wechat, url, number, theirs, 2 * turn + 1)
            bills(name, wechat, clock)
        rotation(merchants["certificates"], url, clock)
        stranger(merchants["certificates"])
    finally:
        simulator.terminate()
    sys.exit(steps.end())


main()

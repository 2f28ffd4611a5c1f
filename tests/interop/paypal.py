"""PayPal's official client (PyPI's paypal-server-sdk) against the sandbox's PayPal face.

    paypal.py PAYSIM        PAYSIM is the program

Each call of the client is a step. Prints `ok` or `FAILED` for each and ends with `N passed, N failed`.
"""
import json
import logging
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

from paypalserversdk.configuration import Configuration, Environment, Server
from paypalserversdk.exceptions.api_exception import ApiException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.refund_request import RefundRequest
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

SECRET = "sk_interop"
passed = failed = 0


def check(what, holds, seen=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print(f"ok {what}" if holds else f"FAILED {what}: {seen}", flush=True)


def refused(call):
    """The issue with which the face refuses, as the client reads it."""
    try:
        return f"nothing: {call().body}"
    except ApiException as error:
        return json.loads(error.response.text)["details"][0]["issue"]


def post(url, body, headers=None):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def client(url, secret=SECRET):
    Configuration.environments[Environment.SANDBOX][Server.DEFAULT] = url
    credentials = ClientCredentialsAuthCredentials(o_auth_client_id="client_test", o_auth_client_secret=secret)
    return PaypalServersdkClient(client_credentials_auth_credentials=credentials, environment=Environment.SANDBOX)


def order(invoice, paypal, value="9.90", currency="USD"):
    unit = {"custom_id": invoice, "invoice_id": invoice, "description": "Japan 20 GB · 日本",
            "amount": {"currency_code": currency, "value": value}}
    return OrderRequest.from_dictionary(
        {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": {"paypal": paypal}})


PAGE = {"experience_context": {"return_url": "http://127.0.0.1/back", "cancel_url": "http://127.0.0.1/back",
                               "user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING", "locale": "zh-CN"}}
WHOLE = "return=representation"


def main(paysim, url):
    shop = client(url)
    pay = lambda made, outcome="ok": post(f"{url}/sim/payments/{made.id}/pay", {"outcome": outcome})
    create = lambda key, body: shop.orders.create_order({"body": body, "prefer": WHOLE, "paypal_request_id": key})
    capture = lambda made, key: shop.orders.capture_order({"id": made.id, "prefer": WHOLE, "paypal_request_id": key})

    made = create("k1", order("inv1", PAGE)).body
    check("create_order, with a token of request_token", made.status == "PAYER_ACTION_REQUIRED", made.status)
    check("its link to the payer's page", any(link.rel == "payer-action" for link in made.links))
    check("create_order again is the same order", create("k1", order("inv1", PAGE)).body.id == made.id)
    issue = refused(lambda: create("k1", order("other", PAGE)))
    check("create_order with its key and another content", issue == "DUPLICATE_REQUEST_ID", issue)
    issue = refused(lambda: capture(made, "c0"))
    check("capture_order before the payer agreed", issue == "ORDER_NOT_APPROVED", issue)
    pay(made)
    seen = shop.orders.get_order({"id": made.id}).body
    check("get_order", (seen.status, seen.purchase_units[0].amount.value) == ("APPROVED", "9.90"), seen.status)
    done = capture(made, "c1").body
    taken = done.purchase_units[0].payments.captures[0]
    check("capture_order", (done.status, taken.status) == ("COMPLETED", "COMPLETED"), done.status)
    check("capture_order again is the same capture",
          capture(made, "c1").body.purchase_units[0].payments.captures[0].id == taken.id)
    issue = refused(lambda: capture(made, "c2"))
    check("capture_order with another key", issue == "ORDER_ALREADY_CAPTURED", issue)

    shown = shop.payments.get_captured_payment({"capture_id": taken.id}).body
    fees = shown.seller_receivable_breakdown
    check("get_captured_payment, with its fee", (fees.paypal_fee.value, fees.net_amount.value) == ("0.09", "9.81"))
    refund = lambda key, body=None: shop.payments.refund_captured_payment(
        {"capture_id": taken.id, "paypal_request_id": key, "prefer": WHOLE, "body": body})
    part = RefundRequest.from_dictionary({"amount": {"currency_code": "USD", "value": "3.90"}, "custom_id": "r1"})
    back = refund("r1", part).body
    check("refund_captured_payment, a part", (back.status, back.amount.value) == ("COMPLETED", "3.90"), back.status)
    check("refund_captured_payment again is the same refund", refund("r1", part).body.id == back.id)
    check("get_refund", shop.payments.get_refund({"refund_id": back.id}).body.custom_id == "r1")
    check("refund_captured_payment, the rest", refund("r2").body.amount.value == "6.00")
    issue = refused(lambda: refund("r3"))
    check("refund_captured_payment of nothing", issue == "CAPTURE_FULLY_REFUNDED", issue)

    declined = create("k2", order("inv2", PAGE)).body
    pay(declined, "declined")
    issue = refused(lambda: capture(declined, "c3"))
    check("capture_order of what the bank declines", issue == "INSTRUMENT_DECLINED", issue)
    yen = create("k3", order("inv3", PAGE, "1250", "JPY")).body
    check("create_order in yen", yen.purchase_units[0].amount.value == "1250")
    issue = refused(lambda: create("k4", order("inv4", PAGE, "12.50", "JPY")))
    check("create_order in parts of a yen", issue == "DECIMALS_NOT_SUPPORTED", issue)

    keep = {**PAGE, "attributes": {"vault": {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT"}}}
    kept = create("k5", order("inv5", keep)).body
    pay(kept)
    vault = capture(kept, "c5").body.payment_source.paypal.attributes.vault
    check("capture_order that keeps the wallet", vault.status == "VAULTED", vault.status)
    listed = shop.vault.list_customer_payment_tokens({"customer_id": "customer_1"}).body
    check("list_customer_payment_tokens", [one.id for one in listed.payment_tokens] == [vault.id])
    check("get_payment_token", shop.vault.get_payment_token(vault.id).body.id == vault.id)
    wallet = {"vault_id": vault.id, "stored_credential": {"payment_initiator": "MERCHANT", "usage": "SUBSEQUENT"}}
    charged = create("k6", order("inv6", wallet)).body
    check("create_order on the kept wallet", charged.status == "COMPLETED", charged.status)
    issue = refused(lambda: create("k7", order("inv6", wallet)))
    check("create_order for a paid invoice", issue == "DUPLICATE_INVOICE_ID", issue)
    gone = shop.vault.delete_payment_token(vault.id)
    check("delete_payment_token", gone.status_code == 204)
    issue = refused(lambda: create("k8", order("inv8", wallet)))
    check("create_order on the deleted wallet", issue == "TOKEN_ID_NOT_FOUND", issue)

    post(f"{url}/sim/clock", {"advance_ms": 4 * 3600 * 1000})
    now = datetime.now(timezone.utc) + timedelta(hours=4)
    text = lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
    found = shop.transaction_search.search_transactions(
        {"start_date": text(now - timedelta(days=1)), "end_date": text(now), "fields": "all"}).body
    rows = [row.transaction_info for row in found.transaction_details]
    check("search_transactions", sorted(row.transaction_event_code for row in rows)
          == ["T0006", "T0006", "T0006", "T1107", "T1107"], [row.transaction_event_code for row in rows])
    check("its fee", next(row for row in rows if row.transaction_id == taken.id).fee_amount.value == "-0.09")
    try:
        client(url, "wrong").orders.get_order({"id": made.id})
        check("request_token with a wrong secret", False, "it was let in")
    except Exception as error:
        check("request_token with a wrong secret", "401" in str(error) or "auth" in str(error).lower(), repr(error))


logging.disable(logging.CRITICAL)
paysim = subprocess.Popen([sys.argv[1], "--listen", "127.0.0.1:0", "--json", "--virtual-clock", "--api-key", SECRET],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
try:
    main(paysim, json.loads(paysim.stdout.readline())["paysim"])
except Exception as error:
    check("the steps before", False, repr(error))
finally:
    paysim.terminate()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)

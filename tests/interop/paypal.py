"""PayPal's official client (PyPI's paypal-server-sdk) against the sandbox's PayPal face.

    paypal.py PAYSIM        PAYSIM is the program

Each call of the client is a step; it has none for disputes, and none that checks a webhook's signature. Prints `ok` or `FAILED`
for each and ends with `N passed, N failed`.
"""
import base64
import logging
import sys
from datetime import datetime, timedelta, timezone

from paypalserversdk.configuration import Configuration, Environment, Server
from paypalserversdk.exceptions.api_exception import ApiException
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.exceptions.o_auth_provider_exception import OAuthProviderException
from paypalserversdk.exceptions.search_error_exception import SearchErrorException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.refund_request import RefundRequest
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from paysim import Steps, ask, start

SECRET = "sk_interop"
steps = Steps()
check = steps.check


def refused(call):
    """The issue with which the face refuses, as the client reads it."""
    try:
        return f"nothing: {call().body}"
    except (ErrorException, SearchErrorException) as error:
        return error.details[0].issue


def token(api, secret):
    """A token for this secret, or the word with which it is refused."""
    basic = base64.b64encode(f"client_test:{secret}".encode()).decode()
    try:
        return api.o_auth_authorization.request_token({"authorization": f"Basic {basic}"}).body.token_type
    except OAuthProviderException as error:
        return error.error


def client(url):
    Configuration.environments[Environment.SANDBOX][Server.DEFAULT] = url
    credentials = ClientCredentialsAuthCredentials(o_auth_client_id="client_test", o_auth_client_secret=SECRET)
    return PaypalServersdkClient(client_credentials_auth_credentials=credentials, environment=Environment.SANDBOX)


def order(invoice, paypal, value="9.90", currency="USD"):
    unit = {"custom_id": invoice, "invoice_id": invoice, "description": "Japan 20 GB · 日本",
            "amount": {"currency_code": currency, "value": value}}
    return OrderRequest.from_dictionary(
        {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": {"paypal": paypal}})


PAGE = {"experience_context": {"return_url": "http://127.0.0.1/back", "cancel_url": "http://127.0.0.1/back",
                               "user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING", "locale": "zh-CN"}}
WHOLE = "return=representation"


class Shop:
    """A merchant with the client."""

    def __init__(self, url):
        self.url, self.api = url, client(url)

    def create(self, key, body):
        return self.api.orders.create_order({"body": body, "prefer": WHOLE, "paypal_request_id": key}).body

    def capture(self, made, key):
        return self.api.orders.capture_order({"id": made.id, "prefer": WHOLE, "paypal_request_id": key}).body

    def refund(self, capture, key, body=None):
        return self.api.payments.refund_captured_payment(
            {"capture_id": capture.id, "paypal_request_id": key, "prefer": WHOLE, "body": body}).body

    def pay(self, made, outcome="ok"):
        ask(self.url, "POST", f"/sim/payments/{made.id}/pay", {"outcome": outcome})

    def plan(self, made, faults):
        ask(self.url, "PUT", f"/sim/payments/{made.id}/faults", faults)


def taken_of(order):
    return order.purchase_units[0].payments.captures[0]


def paying(shop):
    """An order from its page to its money; the capture."""
    made = shop.create("k1", order("inv1", PAGE))
    check("create_order, with a token of request_token", made.status == "PAYER_ACTION_REQUIRED", made.status)
    check("its link to the payer's page", any(link.rel == "payer-action" for link in made.links))
    check("create_order again is the same order", shop.create("k1", order("inv1", PAGE)).id == made.id)
    issue = refused(lambda: shop.create("k1", order("other", PAGE)))
    check("create_order with its key and another content", issue == "DUPLICATE_REQUEST_ID", issue)
    least = shop.api.orders.create_order({"body": order("inv0", PAGE), "paypal_request_id": "k0"}).body
    check("create_order, the least of it", bool(least.id) and not hasattr(least, "purchase_units"))
    issue = refused(lambda: shop.capture(made, "c0"))
    check("capture_order before the payer agreed", issue == "ORDER_NOT_APPROVED", issue)
    shop.pay(made)
    seen = shop.api.orders.get_order({"id": made.id}).body
    check("get_order", (seen.status, seen.purchase_units[0].amount.value) == ("APPROVED", "9.90"), seen.status)
    done = shop.capture(made, "c1")
    taken = taken_of(done)
    check("capture_order", (done.status, taken.status) == ("COMPLETED", "COMPLETED"), done.status)
    check("capture_order again is the same capture", taken_of(shop.capture(made, "c1")).id == taken.id)
    issue = refused(lambda: shop.capture(made, "c2"))
    check("capture_order with another key", issue == "ORDER_ALREADY_CAPTURED", issue)
    fees = shop.api.payments.get_captured_payment({"capture_id": taken.id}).body.seller_receivable_breakdown
    check("get_captured_payment, with its fee", (fees.paypal_fee.value, fees.net_amount.value) == ("0.09", "9.81"))
    return taken


def money_back(shop, taken):
    part = RefundRequest.from_dictionary({"amount": {"currency_code": "USD", "value": "3.90"}, "custom_id": "r1"})
    back = shop.refund(taken, "r1", part)
    check("refund_captured_payment, a part", (back.status, back.amount.value) == ("COMPLETED", "3.90"), back.status)
    check("refund_captured_payment again is the same refund", shop.refund(taken, "r1", part).id == back.id)
    check("get_refund", shop.api.payments.get_refund({"refund_id": back.id}).body.custom_id == "r1")
    check("refund_captured_payment, the rest", shop.refund(taken, "r2").amount.value == "6.00")
    issue = refused(lambda: shop.refund(taken, "r3"))
    check("refund_captured_payment of nothing", issue == "CAPTURE_FULLY_REFUNDED", issue)


def other_ends(shop):
    declined = shop.create("k2", order("inv2", PAGE))
    shop.pay(declined, "declined")
    issue = refused(lambda: shop.capture(declined, "c3"))
    check("capture_order of what the bank declines", issue == "INSTRUMENT_DECLINED", issue)
    again = shop.api.orders.get_order({"id": declined.id}).body
    check("its payer can agree again", any(link.rel == "payer-action" for link in again.links), again.status)
    slow = shop.create("k9", order("inv9", PAGE))
    shop.plan(slow, {"pay": {"end": "later", "after_ms": 3600_000}})
    shop.pay(slow)
    waits = taken_of(shop.capture(slow, "c9"))
    check("capture_order that is reviewed first",
          (waits.status, waits.status_details.reason) == ("PENDING", "PENDING_REVIEW"), waits.status)
    yen = shop.create("k3", order("inv3", PAGE, "1250", "JPY"))
    check("create_order in yen", yen.purchase_units[0].amount.value == "1250")
    issue = refused(lambda: shop.create("k4", order("inv4", PAGE, "12.50", "JPY")))
    check("create_order in parts of a yen", issue == "DECIMALS_NOT_SUPPORTED", issue)


def keeping(shop):
    """A wallet that is kept, charged and given up."""
    keep = {**PAGE, "attributes": {"vault": {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT"}}}
    kept = shop.create("k5", order("inv5", keep))
    shop.pay(kept)
    vault = shop.capture(kept, "c5").payment_source.paypal.attributes.vault
    check("capture_order that keeps the wallet", vault.status == "VAULTED", vault.status)
    listed = shop.api.vault.list_customer_payment_tokens({"customer_id": "customer_1"}).body
    check("list_customer_payment_tokens", [one.id for one in listed.payment_tokens] == [vault.id])
    check("get_payment_token", shop.api.vault.get_payment_token(vault.id).body.id == vault.id)
    wallet = {"vault_id": vault.id, "stored_credential": {"payment_initiator": "MERCHANT", "usage": "SUBSEQUENT"}}
    charged = shop.create("k6", order("inv6", wallet))
    check("create_order on the kept wallet", charged.status == "COMPLETED", charged.status)
    issue = refused(lambda: shop.create("k7", order("inv6", wallet)))
    check("create_order for a paid invoice", issue == "DUPLICATE_INVOICE_ID", issue)
    check("delete_payment_token", shop.api.vault.delete_payment_token(vault.id).status_code == 204)
    issue = refused(lambda: shop.create("k8", order("inv8", wallet)))
    check("create_order on the deleted wallet", issue == "TOKEN_ID_NOT_FOUND", issue)


def searching(shop, taken):
    """What was taken and given back is found hours later."""
    ask(shop.url, "POST", "/sim/clock", {"advance_ms": 4 * 3600 * 1000})
    now = datetime.now(timezone.utc) + timedelta(hours=4)
    text = lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
    search = lambda days: shop.api.transaction_search.search_transactions(
        {"start_date": text(now - timedelta(days=days)), "end_date": text(now), "fields": "all"})
    rows = [row.transaction_info for row in search(1).body.transaction_details]
    codes = sorted(row.transaction_event_code for row in rows)
    check("search_transactions", codes == ["T0006"] * 3 + ["T1107"] * 2, codes)
    check("its fee", next(row for row in rows if row.transaction_id == taken.id).fee_amount.value == "-0.09")
    issue = refused(lambda: search(40))
    check("search_transactions of more than 31 days", issue == "INVALID_REQUEST", issue)


def tokens(shop, taken):
    check("request_token", token(shop.api, SECRET) == "Bearer")
    word = token(shop.api, "wrong")
    check("request_token with a wrong secret", word == "invalid_client", word)
    keys = {"face": "paypal", "merchant": "Heyon", "client": "client_test", "api_key": "another"}
    ask(shop.url, "PUT", "/sim/keys", keys)
    try:
        shown = shop.api.payments.get_captured_payment({"capture_id": taken.id})
        check("a token that was revoked", False, shown.body)
    except ApiException as error:
        check("a token that was revoked", error.response_code == 401, error.response_code)


logging.disable(logging.CRITICAL)
simulator, url = start(sys.argv[1], "--virtual-clock", "--api-key", SECRET)
try:
    shop = Shop(url)
    taken = paying(shop)
    money_back(shop, taken)
    other_ends(shop)
    keeping(shop)
    searching(shop, taken)
    tokens(shop, taken)
except Exception as error:
    check("the steps before", False, repr(error))
finally:
    simulator.terminate()
sys.exit(steps.end())

"""Stripe's own library for Python against paysim's face of Stripe.

    stripe_sdk.py PAYSIM     PAYSIM is the program

Each call is one that shops make: what the library cannot read, or believes to be an error, fails here. A small server takes
the messages, and the library checks their signatures. Prints `ok` or `FAILED` for each call and ends with
`N passed, N failed`.
"""
import concurrent.futures
import sys
import time

import stripe

from paysim import Messages, Steps, ask, start

KEY, SECRETS = "sk_test_interop", ["whsec_one", "whsec_two"]
steps = Steps()
check = steps.check
messages = Messages(200)


def refusal(call):
    """The error that the library makes of an answer; None if it made none."""
    try:
        call()
    except stripe.StripeError as error:
        return error
    return None


def message(kind):
    """The message of this kind as the library reads it, once it has come."""
    came = messages.first(lambda body: body["type"] == kind)
    if came is None:
        return None
    headers, raw = came
    return [stripe.Webhook.construct_event(raw, headers["stripe-signature"], secret) for secret in SECRETS][0]


def page(order, **more):
    line = {"quantity": 1, "price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "日本 20 GB"}}}
    return {"mode": "payment", "client_reference_id": order, "success_url": "https://shop.example/{CHECKOUT_SESSION_ID}",
            "line_items": [line], "metadata": {"order_id": order}, **more}


def pages(api, url):
    sessions = api.v1.checkout.sessions
    made = sessions.create(page("one"), {"idempotency_key": "one"})
    check("checkout.sessions.create", made.status == "open" and made.url and made.amount_total == 900)
    again = sessions.create(page("one"), {"idempotency_key": "one"})
    check("the same key answers the same", again.id == made.id)
    check("and says so", again.last_response.headers["Idempotent-Replayed"] == "true")
    other = refusal(lambda: sessions.create(page("other"), {"idempotency_key": "one"}))
    check("the same key with another wish is refused", isinstance(other, stripe.IdempotencyError) and other.http_status == 400)
    wrong = refusal(lambda: sessions.create(page("wrong", colour="blue")))
    check("a parameter that Stripe has not is refused", wrong.code == "parameter_unknown")
    soon = refusal(lambda: sessions.create(page("soon", expires_at=int(time.time()) + 60)))
    check("a page of one minute is refused", isinstance(soon, stripe.InvalidRequestError))
    ask(url, "POST", f"/sim/payments/{made.id}/pay", {"outcome": "ok"})
    paid = sessions.retrieve(made.id, {"expand": ["payment_intent.latest_charge.refunds"]})
    charge = paid.payment_intent.latest_charge
    check("checkout.sessions.retrieve, expanded", (paid.payment_status, charge.amount_captured) == ("paid", 900))
    check("metadata of the page", paid.metadata["order_id"] == "one" and paid.client_reference_id == "one")
    left = sessions.create(page("left"))
    check("checkout.sessions.expire", sessions.expire(left.id).status == "expired")
    check("what is over cannot be expired", refusal(lambda: sessions.expire(left.id)).http_status == 400)
    check("checkout.sessions.list by intent", [one.id for one in sessions.list({"payment_intent": paid.payment_intent.id})] == [made.id])
    check("what nobody opened is not found", refusal(lambda: sessions.retrieve("cs_test_none")).code == "resource_missing")
    return paid


def money_back(api, paid):
    charge = paid.payment_intent.latest_charge
    part = api.v1.refunds.create({"charge": charge.id, "amount": 300, "metadata": {"why": "part"}}, {"idempotency_key": "back"})
    check("refunds.create, in part", (part.status, part.amount, part.metadata["why"]) == ("succeeded", 300, "part"))
    check("refunds.retrieve", api.v1.refunds.retrieve(part.id).charge == charge.id)
    rest = api.v1.refunds.create({"payment_intent": paid.payment_intent.id})
    check("refunds.create of the rest", rest.amount == 600)
    more = refusal(lambda: api.v1.refunds.create({"charge": charge.id}))
    check("no more than was paid", more.code == "charge_already_refunded")
    check("charges.retrieve", api.v1.charges.retrieve(charge.id).refunded)
    check("refunds.list", len(api.v1.refunds.list({"charge": charge.id}).data) == 2)
    moved = api.v1.balance_transactions.list({"limit": 10, "expand": ["data.source"]}).data
    check("balance_transactions.list", sorted(one.amount for one in moved) == [-600, -300, 900])
    check("with fees", all(one.amount - one.fee == one.net for one in moved) and sum(one.fee for one in moved) == 9)


def cards(api, url):
    customer = api.v1.customers.create({"email": "li@example.com"})
    kept = api.v1.checkout.sessions.create(page("keep", customer=customer.id, payment_intent_data={
        "setup_future_usage": "off_session", "metadata": {"reference": "keep"}}))
    ask(url, "POST", f"/sim/payments/{kept.id}/pay", {"outcome": "ok"})
    intent = api.v1.checkout.sessions.retrieve(kept.id, {"expand": ["payment_intent"]}).payment_intent
    check("a card is kept", intent.customer == customer.id and intent.payment_method.startswith("pm_"))
    check("payment_methods.retrieve", api.v1.payment_methods.retrieve(intent.payment_method).card.last4 == "4242")
    wish = {"amount": 500, "currency": "usd", "customer": customer.id, "payment_method": intent.payment_method,
            "off_session": True, "confirm": True, "metadata": {"reference": "renewal"}}
    done = api.v1.payment_intents.create(wish, {"idempotency_key": "renewal"})
    check("payment_intents.create without the payer", (done.status, done.amount_received) == ("succeeded", 500))
    found = api.v1.payment_intents.search({"query": "metadata['reference']:'renewal'"})
    check("payment_intents.search", [one.id for one in found.data] == [done.id])
    check("payment_intents.retrieve", api.v1.payment_intents.retrieve(done.id, {"expand": ["latest_charge"]}).latest_charge.paid)
    for plan, code in [("soft_decline", "insufficient_funds"), ("hard_decline", "stolen_card"), ("payer_must_act", "authentication_required")]:
        ask(url, "PUT", f"/sim/payments/{intent.payment_method.replace('pm_', 'sm_')}/faults", {"charge": plan})
        no = refusal(lambda: api.v1.payment_intents.create(wish, {"idempotency_key": plan}))
        told = no.error.payment_intent.last_payment_error.decline_code
        check(f"a card error: {code}", isinstance(no, stripe.CardError) and no.http_status == 402 and told == code)
    kept_no = refusal(lambda: api.v1.payment_intents.create(wish, {"idempotency_key": "soft_decline"}))
    check("a decline is kept for its key", kept_no.headers["Idempotent-Replayed"] == "true")
    stranger = refusal(lambda: api.v1.payment_intents.create({**wish, "customer": "cus_other"}))
    check("a card of another customer is refused", isinstance(stranger, stripe.InvalidRequestError))
    open_one = api.v1.payment_intents.create({"amount": 700, "currency": "usd"})
    check("payment_intents.cancel", api.v1.payment_intents.cancel(open_one.id).status == "canceled")
    later = api.v1.payment_intents.create({"amount": 700, "currency": "usd", "payment_method": "pm_card_visa"})
    check("payment_intents.confirm", api.v1.payment_intents.confirm(later.id).status == "succeeded")
    bad = refusal(lambda: api.v1.payment_intents.create({"amount": 700, "currency": "usd", "payment_method": "pm_card_chargeDeclined", "confirm": True}))
    check("a test card that is declined", isinstance(bad, stripe.CardError))
    contested = api.v1.payment_intents.create({"amount": 800, "currency": "usd", "payment_method": "pm_card_createDispute", "confirm": True})
    check("disputes.list", [one.status for one in api.v1.disputes.list({"payment_intent": contested.id})] == ["needs_response"])
    setup = api.v1.setup_intents.create({"customer": customer.id, "usage": "off_session", "payment_method": "pm_card_visa", "confirm": True})
    check("setup_intents.create", setup.status == "succeeded")


def things(api):
    product = api.v1.products.create({"name": "Japan 20 GB"})
    price = api.v1.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1200})
    made = api.v1.checkout.sessions.create({**page("priced"), "line_items": [{"price": price.id, "quantity": 2}]})
    check("products.create, prices.create, a page by price", made.amount_total == 2400)
    customer = api.v1.customers.create({"name": "Li", "metadata": {"a": "1"}})
    changed = api.v1.customers.update(customer.id, {"name": "Wang"})
    check("customers.update", changed.name == "Wang" and changed.metadata["a"] == "1")
    method = api.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    check("payment_methods.attach", api.v1.payment_methods.attach(method.id, {"customer": customer.id}).customer == customer.id)
    check("payment_methods.detach", api.v1.payment_methods.detach(method.id).customer is None)
    check("customers.delete", api.v1.customers.delete(customer.id).deleted)
    check("balance.retrieve", api.v1.balance.retrieve().available[0].currency == "usd")
    for number in range(12):
        api.v1.checkout.sessions.create(page(f"many-{number}"))
    every = [one.id for one in api.v1.checkout.sessions.list({"limit": 5}).auto_paging_iter()]
    check("lists go on over pages", len(every) == len(set(every)) >= 12)


def haste(api):
    """Twenty requests of one key at once: one page, and whoever came too early hears 409."""
    def one(_):
        try:
            return api.v1.checkout.sessions.create(page("haste"), {"idempotency_key": "haste", "max_network_retries": 0}).id
        except stripe.StripeError as error:
            return error.http_status
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(one, range(20)))
    check("one key at once opens one page", len(answers - {409}) == 1)


def hearing():
    done = message("checkout.session.completed")
    check("checkout.session.completed, signed by both secrets", done and done.data.object.payment_status == "paid")
    for kind in ["payment_intent.succeeded", "payment_intent.payment_failed", "refund.updated", "charge.dispute.created",
                 "checkout.session.expired", "payment_intent.canceled"]:
        event = message(kind)
        check(kind, event and event.object == "event" and not event.livemode)
    headers, raw = messages.number(1)
    forged = refusal(lambda: stripe.Webhook.construct_event(raw + b" ", headers["stripe-signature"], SECRETS[0]))
    check("a changed message is refused", isinstance(forged, stripe.SignatureVerificationError))


def main(program):
    secrets = [part for secret in SECRETS for part in ("--secret", secret)]
    simulator, url = start(program, "--api-key", KEY, "--merchant", "acct_interop", *secrets)
    try:
        ask(url, "PUT", "/sim/webhook", {"face": "stripe", "url": messages.listen()})
        api = stripe.StripeClient(KEY, base_addresses={"api": url})
        stranger = stripe.StripeClient("sk_test_other", base_addresses={"api": url})
        check("another key is refused", isinstance(refusal(stranger.v1.balance.retrieve), stripe.AuthenticationError))
        paid = pages(api, url)
        money_back(api, paid)
        cards(api, url)
        things(api)
        haste(api)
        hearing()
    finally:
        simulator.terminate()
    return steps.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

# Buying: the checkout, an order's steps, changing a plan.

orders-checkout = Checkout
orders-title-buy = Buy { $plan }
orders-title-renew = Renew { $plan }
orders-title-change = Change to { $plan }
orders-which-line = For which eSIM
orders-which-line-hint = The plan goes to this eSIM; nothing has to be installed again.
orders-what-happens = What will happen
orders-fact-starts = Starts
orders-fact-ends = Until
orders-fact-effect = What you have
orders-fact-credit = Comes back
orders-fact-shared = Used by
orders-fact-refund = Refund
orders-fact-again = Auto-renew
orders-starts-at-once = As soon as it is paid, within seconds
orders-starts-first-use = On first use in { $place }, by { $day }
orders-starts-after = When what you have is used up, or ends on { $day }
orders-starts-behind = When what you have is used up or ends
orders-ends-after =
    { $days ->
        [one] { $days } day after it starts
       *[other] { $days } days after it starts
    }
orders-ends-after-latest =
    { $days ->
        [one] { $days } day after it starts, { $day } at the latest
       *[other] { $days } days after it starts, { $day } at the latest
    }
orders-effect-alone = Nothing yet for these places
orders-effect-adds = Adds to it; each part keeps its own end date
orders-effect-adds-total = Adds to it, { $total } in all
orders-effect-follows = Stays as it is; this follows
orders-effect-replaces =
    { $count ->
        [one] Ends { $count } plan at once; its unused part goes to your wallet, pro rata
       *[other] Ends { $count } plans at once; their unused part goes to your wallet, pro rata
    }
orders-effect-change = The current plan ends as soon as the new one is there
orders-credit = About { $amount } to your wallet, as it stands now; what you use until then lessens it
orders-shared-own = { $line } alone
orders-shared-lines =
    { $count ->
        [one] Everyone in your pool: { $count } eSIM now
       *[other] Everyone in your pool: { $count } eSIMs now
    }
orders-refund-rule = Not active { $time } after payment: everything goes back by itself. Later: change plan, and the unused part goes to your wallet
orders-refund-rule-bare = Not active { $time } after payment: everything goes back by itself
orders-wallet = Wallet
orders-wallet-first = Use wallet balance first
orders-wallet-available = { $amount } available
orders-pay-with = Pay with
orders-pay = Pay
orders-pay-by-wallet = Pay from the wallet
orders-no-method = There is no way to pay in this currency right now.
orders-held = Tax included. The price is held for { $time }. We never see your card number.

orders-order = Order
orders-list = Orders
orders-list-empty = You have not bought anything yet.
orders-find-plan = Find a plan
orders-older = Older orders
orders-state-awaiting-payment = Waiting for payment
orders-state-paid = Paid
orders-state-delivering = Being delivered
orders-state-active = Delivered
orders-state-closed = Replaced
orders-state-expired = Not paid
orders-state-refunding = Refund on its way
orders-state-refunded = Refunded
orders-state-review = Being looked at
orders-past-ended = Ended { $day }, { $used } used
orders-past-lapsed = Lapsed { $day }, never begun
orders-past-closed = Replaced { $day }, { $used } used
orders-active-within = Active { $time } after payment

orders-head-awaiting = { $amount } to pay
orders-head-at-bank = Your bank wants you to confirm { $amount }
orders-head-delivering = Being delivered, usually within seconds
orders-head-stopping = Not delivered in time, being called back
orders-head-active = { $plan } is active
orders-head-used-up = { $plan } is used up
orders-head-over = { $plan } has ended
orders-head-closed = { $plan } was replaced
orders-head-expired = Not paid, nothing was charged
orders-head-declined = Declined, nothing was charged
orders-head-cancelled = Called off, nothing was charged
orders-head-refunding = { $amount } is on its way back
orders-head-refunded = { $amount } went back
orders-head-review = Someone is looking at this order
orders-under-awaiting = The price is held until { $time }.
orders-under-refused = The payment was declined, nothing was charged. Try again or pay another way until { $time }.
orders-under-at-bank = The plan goes on as soon as you have. Nothing was charged yet. The order waits until { $time }.
orders-under-delivering = You can leave this page; what you have keeps working.
orders-under-active = Nothing has to be installed again. It starts with its first use.
orders-under-active-until = Nothing has to be installed again. Valid until { $day }.
orders-under-over = Ended on { $day }. The eSIM stays on your phone: nothing has to be installed again.
orders-under-lapsed = Not begun by { $day }, so it lapsed. The eSIM stays on your phone: nothing has to be installed again.
orders-under-gone = The eSIM stays on your phone: nothing has to be installed again.
orders-under-closed = { $amount } for what was unused went to your wallet.
orders-under-expired = The time to pay is over. If a payment still arrives, it is taken up again or goes back.
orders-under-declined = Try it again, or pay another way.
orders-under-cancelled = You can order it again whenever you like.
orders-under-wallet-free = { $text } The { $amount } set aside in your wallet are free again.
orders-under-refunding = The wallet part is there at once; a card or account takes as long as its provider does.
orders-under-refunded = What you had before is untouched.
orders-under-review = Your money is safe. A person checks with the carrier or the payment provider and lets it go on.
orders-fact-plan = Plan
orders-fact-price = Price
orders-fact-returned = Returned
orders-fact-credited = Credited
orders-fact-used = Data used
orders-fact-ended = Ended
orders-fact-number = Order

orders-step-placed = Ordered
orders-step-renewed = Ordered by auto-renew
orders-step-placed-wallet = { $price }, of it { $wallet } set aside in the wallet
orders-step-payment = Payment opened
orders-step-paid = Paid
orders-step-paid-late = after the time was over, taken up again
orders-step-delivering = Delivering
orders-step-delayed = Takes longer than usual
orders-step-delayed-text = We keep trying.
orders-step-active = Active
orders-step-expired = Not paid
orders-step-expired-time = The time to pay was over
orders-step-expired-declined = The payment was declined
orders-step-expired-cancelled = The payment was called off
orders-step-gave-up = Delivery stopped
orders-step-gave-up-text = First it must be certain that it never is delivered; then the money goes back.
orders-step-refunding = Refund started
orders-step-refunded = Refunded
orders-step-second = Paid twice
orders-step-second-text = The second { $amount } goes back to its source.
orders-step-second-back = Second payment returned
orders-step-second-back-text = { $amount } went back to its source.
orders-step-contested = Payment contested
orders-step-contested-text = { $amount } is contested at the payment provider. Until that is decided, nothing is delivered, renewed or sent back.
orders-step-contest-won = Payment stands
orders-step-contest-won-text = The provider has decided: the payment is good, and the order goes on.
orders-step-contest-lost = Payment taken back
orders-step-contest-lost-text = { $amount } went back to the payer at the provider. What was bought with it ends.
orders-step-wrong-amount = Another amount arrived
orders-step-wrong-amount-text = { $received } instead of { $expected }; it is set aside.
orders-step-review = Someone is looking at it
orders-step-review-text = Nothing is lost meanwhile.
orders-step-resolved = Looked at, it goes on
orders-step-closed = Replaced by another plan
orders-step-replaced = Previous plan ended
orders-step-kept = Previous plan stays
orders-step-kept-text = It was shared with everyone meanwhile, so it goes on and nothing of it was credited.
orders-step-credit-text = { $amount } for what was unused went to your wallet.
orders-back-both = { $wallet } to the wallet, { $source } to { $method }, usually within 1 to 3 working days
orders-back-wallet = { $wallet } to the wallet
orders-back-source = { $source } to { $method }, usually within 1 to 3 working days
orders-why-not-delivered = It could not be delivered.
orders-why-too-late = It was paid too late and is no longer sold like this.
orders-why-called-off = You had called this order off before the payment arrived.
orders-why-already-changed = Another order changed your previous plan first, so this one could no longer do what it promised.

orders-news-active = Ready: { $plan }
orders-news-active-text = It took longer than usual. { $plan } is active now.
orders-news-undelivered = Not delivered: { $plan }
orders-news-undelivered-text = { $plan } could not be delivered. The { $price } that you paid go back by themselves.

problem-order-pool-not-shared = This eSIM no longer shares a pool. Buy the plan for the eSIM itself.
problem-order-plan-not-shareable = This plan cannot be shared. Buy it for one eSIM, or choose another plan for everyone.
orders-for-line = This eSIM only
orders-for-all = For everyone
orders-for-what = Who uses it
orders-for-not = This plan cannot be shared: it is for this eSIM only.
orders-why-pool-left = The eSIM had left the shared pool before the plan was there.
orders-why-contested = The payment was taken back at the provider.
orders-why-line-gone = The eSIM is no longer in service.
orders-why-operator = As agreed with us.
orders-why-wrong-amount = The amount was not what was asked for.
orders-next-payment = Payment
orders-next-payment-text = Not paid by { $time }: the order ends, nothing is charged
orders-next-active = Active
orders-next-active-text = Not active by { $time }: { $amount } goes back by itself
orders-next-refunded = Refunded
orders-next-refunded-text = When the provider has confirmed it
orders-see-left = See what is left
orders-buy-again = Buy it again
orders-try-again = Try again
orders-call-off = Call off this order
orders-pay-otherwise = Pay another way
orders-refresh = Refresh this page

orders-change = Change plan
orders-change-hint = What you have stays until it is used up or ends, or its unused part comes back to your wallet, pro rata.
orders-change-to = New plan
orders-change-current = Current
orders-change-when = When
orders-change-after = After the current one
orders-change-after-text = The current plan stays until it is used up or ends
orders-change-now = Now
orders-change-now-text = The current plan ends; what is unused goes to your wallet, by the lesser share of data and time
orders-change-look = See exactly what will happen
orders-costs-more = { $amount } more
orders-costs-less = { $amount } less

problem-order-key-unreadable = The key of this request must be 1 to 128 visible characters.
problem-order-parts-wrong = Wallet and payment together must be exactly the price. Nothing was charged.
problem-order-key-reused = This key already stands for another order. Nothing was charged.
problem-order-price-changed = The price has changed meanwhile. Nothing was charged; please look at it again.
problem-order-too-many-unpaid = Too many orders are waiting for payment. Pay or call off one of them first.
problem-order-too-many-payments = This order was tried to be paid too often. Call it off and place it anew; nothing was charged.
problem-order-over = This order no longer waits for payment.
problem-order-method-needed = Choose how to pay.
problem-order-plan-not-sold = This plan is no longer sold. Nothing was charged.
problem-order-currency-not-sold = This plan is not sold in this currency.
problem-order-line-stopped = This eSIM has been stopped by the operator; nothing can be bought for it now. Nothing was charged.
problem-order-line-unseen = What this eSIM has cannot be seen at this moment. Nothing was charged; please try again in a moment.
problem-order-nothing-to-change = There is no running plan here that could be changed.
problem-order-refund-too-much = More would go back than came.
problem-order-nothing-to-refund = There is nothing to refund in this order.
problem-order-decision-unfit = This decision does not fit where the order stands.
problem-order-carrier-disagrees = The carrier says otherwise. Ask it again by "deliver" or "void".
problem-order-moved-on = The order has moved on meanwhile. Look at it again.
problem-job-needed = Money or a delivery hangs on this job. It can be dropped only while its order is in review.
problem-review-resolved = This case has been resolved already.
problem-review-order-waits = The order waits for a decision; its last case cannot be dismissed.
problem-review-no-order = This case is about no order and no payment; it can only be dismissed.

# The wallet: balance, filling it, history.

wallet-title = Wallet
wallet-available = Available
wallet-held = { $amount } set aside for an order that is being paid
wallet-others = Also:
wallet-for = Pays for any order in its currency, does not expire.

wallet-top-up = Top up
wallet-amount = Amount in { $currency }
wallet-top-up-button = Top up the wallet
wallet-top-up-hint = You confirm on the payment page. Nothing is taken before that.
wallet-at-provider = { $brand } wallet
wallet-verify-first = Confirm your e-mail address before you fill the wallet. Your money then stays reachable for you alone.
wallet-verify = Confirm my address

wallet-returning = { $amount } going back to { $method }
wallet-returning-since = Begun { $day }
wallet-returning-at = { $method } is working on it. This line goes when the money is there.
wallet-returning-stuck = It was not accepted. A person here is looking at it; the money stays yours.

wallet-history = History
wallet-history-empty = Nothing has moved yet.
wallet-older = Older entries
wallet-move-of = { $what }: { $plan }
wallet-kind-top-up = Topped up
wallet-kind-spend = Paid
wallet-kind-refund = Refund
wallet-kind-plan-change = Unused part of a changed plan
wallet-kind-goodwill = Credit from us
wallet-kind-dispute = Contested top-up
wallet-kind-payout = Sent back to its source
wallet-kind-correction = Correction

wallet-state-open = Waiting for the payment
wallet-state-open-text = We are asking { $method }. The wallet fills the moment it is confirmed.
wallet-state-paid = In the wallet
wallet-state-paid-text = Paid with { $method }.
wallet-state-failed = Declined
wallet-state-failed-text = { $method } declined. Nothing was taken; you can try again.
wallet-state-cancelled = Not paid
wallet-state-cancelled-text = This payment by { $method } was cancelled or ran out. Nothing was taken.
wallet-state-refunded = Gone back
wallet-state-refunded-text = The money went back to { $method }.
wallet-state-disputed = Contested
wallet-state-disputed-text = This payment is contested at { $method }. What is left of it in the wallet cannot be spent while that is open, and is gone if the payer gets it back. Saved methods of this kind are not charged any more.
wallet-fact-method = Paid with
wallet-fact-when = Begun
wallet-fact-number = Number
wallet-pay-on = Go on to the payment page
wallet-look-again = Look again
wallet-back = To the wallet

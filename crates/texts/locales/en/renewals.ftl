# Plans that renew by themselves.

renewals-title = Auto-renew
renewals-off = Off
renewals-on = On
renewals-waiting = Begins with the order
renewals-needs-you = Needs you
renewals-what = What happens
renewals-fact-what = Renews
renewals-fact-when = When
renewals-fact-most = Costs
renewals-fact-from = Paid from
renewals-fact-stop = Ends
renewals-what-plan = { $plan } for { $line }, again and again
renewals-most = { $price } each time, never more. If the price rises, we ask first
renewals-stop-any = Whenever you turn it off here, at once
renewals-when-days =
    { $days ->
        [one] { $days } day before the plan ends
       *[other] { $days } days before the plan ends
    }
renewals-when-both =
    { $days ->
        [one] When { $percent }% of the data is left, or { $days } day before the plan ends, whichever comes first
       *[other] When { $percent }% of the data is left, or { $days } days before the plan ends, whichever comes first
    }
renewals-from-wallet = The wallet
renewals-from-both = The wallet first, then { $label }
renewals-from-gone = A method that was removed since
renewals-from-link = You: we send a link to pay
renewals-from-link-both = The wallet first; if it has too little, we send you a link to pay
renewals-from-first = The card or PayPal that the order is paid with; paid in another way, we send a link
renewals-from-first-both = The wallet first, then the card or PayPal that the order is paid with; paid in another way, we send a link
renewals-choose-days = Days before the end
renewals-choose-days-option =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
renewals-choose-percent = Data left
renewals-choose-percent-option = { $percent }%
renewals-wallet-first = Use wallet balance first
renewals-choose-rest = Pay with
renewals-rest-nothing = The wallet alone
renewals-rest-link = A link to pay, by any method
renewals-no-saved = No saved method yet. Tick “{ $title }” when you next pay by card or PayPal, and it is saved.
renewals-turn-on = Renew by itself for { $price }
renewals-turn-off = Turn off
renewals-keep = Leave it as it is
renewals-once = Renew once, now
renewals-under-way = See the order that waits for you
renewals-anew = Let it renew by itself again
renewals-choose-when = Renew as soon as one of the two is true:
renewals-none = This eSIM has no plan of its own that could be renewed. Buy one first.
renewals-none-shared = This eSIM has no plan of its own. What everyone shares does not renew by itself: whoever pays for the others decides each time. A plan for this eSIM alone can.
renewals-buy = Choose a plan
renewals-stays = On already, and stays as you agreed
renewals-gives-way = On for { $plan }, until this plan takes its place
renewals-not-shared = What everyone shares does not renew by itself: you decide each time.
renewals-fact-next = Next
renewals-next-by = { $day } at the latest
renewals-since = Agreed on { $day }
renewals-reason-price-rose = The plan costs more now than you agreed to. Nothing was charged. Agree to the new price, or leave it.
renewals-reason-not-sold = The plan is no longer sold. Nothing was charged.
renewals-reason-declined = The bank refused the saved method for good. Nothing was charged. Choose another way to pay.
renewals-reason-failed = It could not be paid in time. Nothing was charged.
renewals-reason-bank-waited = Your bank wanted you to confirm, and the time for it is over. Nothing was charged.
renewals-reason-method-gone = The saved method is no longer there, or cannot pay this. Nothing was charged.
renewals-reason-too-many = Plans were renewed five times in 24 hours. We stopped, so that nothing goes on that you do not want.
renewals-reason-other-plan = You bought another plan for this eSIM. This one is not renewed any more.
renewals-reason-missed = There is no plan left to renew. Nothing was charged.
renewals-reason-undelivered = The renewal was paid but could not be delivered. The money goes back by itself.

renewals-checkout = Renew by itself
renewals-checkout-hint-wallet = { $when }: the same plan for { $price }, never more. Paid from your wallet alone; if it has too little, we write to you before the plan ends. Turn it off at any time.
renewals-checkout-hint = { $when }: the same plan for { $price }, never more. Paid from your wallet first, then by the card or PayPal of this order, which is saved for it; after Alipay or WeChat Pay we send a link instead. Turn it off at any time.

renewals-saved-title = Saved methods
renewals-saved-how = A provider keeps these for automatic renewals. We never see a card number.
renewals-saved-none = Nothing is saved. Tick “Renew by itself” at the checkout, and the method that you pay with is saved.
renewals-saved-since = Saved on { $day }
renewals-saved-used = Renews { $line }
renewals-saved-remove = Remove
renewals-saved-remove-of = Remove { $label }

renewals-mail-look-button = Look at auto-renew
renewals-mail-order-button = See the order
renewals-mail-wallet-button = Top up the wallet
renewals-mail-bank-button = Confirm with your bank
renewals-mail-ask-button = Renew and pay
renewals-mail-on-subject = Auto-renew is on: { $plan }
renewals-mail-on-body =
    { $plan } for { $line } renews by itself from now on, for { $price } each time, never more. If the price rises, we ask you first.

    You can turn it off at any time, at once.
renewals-mail-renewed-subject = Renewed: { $plan }
renewals-mail-renewed-body =
    { $plan } for { $line } was renewed by itself, for { $price }, as you agreed.

    Nothing has to be installed again. You can turn this off at any time.
renewals-mail-refused-subject = Not renewed yet: { $plan }
renewals-mail-refused-body =
    Your bank did not let { $price } through for { $plan }, for { $line }. Nothing was charged.

    We try again on { $time }. If you would rather choose another way to pay, do so now.
renewals-mail-short-subject = The wallet has too little to renew { $plan }
renewals-mail-short-body =
    { $plan } for { $line } costs { $price }, and there is less in your wallet. Nothing was charged.

    We look again on { $time }.
renewals-mail-bank-subject = Your bank wants you to confirm { $price }
renewals-mail-bank-body =
    { $plan } for { $line } is to be renewed for { $price }, and your bank wants to hear it from you. Nothing was charged yet.

    The order waits until { $time }.
renewals-mail-ask-subject = { $plan } ends soon
renewals-mail-ask-body =
    { $plan } for { $line } ends, or is nearly used up; its last day is { $time }. You asked us to remind you.

    Renew it for { $price } by the method that you like. Nothing is charged before you do.
renewals-mail-needs-you-subject = Auto-renew needs you: { $plan }
renewals-mail-price-rose-body =
    { $plan } for { $line } costs more now than the { $price } that you agreed to. We did not renew it, and nothing was charged.

    Look at the new price, and agree to it or leave it.
renewals-mail-not-sold-body =
    { $plan } is no longer sold, so it was not renewed for { $line }. Nothing was charged.

    What you have goes on until its end. You can choose another plan at any time.
renewals-mail-declined-body =
    Your bank refused { $price } for { $plan }, for { $line }, and will not let this method pay any more. Nothing was charged, and we do not try it again.

    Choose another way to pay, and it goes on.
renewals-mail-failed-body =
    { $plan } for { $line } could not be renewed for { $price }: every try failed. Nothing was charged, and we do not try again.

    Choose another way to pay, and it goes on.
renewals-mail-bank-waited-body =
    Your bank wanted you to confirm { $price } for { $plan }, for { $line }, and the time for it is over. Nothing was charged.

    You can turn it on again, or renew by yourself.
renewals-mail-method-gone-body =
    { $plan } for { $line } was not renewed: the saved method is no longer there, or cannot pay { $price }. Nothing was charged.

    Choose another way to pay, and it goes on.
renewals-mail-too-many-body =
    Plans of your account were renewed five times in 24 hours. We stopped before { $plan } for { $line } was renewed once more, so that nothing goes on that you do not want.

    Look at what was used, and turn it on again if all is well.
renewals-mail-other-plan-body =
    You bought another plan for { $line }, so { $plan } is not renewed any more. Nothing was charged.

    If the new plan should renew by itself, turn that on.
renewals-mail-missed-body =
    There is nothing left of { $plan } for { $line } that could be renewed. Nothing was charged.

    You can buy it again whenever you like; nothing has to be installed again.
renewals-mail-undelivered-body =
    { $plan } for { $line } was paid, but could not be delivered. The { $price } go back by themselves.

    You can turn it on again, or renew by yourself.

problem-renewals-when = Choose 1 to 30 days, and 1 to 50% of the data.
problem-renewals-unpaid = Choose what it is paid from.
problem-renewals-nothing = This eSIM has no such plan of its own that could be renewed.
problem-renewals-taken = This is being renewed already.

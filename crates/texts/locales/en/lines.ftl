# A line: what is left, what was used, what comes next.

lines-bundle = { $place } { $amount }
lines-places =
    { $count ->
        [one] { $count } country
       *[other] { $count } countries
    }
lines-used-in = { $name } · in { $country } now

lines-state-unknown = Unknown for now
lines-state-barred = Stopped
lines-state-no-plan = No plan
lines-state-waiting = Waiting
lines-state-active = Active
lines-state-low = Low
lines-state-ends-soon = Ends soon
lines-state-slower = Slower now
lines-state-used-up-today = Used up today
lines-state-used-up = Used up
lines-state-over = Ended

lines-left = Data left
lines-left-today = Left today
lines-of = of { $total }
lines-dial = { $left } left of { $total }, { $days }
lines-days-left =
    { $days ->
        [one] { $days } day left
       *[other] { $days } days left
    }
lines-days-waiting =
    { $days ->
        [one] { $days } day once begun
       *[other] { $days } days once begun
    }
lines-time-left = { $time } left
lines-ended-on = Ended { $day }
lines-row = { $left } left · { $days }
lines-row-today = { $left } left today · { $days }
lines-slower-row = Slower now · full speed again on { $time }
lines-slower-row-to-the-end = Slower now, until it ends
lines-unknown-row = Figures cannot be shown for now
lines-barred-row = Cannot be used for now
lines-no-plan-row = Choose a plan to use it
lines-age-fresh = { $age } · live
lines-age-stale = Figures from { $age }

lines-note-unknown = What is left cannot be shown for the moment. Please look again a little later.
lines-note-barred = This eSIM has been stopped by the operator. Its data and days are kept; write to us to find out why.
lines-note-low = Little data is left. When it is used up, data stops; nothing extra is charged.
lines-note-low-until = At the recent pace it is used up around { $time }. Then data stops; nothing extra is charged.
lines-note-paused = The shared data of “{ $pool }” is paused for this eSIM. A plan of its own works at once.
lines-note-at-cap = This eSIM has used what it may take of “{ $pool }”. The owner or a manager of the pool can raise the limit; a plan of its own works at once.
lines-note-slower = You have used { $volume } at full speed. Data goes on, only slower, and nothing extra is charged. Full speed comes back by itself on { $time }.
lines-note-slower-to-the-end = You have used { $volume } at full speed. Data goes on, only slower, until this plan ends; nothing extra is charged.
lines-note-used-up = Data has stopped. Nothing extra was charged, and a renewal works within seconds.
lines-note-used-up-today = Today's data is used up. The next day of this plan brings new data by itself.
lines-note-waiting = Starts by itself when the plan before it is used up or ends.
lines-note-waiting-by = Starts when it is first used. Use it before { $day }, or it lapses.
lines-note-waiting-connected = Connected. It starts with the first use that is reported.
lines-note-over = The eSIM is still on your phone: renewing needs no new installation.
lines-note-no-plan = The card is bound. Choose a plan, and data works seconds after you pay.

lines-today = Today
lines-average = Per day
lines-lasts-until = Lasts until
lines-highest = Highest
lines-chart = Use per day over { $count } days. Highest: { $day }, { $most }. Today: { $today }.

lines-choose-plan = Choose a plan
lines-renew = Renew { $amount }
lines-renew-again = Buy { $amount } again
lines-hint-follow = Early is fine: the new one starts when this one is used up or ends
lines-hint-add = The new one counts beside this one, each until its own end
lines-hint-replace = The new one takes over at once and ends this one
lines-hint-over = No new installation: the eSIM stays as it is
lines-install-open = Install code

lines-days = Days left
lines-until = Ends
lines-start-by = Start by
lines-then = Also on this eSIM
lines-use = Use per day
lines-this = This eSIM
lines-name = Name
lines-name-save = Save name
lines-number = Number
lines-data-only = Data only
lines-bound = Bound
lines-history = History
lines-history-empty = Nothing has been bought for this eSIM yet.

lines-install-title = Install eSIM
lines-install-where = Open this page on the phone that you want to install it on
lines-install-apple = Install on this iPhone
lines-install-android = Install on this Android phone
lines-install-needs = iOS 17.4 or Android 10 and later. Installing needs Wi-Fi and takes about a minute.
lines-install-scan = Scan from another screen
lines-install-qr = QR code that installs the eSIM
lines-install-steps = On the phone: Settings › Mobile data › Add eSIM › Use QR code
lines-install-type = Type it in
lines-install-server = SM-DP+ address
lines-install-id = Activation code
lines-install-confirmation = The phone will also ask for a confirmation code.
lines-install-no-confirmation = Leave the confirmation code empty.
lines-copy = Copy
lines-copied = Copied

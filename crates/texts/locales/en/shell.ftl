# What stands around every page, and problems that any page may meet.

shell-description = Data for your eSIM: what is left, live, and renewed in seconds.
shell-skip = Skip to content
shell-tabs = Main
shell-tab-plans = Plans
shell-tab-pools = Sharing
shell-tab-wallet = Wallet
shell-back = Back
shell-language = Language
shell-language-set = Change language
shell-sandbox = Test environment: no real money moves
# {} is replaced by the age in the browser, for example "14 min. ago".
shell-offline = Offline. This page is from {"{}"}.

shell-problem-invalid = That did not work
shell-problem-sign-in = Sign in first
shell-problem-forbidden = Not allowed
shell-problem-not-found = Not found
shell-problem-conflict = That no longer fits
shell-problem-too-many = Too many at once
shell-problem-unavailable = Not available right now
shell-problem-internal = Something failed on our side
shell-problem-home = Go to my eSIMs
shell-problem-id = If you write to us, give this code:

problem-foreign-form = This form came from another website and was not accepted. Nothing has changed. Please open the page here and send it again.
problem-wrong-method = This address does not take that kind of request.
problem-body-too-large = That is too long to be accepted. Nothing has changed.
problem-request-unreadable = The request could not be read. Nothing has changed.
problem-too-many-pages = Too many pages are open at once. Close some, then reload this one.
problem-sign-in-needed = Sign in to see this.
problem-token-needed = This call needs a valid bearer token in the Authorization header.
problem-network-unreadable = This is not a range of addresses. Write it as 10.0.0.0/8.
problem-idempotency-key-missing = This call costs money and needs an Idempotency-Key header, so that repeating it is safe.
problem-idempotency-key-unreadable = The Idempotency-Key must be 1 to 128 plain characters.

# Settings.

settings-title = Settings
settings-done-verified = Your address is confirmed.
settings-done-sent = A new mail is on its way. Only the code in the newest one is asked for.
settings-done-saved = Saved.
settings-done-password = Your password is changed, and every other device was signed out.
settings-done-email = Your account has moved to the new address.

settings-verified = confirmed
settings-unverified = not confirmed
settings-email-change = Change the address
settings-verify-title = Confirm your address
settings-verify-why = We sent you a mail with a code. Until it is confirmed, the wallet stays closed and refunds cannot reach you.
settings-code = Code from the mail
settings-verify-button = Confirm my address
settings-verify-again = Send a new mail

settings-display = Display
settings-currency = Currency
settings-theme = Appearance
settings-theme-device = Like the device
settings-theme-light = Light
settings-theme-dark = Dark
settings-time-zone = Time zone
settings-time-zone-hint = For mails. Pages show the time where you are.
settings-save = Save display settings

settings-security = Security
settings-password = Change the password
settings-sessions = Signed-in devices
settings-sessions-count =
    { $count ->
        [one] { $count } device
       *[other] { $count } devices
    }
settings-tokens = API tokens
settings-tokens-count =
    { $count ->
        [one] { $count } token
       *[other] { $count } tokens
    }
settings-sign-out = Sign out

settings-email-title = Change the address
settings-email-code-title = Type the code
settings-email-pending = If { $address } can be used, a mail with a code is there. The account moves when you type it.
settings-email-confirm-button = Move the account
settings-email-new-title = To another address
settings-email-now = Now
settings-email-new = New e-mail
settings-email-hint = A code goes to the new address, a notice to the old one.
settings-email-button = Mail me a code

settings-password-how = Every other device and app is signed out, and we mail you a notice.
settings-password-button = Change the password

settings-sessions-how = A device that has not been used for 30 days is signed out by itself.
settings-session-facts = { $ip } · used { $used } · signed in { $begun }
settings-session-this = this one
settings-session-end = End
settings-session-end-of = Sign out { $device }
settings-sessions-end-others = Sign out everywhere else
settings-sessions-end-others-hint = API tokens end with it.
settings-device-unknown = Unknown device

settings-tokens-how = A token lets an app or a script of yours act as you. One that has not been used for 180 days ends by itself.
settings-token-made = Your new token
settings-token-made-hint = It is shown this once. Keep it where you keep passwords.
settings-token-copy = Copy the token
settings-token-copied = Copied
settings-token-facts = made { $created } · used { $used }
settings-token-facts-new = made { $created } · never used
settings-token-end-of = End the token { $name }
settings-token-name = What is it for
settings-token-button = Make a token

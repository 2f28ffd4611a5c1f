# Accounts: mails, and what can go wrong.

accounts-mail-foot =
    This mail was sent by { $brand }, { $url }.
    You cannot answer it.

accounts-mail-verify-button = Confirm my address

accounts-mail-welcome-subject = Confirm your address for { $brand }
accounts-mail-welcome-body =
    Your account is ready. Confirm that this address is yours: then you can fill your wallet, and refunds can reach you.

    Follow the link below, or type this code in the settings: { $code }

    Both are good for 48 hours. If you did not open an account, leave this mail alone; without your confirmation the address stays unproved.

accounts-mail-verify-subject = Confirm your address for { $brand }
accounts-mail-verify-body =
    Confirm that this address is yours: follow the link below, or type this code in the settings: { $code }

    Both are good for 48 hours. If you did not ask for this, leave this mail alone.

accounts-mail-known-subject = You have an account at { $brand } already
accounts-mail-known-body =
    Someone, probably you, gave this address to open an account or to move one here. It has an account already, and nothing was changed.

    Sign in with your password. If you have forgotten it, choose "Forgot the password" there. If it was not you, there is nothing to do.
accounts-mail-known-button = Sign in

accounts-mail-reset-subject = Choose a new password for { $brand }
accounts-mail-reset-body =
    You asked for a new password. The link below is good for one hour and works once.

    When you have chosen one, every device is signed out. If you did not ask for this, leave this mail alone: your password stays as it is.
accounts-mail-reset-button = Choose a new password

accounts-mail-was-reset-subject = Your password for { $brand } was reset
accounts-mail-was-reset-body =
    A new password was chosen through a link that went to this address. Every device and app was signed out.

    For the next 24 hours the address of the account cannot be changed. If this was not you, someone can read your mail: secure your mailbox first, then choose a new password.

accounts-mail-password-changed-subject = Your password for { $brand } was changed
accounts-mail-password-changed-body =
    The password was changed in the settings. Every other device and app was signed out.

    If this was not you, choose a new password now; that signs everyone out.
accounts-mail-not-me-button = This was not me

accounts-mail-move-subject = Your code for { $brand }: { $code }
accounts-mail-move-body =
    Type this code where you are changing the address of your account: { $code }

    It is good for 30 minutes. If you did not ask for this, leave this mail alone; nothing changes without the code.

accounts-mail-move-asked-subject = Someone wants to change the address of your account
accounts-mail-move-asked-body =
    Someone who knows your password asked to move your { $brand } account to another mail address. It moves when they type the code that went there.

    If this was not you, change your password now; that signs everyone else out.
accounts-mail-move-asked-button = See who is signed in

accounts-mail-moved-subject = The address of your { $brand } account was changed
accounts-mail-moved-body =
    Your account has a new mail address. From now on you sign in with it, and mails go there. Every other device and app was signed out.

    If this was not you, write to the shop at once.

problem-accounts-busy = Too many people are signing in at this moment. Please try again in a few seconds.
problem-accounts-too-many = That was too often. Try again in { $minutes } min.
problem-accounts-email-missing = Please give your e-mail address.
problem-accounts-email-invalid = This is not an address we can write to. It looks like name@example.com.
problem-accounts-email-known = This address has an account already.
problem-accounts-email-same = This is the address of your account already.
problem-accounts-password-missing = Please choose a password.
problem-accounts-password-short = At least 10 characters, please. A sentence you remember is best.
problem-accounts-password-long = That is too long: 500 letters are enough.
problem-accounts-password-easy = Too many people would guess this one. A sentence you remember is best.
problem-accounts-password-wrong = This is not your current password.
problem-accounts-password-changed-elsewhere = The password has just been changed on another device. Sign in again there or here.
problem-accounts-sign-in-wrong = Address and password do not belong together. Check both, or choose a new password.
problem-accounts-suspended = This account is closed for now. Write to the shop to open it again.
problem-accounts-verify-first = Confirm your e-mail address first: we sent you a mail. You can ask for it again in the settings.
problem-accounts-fresh-needed = This needs your password once more, for your safety.
problem-accounts-link-dead = This link no longer works: it was used, or it is too old. Ask for a new mail.
problem-accounts-code-wrong = This code is not valid: mistyped, too old, or tried too often. Check the newest mail, or ask for another.
problem-accounts-wait-after-reset = The password was reset by mail less than a day ago. For your safety the address can be changed in { $hours } h.
problem-accounts-token-name-missing = Give the token a name, so that you know it again.
problem-accounts-time-zone-unknown = There is no such time zone. Choose one from the list.

# Pages before and around signing in.

accounts-welcome-title = Welcome
accounts-welcome-heading = Online when you land. Data you can see.
accounts-welcome-promise = Active seconds after you pay, live data left, and your money back by itself if it is not.
accounts-ways-in = Sign in or create an account
accounts-register = Create account
accounts-register-button = Create account
accounts-sign-in = Sign in
accounts-sign-in-heading = Welcome back
accounts-email = E-mail
accounts-password = Password
accounts-password-new = New password
accounts-password-current = Current password
accounts-password-hint = At least 10 characters. A sentence you remember beats symbols.
accounts-forgot = Forgot the password
accounts-back-to-sign-in = Back to signing in

accounts-done-registered = If this address is new here, your account is ready: sign in. If it had an account already, we have sent a mail there, and its password is the old one.
accounts-done-reset = Your new password is set, and every device was signed out. Sign in with it.
accounts-done-verified = Your address is confirmed. Sign in to go on.

accounts-confirm-title = Your password, once more
accounts-confirm-why = What comes next could cost you the account in the wrong hands. Give your password; it is not asked again for 15 minutes.
accounts-confirm-button = Go on

accounts-verify-title = Confirm your address
accounts-verify-why = One tap, and the address is yours: your wallet opens, and refunds can reach you.
accounts-verify-button = Confirm this address
accounts-verify-again = Get a new mail in the settings

accounts-forgot-title = A new password
accounts-forgot-how = We mail you a link. It is good for one hour and works once.
accounts-forgot-button = Mail me a link
accounts-forgot-sent = If this address has an account, a mail is on its way. It usually takes less than a minute; look in the spam folder, too.

accounts-reset-title = Choose a new password
accounts-reset-how = When it is set, every device is signed out, this one included.
accounts-reset-button = Set the new password

# Cards: binding them, and their inventory.

problem-cards-number-missing = Type the serial, the EID or the ICCID of the card.
problem-cards-number-long = That is longer than any number on a card. Nothing was bound or charged.
problem-cards-eid-wrong = The check of this 32-digit EID does not work out: most likely one digit is mistyped. Nothing was bound or charged.
problem-cards-digits-count = These are { $count } digits. An EID has 32, an ICCID 18 to 20. Nothing was bound or charged.
problem-cards-serial-wrong = One character of this serial is mistyped. Compare it group by group with the card. Nothing was bound or charged.
problem-cards-code-missing = This number needs the bind code of the card as well. It shows that the card is in your hand.
problem-cards-code-long = That is longer than any bind code.
problem-cards-not-bound = This card cannot be bound with what you gave. Compare the number and the bind code with the card. Nothing was bound or charged.
problem-cards-not-bound-luhn = This card cannot be bound with what you gave. The last digit of this ICCID does not fit the others: one of them may be mistyped. Nothing was bound or charged.
problem-cards-label-long = At most { $most } characters, please.
problem-cards-label-odd = Use letters, digits and ordinary signs only.

problem-cards-file-unreadable = This is not a CSV file in UTF-8.
problem-cards-file-long = This file is too long: at most { $most } cards at once.
problem-cards-column-unknown = There is no column "{ $column }".
problem-cards-column-twice = The column "{ $column }" stands there twice.
problem-cards-column-missing = The column "{ $column }" is missing.
problem-cards-line-fields = { $found } fields instead of { $wanted }.
problem-cards-line-repeated = The same as in line { $line }.
problem-cards-line-known = This is in the inventory already.
problem-cards-iccid-wrong = Not an ICCID: 18 to 20 digits.
problem-cards-iccid-luhn = The last digit does not fit the others.
problem-cards-imsi-wrong = Not an IMSI: 6 to 15 digits.
problem-cards-msisdn-wrong = Not a telephone number with its country code: 4 to 15 digits.
problem-cards-carrier-wrong = Not a carrier's name: lower-case letters, digits, - and _, at most 32.
problem-cards-code-weak = A bind code needs 8 characters, or 13 if they are all digits.
problem-cards-field-long = At most { $most } characters.
problem-cards-inventory-moved = The inventory has changed in the meantime. Nothing was added; try again.
problem-cards-make-many = At most { $most } cards at once.

cards-bind-title = Bind an eSIM card
cards-bind-why = Once it is bound, this card's data, renewals and refunds belong to your account.
cards-bind-number = Serial, EID or ICCID
cards-bind-number-hint = Any of the three. Spaces and dashes do not matter.
cards-bind-code = Bind code
cards-bind-code-hint = Needed with an EID, an ICCID or another maker's serial. A Heyon serial binds alone.
cards-bind-button = Bind this card
cards-where = Where the numbers are
cards-where-drawing = The serial is at the lower right of the card's back, above the bar code; the EID is in the middle
cards-where-serial = Serial
cards-where-eid = EID, 32 digits
cards-where-phone = On a phone: dial *#06#; the EID shown there is it.
cards-where-code = The bind code is on the card or its packaging; it shows that the card is in your hand.

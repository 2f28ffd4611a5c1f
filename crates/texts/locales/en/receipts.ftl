# Receipts.

receipts-title = Receipts
receipts-one = Receipt
receipts-note = Credit note
receipts-empty = No receipts yet. Each paid order gets one, within a minute.
receipts-plans = Find a plan
receipts-order = Order
receipts-given = Date
receipts-corrects = Corrects receipt
receipts-date = Paid on
receipts-payer = Payer
receipts-tax = { $name } { $rate }%
receipts-tax-id = Tax number
receipts-total = Total
receipts-paid-by = Paid by { $way }
receipts-back-to = Back to { $way }
receipts-wallet = wallet
receipts-sandbox = Test, no real money
receipts-to-order = See the order
receipts-print = Print it, or save it as a PDF, from your browser's menu.

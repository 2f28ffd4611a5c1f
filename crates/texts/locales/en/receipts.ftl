# Receipts.

receipts-title = Receipts
receipts-one = Receipt
receipts-empty = No receipts yet. Each paid order gets one.
receipts-plans = Find a plan
receipts-order = Order
receipts-date = Paid
receipts-payer = Payer
receipts-total = Total
receipts-wallet = Wallet
receipts-sandbox = Test, no real money
receipts-back-wallet = Back in the wallet
receipts-back-source = Back at its source
receipts-back-coming = On its way back
receipts-to-order = See the order
receipts-print = Print it, or save it as a PDF, from your browser's menu.

# Paying: problems.

problem-payments-method-unavailable = This way to pay is not available for this currency. Choose another one.
problem-payments-method-limits = The payment service does not take such an amount this way. Choose another way to pay.
problem-payments-over = This payment can no longer be paid. Nothing was taken; start a new one.
problem-payments-key-reused = This request was sent before with other contents. Nothing was charged.
problem-payments-provider-refused = The payment service did not accept this. Nothing was taken; try another way to pay.
problem-payments-provider-silent = The payment service is not answering. If you have paid, it is noticed by itself; nothing is taken twice.
problem-payments-refund-too-much = More than was paid cannot go back.
problem-payments-word-unknown = This way to pay is not known.
problem-payments-top-up-range = Fill in an amount from { $from } to { $to }.

payments-method-card = Card
payments-method-paypal = PayPal
payments-method-alipay = Alipay
payments-method-wechat-pay = WeChat Pay

payments-code-title = Pay by scanning
payments-code-scan = Scan this code with { $method }
payments-code-until = It can be paid until { $time }. This page moves on by itself once it is paid.
payments-code-paid = I have paid
payments-code-leave = Pay later or another way
payments-code-over = This payment is settled.
payments-code-on = See how it stands

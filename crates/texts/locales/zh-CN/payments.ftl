# 付款：出错时的话。

problem-payments-method-unavailable = 这个币种不能用这种方式付款。请换一种。
problem-payments-method-limits = 这种方式不能付这样的金额。请换一种付款方式。
problem-payments-over = 这笔付款已经不能再付了。没有扣款，请重新发起。
problem-payments-key-reused = 这个请求之前发过，内容不一样。没有扣款。
problem-payments-provider-refused = 支付服务没有接受。没有扣款，请换一种方式。
problem-payments-provider-silent = 支付服务暂时没有回应。如果你已经付了，我们会自己查到；不会重复扣款。
problem-payments-refund-too-much = 退回的金额不能超过付过的金额。
problem-payments-word-unknown = 没有这种付款方式。
problem-payments-top-up-range = 请填 { $from } 到 { $to } 之间的金额。

payments-method-card = 银行卡
payments-method-paypal = PayPal
payments-method-alipay = 支付宝
payments-method-wechat-pay = 微信支付

payments-code-title = 扫码付款
payments-code-scan = 用{ $method }扫这个码
payments-code-until = { $time }前可以付。付好后本页会自己更新。
payments-code-paid = 我已付款
payments-code-leave = 稍后再付，或换一种方式
payments-code-over = 这笔付款已有结果。
payments-code-on = 看看结果

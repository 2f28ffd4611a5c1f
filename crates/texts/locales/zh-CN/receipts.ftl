# 收据。

receipts-title = 收据
receipts-one = 收据
receipts-note = 退款凭证
receipts-empty = 还没有收据。每笔付过的订单，一分钟内都有一张。
receipts-plans = 去找套餐
receipts-order = 订单
receipts-given = 开具日期
receipts-corrects = 所退收据
receipts-date = 付款日期
receipts-payer = 付款人
receipts-tax = { $name } { $rate }%
receipts-tax-id = 税号
receipts-total = 合计
receipts-paid-by = { $way }付款
receipts-back-to = 退回{ $way }
receipts-wallet = 钱包
receipts-sandbox = 测试，不是真钱
receipts-to-order = 看这笔订单
receipts-print = 在浏览器菜单里可以打印，或存成 PDF。

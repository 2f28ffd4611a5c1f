# 收据。

receipts-title = 收据
receipts-one = 收据
receipts-empty = 还没有收据。每笔付过的订单都有一张。
receipts-plans = 去找套餐
receipts-order = 订单
receipts-date = 付款时间
receipts-payer = 付款人
receipts-total = 合计
receipts-wallet = 钱包
receipts-sandbox = 测试，不是真钱
receipts-back-wallet = 已退回钱包
receipts-back-source = 已原路退回
receipts-back-coming = 退回途中
receipts-to-order = 看这笔订单
receipts-print = 在浏览器菜单里可以打印，或存成 PDF。

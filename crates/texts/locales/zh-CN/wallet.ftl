# 钱包：余额、充值、明细。

wallet-title = 钱包
wallet-available = 可用余额
wallet-held = { $amount } 正为一笔付款中的订单留着
wallet-others = 还有：
wallet-for = 可以付同币种的任何订单，不过期。

wallet-top-up = 充值
wallet-amount = 金额（{ $currency }）
wallet-top-up-button = 给钱包充值
wallet-top-up-hint = 在付款页确认之前不会扣款。
wallet-at-provider = { $brand } 钱包充值
wallet-verify-first = 充值前先确认邮箱，这样钱只有你自己能找回。
wallet-verify = 确认邮箱

wallet-returning = { $amount } 正在退回{ $method }
wallet-returning-since = { $day }提交
wallet-returning-at = { $method }处理中。到账后这一条会消失。
wallet-returning-stuck = 对方没有接受，正由人工处理。这笔钱仍然是你的。

wallet-history = 明细
wallet-history-empty = 还没有任何收支。
wallet-older = 更早的明细
wallet-move-of = { $what }：{ $plan }
wallet-kind-top-up = 充值
wallet-kind-spend = 付款
wallet-kind-refund = 退款
wallet-kind-plan-change = 换套餐退回未用部分
wallet-kind-goodwill = 我们赠送
wallet-kind-dispute = 有争议的充值
wallet-kind-payout = 退回付款账户
wallet-kind-correction = 更正

wallet-state-open = 等待付款
wallet-state-open-text = 正在向{ $method }查询。一确认，钱就进钱包。
wallet-state-paid = 已进钱包
wallet-state-paid-text = 用{ $method }付款。
wallet-state-failed = 被拒绝
wallet-state-failed-text = { $method }拒绝了这笔付款。没有扣款，可以再试一次。
wallet-state-cancelled = 没有付款
wallet-state-cancelled-text = 这笔{ $method }付款已取消或过期。没有扣款。
wallet-state-refunded = 已退回
wallet-state-refunded-text = 钱已退回{ $method }。
wallet-state-disputed = 有争议
wallet-state-disputed-text = 付款人在{ $method }对这笔付款提出了争议。结果出来之前，钱包里剩下的这笔钱不能用；如果判给付款人，这笔钱就没有了。已保存的同类付款方式不再扣款。
wallet-fact-method = 付款方式
wallet-fact-when = 发起时间
wallet-fact-number = 编号
wallet-pay-on = 继续去付款
wallet-look-again = 再查一次
wallet-back = 回到钱包

# 自动续订。

renewals-title = 自动续订
renewals-off = 未开启
renewals-on = 已开启
renewals-waiting = 随订单生效
renewals-needs-you = 需要你处理
renewals-what = 会发生什么
renewals-fact-what = 续订内容
renewals-fact-when = 什么时候
renewals-fact-most = 多少钱
renewals-fact-from = 从哪里付
renewals-fact-stop = 怎么停
renewals-what-plan = 每次为 { $line } 续订同样的{ $plan }
renewals-most = 每次 { $price }，不会多收；涨价会先问你
renewals-stop-any = 随时在这里关闭，立即生效
renewals-when-days = 套餐到期前 { $days } 天
renewals-when-both = 流量剩 { $percent }%，或到期前 { $days } 天，以先到的为准
renewals-from-wallet = 钱包
renewals-from-both = 先用钱包，不够再用 { $label }
renewals-from-gone = 已移除的付款方式
renewals-from-link = 由你付款：我们发送付款链接
renewals-from-link-both = 先用钱包；余额不够时由你付款，我们发送付款链接
renewals-from-first = 支付订单所用的银行卡或 PayPal；用其他方式付款的，到时发送付款链接
renewals-from-first-both = 先用钱包，不够再用支付订单所用的银行卡或 PayPal；用其他方式付款的，到时发送付款链接
renewals-choose-days = 提前几天
renewals-choose-days-option = { $days } 天
renewals-choose-percent = 流量剩余
renewals-choose-percent-option = { $percent }%
renewals-wallet-first = 优先使用钱包余额
renewals-choose-rest = 付款方式
renewals-rest-nothing = 只用钱包
renewals-rest-link = 到时发付款链接，方式任选
renewals-no-saved = 还没有保存的付款方式。下次用银行卡或 PayPal 付款时勾选“{ $title }”，就会保存下来。
renewals-turn-on = 开启自动续订，每次 { $price }
renewals-turn-off = 关闭
renewals-keep = 保持不变
renewals-once = 现在续订一次
renewals-under-way = 查看等你付款的订单
renewals-anew = 重新开启自动续订
renewals-choose-when = 满足任意一项就续订：
renewals-none = 这张 eSIM 没有可以续订的自有套餐，请先购买。
renewals-none-shared = 这张 eSIM 没有自己的套餐。大家共用的套餐不会自动续订，每次由付款的人决定；只给这张 eSIM 的套餐可以自动续订。
renewals-buy = 选择套餐
renewals-stays = 已开启，照你同意的继续
renewals-gives-way = { $plan } 已开启，换成这个套餐后不再续订
renewals-not-shared = 大家共用的套餐不会自动续订，每次由你决定。
renewals-fact-next = 下一次
renewals-next-by = 最晚 { $day }
renewals-since = { $day } 同意
renewals-reason-price-rose = 套餐现价高于你同意的价格。没有扣费。你可以同意新价格，也可以不续。
renewals-reason-not-sold = 这个套餐已停售。没有扣费。
renewals-reason-declined = 银行已不再接受这个付款方式。没有扣费。请换一种付款方式。
renewals-reason-failed = 没能在期限内付款成功。没有扣费。
renewals-reason-bank-waited = 银行要求你本人确认，时限已过。没有扣费。
renewals-reason-method-gone = 保存的付款方式已不存在，或无法支付这笔钱。没有扣费。
renewals-reason-too-many = 24 小时内已自动续订五次。我们先停下来，免得继续产生你不想要的费用。
renewals-reason-other-plan = 你为这张 eSIM 买了别的套餐，这个不再续订。
renewals-reason-missed = 已没有可续订的套餐。没有扣费。
renewals-reason-undelivered = 续订已付款但没能开通，钱会自动退回。

renewals-checkout = 自动续订
renewals-checkout-hint-wallet = { $when }，续订同样的套餐，每次 { $price }，不会多收。只从钱包支付，余额不够时会写信告诉你。随时可关。
renewals-checkout-hint = { $when }，续订同样的套餐，每次 { $price }，不会多收。先用钱包，不够再用这次的银行卡或 PayPal（会保存下来）；用支付宝或微信支付的，到时发送付款链接。随时可关。

renewals-saved-title = 保存的付款方式
renewals-saved-how = 由支付机构保存，只用于自动续订。我们看不到卡号。
renewals-saved-none = 还没有保存任何付款方式。结账时勾选“自动续订”，所用的方式就会保存下来。
renewals-saved-since = { $day } 保存
renewals-saved-used = 用于 { $line } 的自动续订
renewals-saved-remove = 移除
renewals-saved-remove-of = 移除 { $label }

renewals-mail-look-button = 查看自动续订
renewals-mail-order-button = 查看订单
renewals-mail-wallet-button = 为钱包充值
renewals-mail-bank-button = 去银行确认
renewals-mail-ask-button = 续订并付款
renewals-mail-on-subject = 已开启自动续订：{ $plan }
renewals-mail-on-body =
    从现在起，{ $line } 的{ $plan } 会自动续订，每次 { $price }，不会多收。涨价会先问你。

    你随时可以关闭，立即生效。
renewals-mail-renewed-subject = 已自动续订：{ $plan }
renewals-mail-renewed-body =
    按你的约定，{ $line } 的{ $plan } 已自动续订，支付 { $price }。

    不用重新安装。你随时可以关闭自动续订。
renewals-mail-refused-subject = 暂未续订：{ $plan }
renewals-mail-refused-body =
    为 { $line } 续订{ $plan } 时，银行没有放行这笔 { $price }。没有扣费。

    我们会在 { $time } 再试。你也可以现在换一种付款方式。
renewals-mail-short-subject = 钱包余额不够续订{ $plan }
renewals-mail-short-body =
    为 { $line } 续订{ $plan } 需要 { $price }，钱包余额不够。没有扣费。

    我们会在 { $time } 再看一次。
renewals-mail-bank-subject = 银行需要你确认 { $price }
renewals-mail-bank-body =
    { $line } 的{ $plan } 即将续订，需支付 { $price }，银行要求你本人确认。目前没有扣费。

    订单保留到 { $time }。
renewals-mail-ask-subject = { $plan } 快到期了
renewals-mail-ask-body =
    { $line } 的{ $plan } 快到期或快用完了，最晚到 { $time }。这是你让我们发的提醒。

    用你喜欢的方式支付 { $price } 即可续订。你付款之前不会扣费。
renewals-mail-needs-you-subject = 自动续订需要你处理：{ $plan }
renewals-mail-price-rose-body =
    { $line } 的{ $plan } 现价高于你同意的 { $price }，所以没有续订，也没有扣费。

    请看看新价格，同意或者不续都可以。
renewals-mail-not-sold-body =
    { $plan } 已停售，没有为 { $line } 续订，也没有扣费。

    现有套餐照常用到期。你随时可以另选套餐。
renewals-mail-declined-body =
    为 { $line } 续订{ $plan } 时，银行拒绝了 { $price }，并且不再接受这个付款方式。没有扣费，我们也不会再试。

    换一种付款方式即可继续。
renewals-mail-failed-body =
    为 { $line } 续订{ $plan }（{ $price }）没有成功，每次尝试都失败了。没有扣费，我们也不会再试。

    换一种付款方式即可继续。
renewals-mail-bank-waited-body =
    为 { $line } 续订{ $plan } 时，银行要求你本人确认 { $price }，时限已过。没有扣费。

    你可以重新开启，也可以自己续订。
renewals-mail-method-gone-body =
    { $line } 的{ $plan } 没有续订：保存的付款方式已不存在，或无法支付 { $price }。没有扣费。

    换一种付款方式即可继续。
renewals-mail-too-many-body =
    你的账户在 24 小时内已自动续订五次。在再次为 { $line } 续订{ $plan } 之前，我们先停了下来，免得继续产生你不想要的费用。

    请看看用量，没有问题再重新开启。
renewals-mail-other-plan-body =
    你为 { $line } 买了别的套餐，{ $plan } 不再续订。没有扣费。

    如果想让新套餐自动续订，请另行开启。
renewals-mail-missed-body =
    { $line } 的{ $plan } 已没有可续订的部分。没有扣费。

    你随时可以再买，不用重新安装。
renewals-mail-undelivered-body =
    为 { $line } 续订{ $plan } 已付款，但没能开通。{ $price } 会自动退回。

    你可以重新开启，也可以自己续订。

problem-renewals-when = 请选择提前 1 到 30 天，流量剩余 1% 到 50%。
problem-renewals-unpaid = 请选择从哪里付款。
problem-renewals-nothing = 这张 eSIM 没有这样的自有套餐可以续订。
problem-renewals-taken = 正在续订。

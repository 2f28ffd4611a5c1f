# 线路：还剩多少、用了多少、接下来是什么。

lines-bundle = { $place }{ $amount }
lines-places = { $count } 个国家和地区
lines-used-in = { $name } · 正在{ $country }使用

lines-state-unknown = 暂无数据
lines-state-barred = 已停用
lines-state-no-plan = 没有套餐
lines-state-waiting = 待使用
lines-state-active = 使用中
lines-state-low = 流量低
lines-state-ends-soon = 快到期
lines-state-slower = 已降速
lines-state-used-up-today = 今天已用完
lines-state-used-up = 已用完
lines-state-over = 已到期

lines-left = 剩余流量
lines-left-today = 今天剩余
lines-of = 共 { $total }
lines-dial = 剩余 { $left }，共 { $total }，{ $days }
lines-days-left = 还有 { $days } 天
lines-days-waiting = 首次联网起 { $days } 天
lines-time-left = 还有 { $time }
lines-ended-on = { $day }到期
lines-row = 剩 { $left } · { $days }
lines-row-today = 今天剩 { $left } · { $days }
lines-slower-row = 已降速 · { $time }恢复全速
lines-slower-row-to-the-end = 已降速，到期为止
lines-unknown-row = 暂时看不到用量
lines-barred-row = 暂时不能用
lines-no-plan-row = 选一个套餐就能用
lines-age-fresh = { $age } · 实时
lines-age-stale = { $age }的数据

lines-note-unknown = 剩余流量暂时查不到，请稍后再看。
lines-note-barred = 这条线路已被运营方停用，剩余流量和天数都保留着。联系我们可以查明原因。
lines-note-low = 流量不多了。用完后断网，不会产生额外费用。
lines-note-low-until = 照最近的用法，大约 { $time } 用完。用完后断网，不会产生额外费用。
lines-note-paused = “{ $pool }”的共享流量对这张 eSIM 已暂停。自己买的套餐马上能用。
lines-note-at-cap = 这张 eSIM 在“{ $pool }”的共享流量已到上限。池主或管理员可以提高上限；自己买的套餐马上能用。
lines-note-slower = 这 24 小时的 { $volume } 全速流量已用完，现在以较低的网速继续上网，不断网，不额外收费。{ $time }自动恢复全速。
lines-note-slower-to-the-end = 最后 24 小时的 { $volume } 全速流量已用完，到期前以较低的网速继续上网，不断网，不额外收费。
lines-note-used-up = 已经断网，没有产生额外费用。续订后几秒恢复。
lines-note-used-up-today = 今天的流量用完了，这个套餐的下一天会自动带来新流量。
lines-note-waiting = 前一份用完或到期后自动开始。
lines-note-waiting-by = 首次联网时开始。请在{ $day }前使用，过期作废。
lines-note-waiting-connected = 已经连上网。第一份用量一到，就开始计时。
lines-note-over = eSIM 还装在手机里，续订不用重新安装。
lines-note-no-plan = 卡已经绑好。选一个套餐，付款后几秒就能上网。

lines-today = 今天
lines-average = 日均
lines-lasts-until = 够用到
lines-highest = 最高
lines-chart = 近 { $count } 天每天用量。最高 { $day } { $most }，今天 { $today }。

lines-choose-plan = 选套餐
lines-renew = 续订{ $amount }
lines-renew-again = 再买一份{ $amount }
lines-hint-follow = 现在续也不吃亏：新流量在这一份用完或到期后才开始
lines-hint-add = 新流量和这一份同时有效，各自到期
lines-hint-replace = 新套餐马上接替，这一份随即结束
lines-hint-over = 不用重新安装，eSIM 原样保留
lines-install-open = 查看安装码

lines-days = 还有
lines-until = 到期
lines-start-by = 最晚开始
lines-then = 这个 eSIM 上还有
lines-use = 每天用量
lines-this = 这条线路
lines-name = 名称
lines-name-save = 保存名称
lines-number = 号码
lines-data-only = 仅流量
lines-bound = 绑定于
lines-history = 记录
lines-history-empty = 这条线路还没有买过套餐。

lines-install-title = 安装 eSIM
lines-install-where = 装在哪台手机上，就在那台手机上打开这一页
lines-install-apple = 安装到这台 iPhone
lines-install-android = 安装到这台 Android
lines-install-needs = iOS 17.4 或 Android 10 以上。安装要连 Wi-Fi，约 1 分钟。
lines-install-scan = 在另一块屏幕上打开，用手机扫
lines-install-qr = eSIM 安装二维码
lines-install-steps = 手机：设置 › 蜂窝网络 › 添加 eSIM › 使用二维码
lines-install-type = 手动输入
lines-install-server = SM-DP+ 地址
lines-install-id = 激活码
lines-install-confirmation = 手机还会要求输入确认码。
lines-install-no-confirmation = 确认码留空。
lines-copy = 复制
lines-copied = 已复制

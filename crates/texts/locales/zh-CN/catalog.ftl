# 套餐、目的地和覆盖。

catalog-kind-daily = 按天
catalog-kind-monthly = 按月
catalog-kind-long-term = 长期
catalog-plan-name = { $place } { $data }，{ $duration }
catalog-place-and-more = { $place }和另外{ $count }处
catalog-data-per-day = 每天{ $volume }
catalog-data-unlimited = 不限流量
catalog-after-fixed = 流量用完就断网，不额外收费
catalog-after-per-day = 当天的{ $volume }用完就断网，从开始算满24小时再有新的{ $volume }，不额外收费
catalog-after-unlimited = 总量不限；每24小时用到{ $volume }会暂停，满24小时后恢复，不额外收费
catalog-start-first-use = 在{ $place }第一次联网时开始，不是付款时；{ $days }天内没用过会失效
catalog-start-at-purchase = 付款后马上开始
catalog-renewal-follow = 接在现有套餐后面：现有的用完或到期，它才开始
catalog-renewal-add = 和现有套餐加在一起用，各算各的到期日
catalog-renewal-replace = 马上换掉现有套餐；没用完的部分按比例退到钱包
catalog-shareable = 可以几条线路共享
catalog-not-shareable = 只给一条线路用

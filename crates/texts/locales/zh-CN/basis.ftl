# 人人都用得到的词：时间、问题的通用说法。

duration-days = { $count }天
duration-hours = { $count }小时
duration-minutes = { $count }分钟
duration-seconds = { $count }秒
ago-days = { $count }天前
ago-hours = { $count }小时前
ago-minutes = { $count }分钟前
ago-seconds = { $count }秒前

problem-amount-unreadable = 金额没看懂，请只填数字，例如 118.00。
problem-country-unknown = 没有这个国家或地区代码。
problem-currency-unknown = 没有这种货币。
problem-internal = 我们这边出错了，已经记下。没有扣款，请稍后再试。
problem-language-unknown = 还没有这种语言。
problem-not-found = 没有找到，或者它不属于你。
problem-unavailable = 暂时办不了，请过一会儿再试。已经付的钱不会丢。

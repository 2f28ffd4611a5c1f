# 每个页面的外框，以及任何页面都可能遇到的问题。

shell-description = eSIM 流量还剩多少，实时可见，几秒续上。
shell-skip = 跳到内容
shell-tabs = 主导航
shell-tab-plans = 套餐
shell-tab-pools = 共享
shell-tab-wallet = 钱包
shell-back = 返回
shell-language = 语言
shell-language-set = 切换语言
shell-sandbox = 测试环境，不会动用真实的钱
shell-offline = 离线中，显示的是{"{}"}的内容。

shell-problem-invalid = 没有成功
shell-problem-sign-in = 请先登录
shell-problem-forbidden = 没有权限
shell-problem-not-found = 找不到
shell-problem-conflict = 情况已经变了
shell-problem-too-many = 太频繁了
shell-problem-unavailable = 暂时用不了
shell-problem-internal = 我们这边出了问题
shell-problem-home = 回到我的 eSIM
shell-problem-id = 联系我们时请报这个编号：

problem-foreign-form = 这个表单来自别的网站，没有接受，什么都没有改动。请在本站打开页面再提交。
problem-wrong-method = 这个地址不支持这种请求。
problem-body-too-large = 内容太长，没有接受，什么都没有改动。
problem-request-unreadable = 请求读不懂，什么都没有改动。
problem-too-many-pages = 同时打开的页面太多。关掉几个，再刷新这一页。
problem-sign-in-needed = 登录后才能查看。
problem-token-needed = 这个接口需要在 Authorization 头里带有效的令牌。
problem-network-unreadable = 这不是有效的地址段，请写成 10.0.0.0/8 的形式。
problem-idempotency-key-missing = 这个接口会产生费用，需要 Idempotency-Key 头，重复调用才安全。
problem-idempotency-key-unreadable = Idempotency-Key 应为 1 到 128 个普通字符。

# 设置。

settings-title = 设置
settings-done-verified = 邮箱已确认。
settings-done-sent = 新邮件已经发出，请用最新一封里的验证码。
settings-done-saved = 已保存。
settings-done-password = 密码已修改，其他设备都已退出登录。
settings-done-email = 账户已换到新邮箱。

settings-verified = 已确认
settings-unverified = 未确认
settings-email-change = 更换邮箱
settings-verify-title = 确认邮箱
settings-verify-why = 我们发过一封带验证码的邮件给你。确认之前不能用钱包，退款也找不到你。
settings-code = 邮件里的验证码
settings-verify-button = 确认我的邮箱
settings-verify-again = 重新发送邮件

settings-display = 显示
settings-currency = 货币
settings-theme = 外观
settings-theme-device = 跟随系统
settings-theme-light = 浅色
settings-theme-dark = 深色
settings-time-zone = 时区
settings-time-zone-hint = 用于邮件。页面按你所在地显示时间。
settings-save = 保存显示设置

settings-security = 安全
settings-password = 修改密码
settings-sessions = 登录的设备
settings-sessions-count = { $count }台设备
settings-tokens = API 令牌
settings-tokens-count = { $count }个令牌
settings-sign-out = 退出登录

settings-email-title = 更换邮箱
settings-email-code-title = 填写验证码
settings-email-pending = 如果 { $address } 可以用，验证码邮件已经发到那里，填好后账户就换过去。
settings-email-confirm-button = 换到新邮箱
settings-email-new-title = 换到另一个邮箱
settings-email-now = 现在
settings-email-new = 新邮箱
settings-email-hint = 验证码发到新邮箱，旧邮箱会收到通知。
settings-email-button = 发送验证码

settings-password-how = 其他设备和应用都会退出登录，我们会发邮件通知你。
settings-password-button = 修改密码

settings-sessions-how = 30天没用过的设备会自动退出登录。
settings-session-facts = { $ip } · { $used }用过 · { $begun }登录
settings-session-this = 本机
settings-session-end = 结束
settings-session-end-of = 让 { $device } 退出登录
settings-sessions-end-others = 让其他设备都退出
settings-sessions-end-others-hint = API 令牌也会一起失效。
settings-device-unknown = 未知设备

settings-tokens-how = 令牌让你自己的应用或脚本以你的身份操作。180天没用过会自动失效。
settings-token-made = 你的新令牌
settings-token-made-hint = 只显示这一次，请和密码放在一起保管。
settings-token-copy = 复制令牌
settings-token-copied = 已复制
settings-token-facts = { $created }创建 · { $used }用过
settings-token-facts-new = { $created }创建 · 还没用过
settings-token-end-of = 结束令牌 { $name }
settings-token-name = 用在哪里
settings-token-button = 创建令牌

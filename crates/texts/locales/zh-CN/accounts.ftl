# 账户：邮件，以及可能出的问题。

accounts-mail-foot =
    这封邮件由 { $brand } 发出，{ $url }
    请不要直接回复。

accounts-mail-verify-button = 确认我的邮箱

accounts-mail-welcome-subject = 确认你的 { $brand } 邮箱
accounts-mail-welcome-body =
    账户已经建好。请确认这个邮箱是你的：确认后才能给钱包充值，退款也才找得到你。

    点下面的链接，或在设置里填这个验证码：{ $code }

    48小时内有效。如果不是你注册的，不用理会这封邮件；没有你的确认，这个邮箱就一直是未确认状态。

accounts-mail-verify-subject = 确认你的 { $brand } 邮箱
accounts-mail-verify-body =
    请确认这个邮箱是你的：点下面的链接，或在设置里填这个验证码：{ $code }

    48小时内有效。如果不是你要的，不用理会这封邮件。

accounts-mail-known-subject = 你已经有 { $brand } 账户了
accounts-mail-known-body =
    有人（多半是你自己）用这个邮箱注册，或者想把别的账户换到这个邮箱。它已经有账户了，什么都没有改动。

    请直接用密码登录。忘了密码，就在登录页选“忘记密码”。如果不是你，什么都不用做。
accounts-mail-known-button = 去登录

accounts-mail-reset-subject = 设置新的 { $brand } 密码
accounts-mail-reset-body =
    你申请了重设密码。下面的链接1小时内有效，只能用一次。

    设好新密码后，所有设备都会退出登录。如果不是你申请的，不用理会这封邮件，密码保持不变。
accounts-mail-reset-button = 设置新密码

accounts-mail-was-reset-subject = 你的 { $brand } 密码已重设
accounts-mail-was-reset-body =
    有人通过发到这个邮箱的链接设置了新密码。所有设备和应用都已退出登录。

    接下来24小时内不能更换账户邮箱。如果不是你，说明有人能看到你的邮件：请先保护好邮箱，再设置新密码。

accounts-mail-password-changed-subject = 你的 { $brand } 密码已修改
accounts-mail-password-changed-body =
    密码刚在设置里修改过，其他设备和应用都已退出登录。

    如果不是你，请马上设置新密码，这会让所有人退出登录。
accounts-mail-not-me-button = 不是我操作的

accounts-mail-move-subject = { $brand } 验证码：{ $code }
accounts-mail-move-body =
    请在更换账户邮箱的页面填这个验证码：{ $code }

    30分钟内有效。如果不是你要的，不用理会这封邮件；没有验证码，什么都不会改变。

accounts-mail-move-asked-subject = 有人想更换你的账户邮箱
accounts-mail-move-asked-body =
    有人用你的密码申请把 { $brand } 账户换到另一个邮箱。填对发到新邮箱的验证码之后就会更换。

    如果不是你，请马上修改密码，这会让其他人退出登录。
accounts-mail-move-asked-button = 看看谁登录了

accounts-mail-moved-subject = 你的 { $brand } 账户邮箱已更换
accounts-mail-moved-body =
    账户换了新邮箱。以后用新邮箱登录，邮件也发到那里。其他设备和应用都已退出登录。

    如果不是你，请马上联系商家。

problem-accounts-busy = 现在登录的人太多了，请过几秒再试。
problem-accounts-too-many = 试得太频繁了，请{ $minutes }分钟后再试。
problem-accounts-email-missing = 请填邮箱。
problem-accounts-email-invalid = 这个邮箱地址收不到邮件，应该像 name@example.com 这样。
problem-accounts-email-known = 这个邮箱已经有账户了。
problem-accounts-email-same = 这就是你现在的邮箱。
problem-accounts-password-missing = 请设一个密码。
problem-accounts-password-short = 至少10个字符，一句好记的话最好。
problem-accounts-password-long = 太长了，500个字母以内就够。
problem-accounts-password-easy = 这个密码太容易被猜到，换一句好记的话吧。
problem-accounts-password-wrong = 当前密码不对。
problem-accounts-password-changed-elsewhere = 密码刚在另一台设备上改过，请重新登录。
problem-accounts-sign-in-wrong = 邮箱和密码对不上。请检查一下，或者重设密码。
problem-accounts-suspended = 这个账户暂时停用了，需要恢复请联系商家。
problem-accounts-verify-first = 请先确认邮箱：我们发过一封邮件给你，在设置里可以重发。
problem-accounts-fresh-needed = 为了安全，这一步要再输一次密码。
problem-accounts-link-dead = 这个链接已经失效：用过了，或者太久了。请重新获取邮件。
problem-accounts-code-wrong = 验证码不对：填错了、过期了，或者试的次数太多。请看最新的一封邮件，或重新获取。
problem-accounts-wait-after-reset = 一天之内通过邮件重设过密码。为了安全，{ $hours }小时后才能更换邮箱。
problem-accounts-token-name-missing = 给令牌起个名字，方便以后辨认。
problem-accounts-time-zone-unknown = 没有这个时区，请从列表里选。

# 登录前后的页面。

accounts-welcome-title = 欢迎
accounts-welcome-heading = 落地就有网，流量看得清
accounts-welcome-promise = 付款后几秒生效，剩余流量实时更新，没生效自动退款。
accounts-ways-in = 登录或注册
accounts-register = 注册
accounts-register-button = 创建账户
accounts-sign-in = 登录
accounts-sign-in-heading = 欢迎回来
accounts-email = 邮箱
accounts-password = 密码
accounts-password-new = 新密码
accounts-password-current = 当前密码
accounts-password-hint = 至少10个字符。一句好记的话比符号更安全。
accounts-forgot = 忘记密码
accounts-back-to-sign-in = 返回登录

accounts-done-registered = 如果这个邮箱是第一次用，账户已经建好，请登录。如果它早就有账户，我们已经发了邮件过去，密码还是原来的。
accounts-done-reset = 新密码已设好，所有设备都已退出，请用新密码登录。
accounts-done-verified = 邮箱已确认，登录后继续。

accounts-confirm-title = 再输一次密码
accounts-confirm-why = 接下来的操作落到别人手里会丢掉账户。请输入密码，15分钟内不再询问。
accounts-confirm-button = 继续

accounts-verify-title = 确认邮箱
accounts-verify-why = 点一下就确认这个邮箱是你的：钱包可以用，退款也找得到你。
accounts-verify-button = 确认这个邮箱
accounts-verify-again = 去设置里重新获取

accounts-forgot-title = 重设密码
accounts-forgot-how = 我们发一个链接到你的邮箱，1小时内有效，只能用一次。
accounts-forgot-button = 发送链接
accounts-forgot-sent = 如果这个邮箱有账户，邮件已经在路上，一般不到一分钟。也看看垃圾邮件箱。

accounts-reset-title = 设置新密码
accounts-reset-how = 设好后所有设备都会退出登录，包括这一台。
accounts-reset-button = 设好新密码

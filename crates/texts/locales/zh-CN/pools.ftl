# 共享池：家庭和团队。

problem-pools-not-allowed = 只有池主可以这样做；对普通成员，管理员也可以。
problem-pools-name-missing = 请填写名称。
problem-pools-name-long = 最多 { $most } 个字。
problem-pools-name-odd = 请只用文字、数字和常用符号。
problem-pools-kind-unknown = 请选择家庭或团队。
problem-pools-role-unknown = 请选择成员或管理员。
problem-pools-cap-unreadable = 请填写 GB 数，例如 10 或 0.5。没有改动。
problem-pools-cap-large = 没有哪个池有这么多流量。不限就留空。
problem-pools-line-taken = 这张 eSIM 已在一个共享池里。一张 eSIM 同时只能在一个池，请先退出那个。
problem-pools-line-moving = 这张 eSIM 正在开通或转移，请稍后再试。
problem-pools-line-coming = 你的另一张 eSIM 正在回到这里，请稍后再试。
problem-pools-shared-left = 原来共享的套餐只剩这张 eSIM 能用了。请换一张，或等那个套餐用完或到期。
problem-pools-full = 这个池已满：{ $most } 张 eSIM。
problem-pools-invitation-dead = 这个邀请已失效：已被使用、撤回，或超过 7 天。请对方重新邀请。
problem-pools-invitations-many = 已有 { $most } 个未用的邀请，请先撤回一个。
problem-pools-owner-stays = 还有人在用你的共享池。请先把它交给其中一位，或者解散。
problem-pools-owner-alone = 池里只有你。请直接解散，什么也不会丢。
problem-pools-given-already = 这个套餐已经是大家共享的。

pools-title = 共享
pools-empty = 和家人或团队共享流量
pools-empty-text = 一个池，大家的 eSIM 一起用。谁用了多少都看得到，还能给每个人设上限。
pools-empty-invited = 收到邀请了？打开对方发给你的链接。
pools-new-button = 建一个共享池
pools-another = 再建一个共享池
pools-new-title = 新共享池
pools-new-how = 先放进你的一张 eSIM，再邀请别人。
pools-new-keeps = 你的套餐仍归你，除非你把它共享给大家。建池不收费。
pools-no-free-line = 需要一张还没有加入共享池的 eSIM。
pools-name = 共享池名称
pools-name-example = 例如：一家四口
pools-kind = 用途
pools-kind-family = 家庭
pools-kind-family-most = 最多 10 张 eSIM
pools-kind-team = 团队
pools-kind-team-most = 最多 1000 张 eSIM
pools-which-line = 哪张 eSIM 加入
pools-create-button = 创建共享池

pools-left = 共享流量剩余
pools-nothing-shared = 还没有共享的流量。给大家买一个套餐，或把你的共享出来。
pools-bar = 近 30 天用量：{ $each }
pools-bundle-until = 剩 { $left } · { $day }到期
pools-bundle-left = 剩 { $left }
pools-buy = 给大家加流量
pools-over-time = 每天谁用了多少
pools-members = 成员
pools-count = { $count } 张 eSIM
pools-you = { $name }（你）
pools-used = 今天 { $today } · 30 天 { $month }
pools-cap-left = 上限 { $of }，还剩 { $left }
pools-joining = 加入中
pools-leaving = 退出中
pools-paused = 已暂停
pools-cap-reached = 到上限
pools-role-owner = 池主
pools-role-manager = 管理员
pools-role-member = 成员

pools-invite = 邀请成员
pools-invite-email = 对方的邮箱
pools-invite-hint = 留空就生成链接和二维码。
pools-invite-manager = 可以邀请、设上限和移除成员
pools-invite-button = 生成邀请
pools-invite-what = 7 天内有效，可加入一张 eSIM。对方自己的套餐仍归对方。
pools-verify-first = 邀请别人之前，请先确认你的邮箱。
pools-invitations = 未使用的邀请
pools-invitation-link = 链接邀请
pools-invitation-title = 邀请
pools-invitation-until = 身份：{ $role } · { $day }前有效
pools-invitation-mailed = 已发到 { $email }
pools-invitation-hand = 出示二维码，或把链接发给对方。
pools-invitation-qr = 邀请链接的二维码
pools-invitation-copy = 复制链接
pools-invitation-once = 拿到链接的人可以加入一次。发错了就撤回。
pools-invitation-withdraw = 撤回邀请
pools-own = 你自己的套餐
pools-own-text = 只有你的 eSIM 能用，退出时一起带走。
pools-give = 共享
pools-give-what = 从现在起大家都能用。你退出时它留在池里，不能收回。
pools-give-button = 共享给大家
pools-add = 你的其他 eSIM
pools-add-button = 加入
pools-leave-line = 让{ $name }退出

pools-used-title = 用量
pools-stat-today = 共享，今天
pools-stat-month = 共享，30 天
pools-stat-own = 自有套餐，30 天
pools-cap-day = 每 24 小时
pools-cap-month = 近 30 天
pools-cap-all = 总共
pools-caps = 共享流量上限
pools-caps-what = 不限就留空。自己的套餐不受限制。从第一次设上限起计，修改一分钟内生效。
pools-caps-button = 保存上限
pools-pause-button = 暂停共享流量
pools-resume-button = 恢复共享流量
pools-pause-what = 自己的套餐照常能用。
pools-note-gone = 共享流量已用完。没有自己套餐的 eSIM 会断网，不会另外扣费。
pools-note-low = 共享流量还剩 { $left }，共 { $total }。
pools-note-paused = { $name }的共享流量已暂停，自己的套餐照常能用。
pools-note-cap-reached = { $name }已用完 { $of } 的上限。池主或管理员可以提高上限；自己的套餐照常能用。
pools-note-theirs = { $name }已用完 { $of } 的上限。在下面点开{ $name }就能提高上限。
pools-note-cap-near = { $name }的上限是 { $of }，还能用 { $left }。
pools-make-manager = 设为管理员
pools-make-member = 改为普通成员
pools-manager-what = 管理员可以邀请成员，为成员设上限、暂停或移除。

pools-leave-title = 退出共享池
pools-leave-button = 退出共享池
pools-remove-title = 移出共享池
pools-remove-button = 移出共享池
pools-hand-title = 转交池主
pools-hand-button = 转交共享池
pools-dissolve-title = 解散共享池
pools-dissolve-button = 解散共享池
pools-dissolve-hint = 大家带着自己的套餐离开
pools-what-happens = 之后会怎样
pools-keep = 先不动
pools-fact-who = { $pool }的{ $name }
pools-fact-own = 自己的套餐
pools-fact-own-goes = 连同剩余流量和天数，随这张 eSIM 一起带走。
pools-fact-own-each = 各自保留，流量和天数不变。
pools-fact-shared = 共享的套餐
pools-fact-shared-stays = 留在池里，包括这张 eSIM 共享出来或付款的。
pools-fact-shared-all = 留在池里。
pools-fact-shared-yours = 剩余部分留给你的 eSIM，其他人不能再用。
pools-fact-now = 时间
pools-fact-now-moves = 立即。流量可能中断几秒。
pools-fact-now-all = 立即，对所有人。他们会收到邮件。
pools-fact-owner = 新池主
pools-fact-owner-next = 可以决定所有人的事，包括你。
pools-fact-you = 你
pools-fact-you-manager = 你成为管理员，之后可以退出。

pools-join-title = 邀请
pools-join-heading = 加入“{ $pool }”
pools-join-from = 邀请人
pools-join-data = 流量
pools-join-data-what = 你的 eSIM 可以用大家共享的流量。管理员可以设上限或暂停。
pools-join-own-what = 仍归你，优先使用，退出时带走。
pools-join-see = 他们能看到
pools-join-see-what = 你每天用了多少流量，看不到在哪里用、用来做什么。
pools-join-until = 有效期至
pools-join-register = 注册并加入
pools-join-sign-in = 登录并加入
pools-join-no-line = 需要一张还没有加入共享池的 eSIM。先绑定一张，再打开这个邀请。
pools-join-name = 别人怎么称呼你
pools-join-button = 加入共享池
pools-on-line = 在共享池“{ $pool }”里

pools-mail-open-button = 查看共享池
pools-mail-home-button = 查看我的 eSIM
pools-mail-invited-subject = { $who } 邀请你共享流量：{ $pool }
pools-mail-invited-body =
    { $who } 邀请你加入“{ $pool }”，几张 eSIM 一起用共享的流量。

    你自己的套餐仍归你。邀请 7 天内有效，可加入一张 eSIM。

    如果你不认识对方，不用理会这封邮件。
pools-mail-invited-button = 查看邀请
pools-mail-joined-subject = { $who } 加入了{ $pool }
pools-mail-joined-body = { $who } 加入了“{ $pool }”，可以用那里共享的流量。
pools-mail-left-subject = { $who } 退出了{ $pool }
pools-mail-left-body = { $who } 带着自己的套餐退出了“{ $pool }”。共享的流量还在。
pools-mail-removed-subject = 你已不在{ $pool }
pools-mail-removed-body = { $who } 不再使用“{ $pool }”的共享流量。你自己的套餐已一起带走，流量和天数不变。
pools-mail-dissolved-subject = { $pool }已解散
pools-mail-dissolved-body = 池主解散了“{ $pool }”。你自己的套餐已一起带走，流量和天数不变。
pools-mail-handed-subject = { $pool }交给你了
pools-mail-handed-body = 你现在是“{ $pool }”的池主：由你决定谁来共享，也可以转交或解散。
pools-mail-paused-subject = 共享流量已暂停：{ $pool }
pools-mail-paused-body = { $who } 在“{ $pool }”的共享流量已暂停。你自己的套餐照常能用。
pools-mail-resumed-subject = 共享流量已恢复：{ $pool }
pools-mail-resumed-body = { $who } 又可以用“{ $pool }”的共享流量了。
pools-mail-own-subject = { $what }：{ $amount } 已用 { $percent }%
pools-mail-own-body = { $what } 已用掉 { $amount } 的 { $percent }%。用完后流量停止，不会另外扣费。
pools-mail-own-gone-subject = { $what }：{ $amount } 已用完
pools-mail-own-gone-body =
    { $what } 的 { $amount } 已用完，没有另外扣费。

    按天计的套餐到下一天自动恢复，我们不会每天为此发邮件。
pools-mail-shared-subject = { $what }：{ $amount } 已用 { $percent }%
pools-mail-shared-body = “{ $what }”的成员一共用掉了 { $amount } 的 { $percent }%。
pools-mail-shared-gone-subject = { $what }：{ $amount } 已用完
pools-mail-shared-gone-body =
    “{ $what }”的成员已用完 { $amount }，没有另外扣费。

    按天计的套餐到下一天自动恢复，我们不会每天为此发邮件。
pools-mail-cap-subject = { $what }：你的 { $amount } 已用 { $percent }%
pools-mail-cap-body = 你在“{ $what }”可用的共享流量 { $amount } 已用 { $percent }%。
pools-mail-cap-reached-subject = { $what }：你的 { $amount } 已用完
pools-mail-cap-reached-body = 你在“{ $what }”可用的共享流量 { $amount } 已用完。管理员可以提高上限；你自己的套餐照常能用。
pools-mail-members-cap-subject = { $what } 用到了 { $amount } 的上限
pools-mail-members-cap-body = { $what } 用完了你允许的 { $amount }。你可以提高上限，一分钟内就能继续用。

# 设备上的通知。

push-title = 通知
push-count =
    { $count ->
        [0] 未开启
       *[other] 已在{ $count }台设备上开启
    }
push-how = 这些事会马上显示在设备上：套餐快到期或快用完，自动续订成功或需要你处理，订单耽搁了或没能开通。邮件照常发送。
push-this = 本机
push-on = 已开启
push-off = 未开启
push-asks = 浏览器会请你允许一次。随时可以在这里关闭，退出登录也会停止。
push-switch-on = 开启通知
push-failed = 浏览器没能开启通知。请确认已联网、不在无痕窗口，再试一次。
push-blocked = 这个浏览器屏蔽了我们的通知。请在浏览器的网站设置里允许通知，再重新打开本页。
push-install = 在 iPhone 或 iPad 上，请先把本站添加到主屏幕：点“分享”，再点“添加到主屏幕”。然后从主屏幕打开，回到本页开启。
push-unable = 这个浏览器不能显示通知。我们会继续发邮件给你。
push-no-script = 开启通知需要 JavaScript。
push-test = 发一条试试
push-test-title = 通知正常
push-test-body = { $brand } 会这样通知你。
push-devices = 接收通知的设备
push-since = { $day }开启
push-remove = 移除
push-remove-of = 移除 { $device }，不再发通知
push-done-on = 本机已开启通知。
push-done-sent = 测试通知已发往本机。
push-offer = 在本机接收通知
push-offer-text = 续订成功、快到期或需要你处理时告诉你

problem-push-endpoint = 这个浏览器的通知走的是我们不认识的推送服务。
problem-push-keys = 这个浏览器没有给出接收通知的密钥，请关闭后重新开启。
problem-push-not-a-browser = 请在要接收通知的浏览器里开启。
problem-push-refused = 浏览器的推送服务拒收了这条通知。

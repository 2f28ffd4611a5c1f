# 首页。

home-title = 我的 eSIM
home-settings = 设置
home-others = 其他 eSIM
home-no-others = 这里还没有别的 eSIM。
home-bind = 绑定一张卡
home-empty = 还没有 eSIM
home-empty-text = 用卡上印的序列号绑定你的 Heyon 卡，一分钟就好，不收费。
home-look = 先看看套餐
home-offline = 现在离线
home-offline-text = eSIM 余量和安装码仍可查看，其他内容连上网后恢复。

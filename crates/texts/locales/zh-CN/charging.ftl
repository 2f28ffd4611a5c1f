# 计费引擎：眼下做不到的事。

problem-charging-busy = 网络计量眼下太忙，没有扣除任何流量。请稍后再试。
problem-charging-line-barred = 这条线路已被运营商停用。恢复之前，流量和新套餐都会等待。
problem-charging-bundle-over = 这个套餐已经结束，没有可以共享的流量。
problem-charging-line-elsewhere = 这条线路已在另一个共享池里，或号码已属于另一条线路。
problem-charging-line-moving = 这条线路正在转到另一个共享池，请稍后再试。
problem-charging-not-shareable = 这个套餐不能共享。
problem-charging-too-many-services = 这个请求一次列出的业务太多，计费引擎没有受理，也没有扣除任何流量。

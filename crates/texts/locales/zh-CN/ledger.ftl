# 钱包：出错时的话。

problem-wallet-too-little = 钱包余额不够。没有扣款。

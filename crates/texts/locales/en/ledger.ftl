# The wallet: problems.

problem-wallet-too-little = There is not enough in the wallet. Nothing was taken.

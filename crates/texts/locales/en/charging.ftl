# The charging engine: what it cannot do just now.

problem-charging-busy = The network's meter has too much to do right now. Nothing was charged. Try again in a moment.
problem-charging-line-barred = This line is stopped by the operator. Data and new plans wait until it is released.
problem-charging-bundle-over = This plan is over: there is nothing left to share.
problem-charging-line-elsewhere = This line already draws from another pool, or another line has its number.
problem-charging-line-moving = This line is on its way to another shared plan. Try again in a moment.
problem-charging-not-shareable = This plan cannot be shared.
problem-charging-too-many-services = This request names more services than the meter takes at once. Nothing was charged.

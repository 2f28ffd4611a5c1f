# The charging engine: what it cannot do just now.

problem-charging-busy = The network's meter has too much to do right now. Nothing was charged. Try again in a moment.
problem-charging-line-barred = This line is stopped by the operator. Data and new plans wait until it is released.
problem-charging-line-elsewhere = This line already draws from another pool, or another line has its number.
problem-charging-too-many-services = This request names more services than the meter takes at once. Nothing was charged.

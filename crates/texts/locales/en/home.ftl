# The home page.

home-title = My eSIMs
home-settings = Settings
home-others = Other eSIMs
home-no-others = No other eSIM here yet.
home-bind = Bind a card
home-empty = No eSIM yet
home-empty-text = Bind your Heyon card by the serial printed on it. It takes a minute and costs nothing.
home-look = Look at plans first
home-offline = You are offline
home-offline-text = Your eSIMs and their install codes can still be read. Everything else comes back with the network.

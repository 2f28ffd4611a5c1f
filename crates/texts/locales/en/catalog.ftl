# Plans, destinations and coverage.

catalog-kind-daily = Daily
catalog-kind-monthly = Monthly
catalog-kind-long-term = Long-term
catalog-plan-name = { $place } { $data }, { $duration }
catalog-place-and-more = { $place } and { $count } more
catalog-data-per-day = { $volume } a day
catalog-data-unlimited = Unlimited data
catalog-after-fixed = Data stops when it is used up; nothing extra is charged
catalog-after-per-day = After { $volume } data stops for that day; a new { $volume } comes 24 hours after the day began. Nothing extra is charged
catalog-after-unlimited = No limit in all; after { $volume } within 24 hours it pauses until they are over. Nothing extra is charged
catalog-after-unlimited-slower = No limit in all; after { $volume } within 24 hours data goes on, but slower, until they are over. Nothing extra is charged
catalog-start-first-use =
    { $days ->
        [one] With the first connection in { $place }, not when you pay; unused, it lapses after { $days } day
       *[other] With the first connection in { $place }, not when you pay; unused, it lapses after { $days } days
    }
catalog-start-at-purchase = As soon as it is paid
catalog-renewal-follow = Follows what you have: it starts when that is used up or ends
catalog-renewal-add = Adds to what you have; each part keeps its own end date
catalog-renewal-replace = Replaces what you have at once; the unused part goes to your wallet, pro rata
catalog-for-everyone = For everyone in your pool. Only plans that can be shared are shown.
catalog-shareable = Can be shared by several lines
catalog-not-shareable = For one line

catalog-where-to = Where to
catalog-search-label = Search for a country, city or region
catalog-search-hint = Try Tokyo, Switzerland or JP
catalog-continents = Continents
catalog-popular = Popular
catalog-found = Places found
catalog-regions = One eSIM for a whole region
catalog-countries =
    { $count ->
        [one] { $count } country or territory
       *[other] { $count } countries and territories
    }
catalog-from = from { $price }
catalog-all = All { $count }
catalog-nothing-found = Nothing found. Try another spelling: the country's name, its English name or its two-letter code.
catalog-not-sold = There is no plan for { $places } yet.
catalog-list-comma = {", "}
catalog-plans-in = Plans for { $place }
catalog-kinds = Kinds of plans
catalog-none-of-kind = There is none of this kind yet; have a look at the others.
catalog-see-coverage = See all countries and networks
catalog-wider = Regional plans that work in { $place }
catalog-figure-unlimited = Unlimited
catalog-unit-per-day = { $unit }/day
catalog-per-gigabyte = { $price } per GB
catalog-per-day = { $price } a day
catalog-fair-use = Up to { $volume } per 24 hours
catalog-fair-use-slower = { $volume } at full speed per 24 hours, then slower
catalog-buy = Buy { $plan }
catalog-details = Details
catalog-good-to-know = Good to know before you buy
catalog-a-day = A day
catalog-a-day-is = 24 hours from the start, not from midnight
catalog-after = When used up
catalog-calls = Calls and texts
catalog-calls-none = Not included, data only
catalog-what-you-get = What you get
catalog-start = Starts
catalog-length = Lasts
catalog-length-is =
    { $days ->
        [one] 24 hours from the start
       *[other] { $days } times 24 hours from the start
    }
catalog-renewal = Renewing
catalog-sharing = Sharing
catalog-networks = Countries and networks
catalog-withdrawn = This plan is no longer sold. Where it was bought it keeps working.
catalog-coverage-of = Coverage: { $count } places
catalog-coverage-search = Country or network
catalog-all-continents = All
catalog-coverage-source = The networks are those of this shop's plans. How strong the signal is where you are depends on the local network.

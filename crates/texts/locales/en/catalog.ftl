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
catalog-start-first-use =
    { $days ->
        [one] With the first connection in { $place }, not when you pay; unused, it lapses after { $days } day
       *[other] With the first connection in { $place }, not when you pay; unused, it lapses after { $days } days
    }
catalog-start-at-purchase = As soon as it is paid
catalog-renewal-follow = Follows what you have: it starts when that is used up or ends
catalog-renewal-add = Adds to what you have; each part keeps its own end date
catalog-renewal-replace = Replaces what you have at once; the unused part goes to your wallet, pro rata
catalog-shareable = Can be shared by several lines
catalog-not-shareable = For one line

# What everyone needs: time, and problems in general.

duration-days =
    { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
duration-hours =
    { $count ->
        [one] { $count } hour
       *[other] { $count } hours
    }
duration-minutes =
    { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
duration-seconds =
    { $count ->
        [one] { $count } second
       *[other] { $count } seconds
    }
ago-days = { $count } d ago
ago-hours = { $count } h ago
ago-minutes = { $count } min ago
ago-seconds = { $count } s ago

problem-amount-unreadable = That amount cannot be read. Use digits only, for example 16.50.
problem-country-unknown = There is no country or territory with this code.
problem-currency-unknown = There is no such currency.
problem-internal = Something failed on our side and has been noted. Nothing was charged; please try again later.
problem-language-unknown = This language is not available yet.
problem-not-found = Not found, or it is not yours.
problem-unavailable = This is not possible at the moment. Please try again in a while; money already paid is safe.

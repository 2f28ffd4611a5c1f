# Notifications on a person's devices.

push-title = Notifications
push-count =
    { $count ->
        [0] Off
        [one] On, on { $count } device
       *[other] On, on { $count } devices
    }
push-how = Heard of at once on your device: a plan that ends soon or is nearly used up, a renewal that was paid or that needs you, an order that took longer or did not go through. Mails go on as before.
push-this = This device
push-on = On
push-off = Off
push-asks = The browser asks you once for permission. Switch it off here at any time; signing out ends it, too.
push-switch-on = Switch on
push-failed = This browser did not switch them on. Check that you are online and not in a private window, and try again.
push-blocked = This browser blocks notifications from us. Allow them in its site settings, then load this page again.
push-install = On an iPhone or iPad, add this site to the home screen first: tap Share, then “Add to Home Screen”. Open it from there and come back to this page.
push-unable = This browser cannot show notifications. We go on mailing you.
push-no-script = Switching this on needs JavaScript.
push-test = Send a test
push-test-title = Notifications work
push-test-body = This is how { $brand } tells you.
push-devices = Devices that get them
push-since = since { $day }
push-remove = Remove
push-remove-of = Remove { $device }: nothing more is sent there
push-done-on = This device gets notifications from now on.
push-done-sent = A test is on its way to this device.
push-offer = Hear of it on this device
push-offer-text = When it is renewed, ends soon or needs you

problem-push-endpoint = This browser's notifications go by a service that we do not know.
problem-push-keys = This browser did not give a key for its notifications. Switch them off and on again.
problem-push-not-a-browser = Notifications are switched on in the browser that is to show them.
problem-push-refused = The browser's notification service refused the message.

# Shared pools: families and teams.

problem-pools-not-allowed = Only the pool's owner, or for members its managers, can do this.
problem-pools-name-missing = Give it a name.
problem-pools-name-long = At most { $most } characters, please.
problem-pools-name-odd = Use letters, digits and ordinary signs only.
problem-pools-kind-unknown = Choose family or team.
problem-pools-role-unknown = Choose member or manager.
problem-pools-cap-unreadable = Type gigabytes, e.g. 10 or 0.5. Nothing was changed.
problem-pools-cap-large = That is more than any pool has. Leave it empty for no limit.
problem-pools-line-taken = This eSIM shares a pool already. It can share one at a time: leave that one first.
problem-pools-line-moving = This eSIM is just being set up or moved. Try again in a moment.
problem-pools-line-coming = Another of your eSIMs is just coming back to these plans. Try again in a moment.
problem-pools-shared-left = This is the last eSIM that can use a plan that was shared there. Choose another, or wait until that plan is used up or has ended.
problem-pools-full = This pool is full: { $most } eSIMs.
problem-pools-invitation-dead = This invitation is no longer good: it was used, withdrawn, or is older than 7 days. Ask for a new one.
problem-pools-invitations-many = { $most } invitations are open already. Withdraw one first.
problem-pools-owner-stays = Others still share your pool. Make one of them its owner first, or dissolve it.
problem-pools-owner-alone = You are the only one here. Dissolve the pool instead: nothing is lost.
problem-pools-given-already = Everyone shares this plan already.

pools-title = Sharing
pools-empty = Share data with family or team
pools-empty-text = One pool, everyone's eSIM. You see who used what, and set a limit for each person.
pools-empty-invited = Invited? Open the link you were sent.
pools-new-button = Create a pool
pools-another = Create another pool
pools-new-title = New pool
pools-new-how = You begin with one of your eSIMs, then invite the others.
pools-new-keeps = Your plans stay yours until you give one to everyone. Creating a pool costs nothing.
pools-no-free-line = You need an eSIM that does not share a pool yet.
pools-name = Name of the pool
pools-name-example = e.g. The Lins
pools-kind = What for
pools-kind-family = Family
pools-kind-family-most = Up to 10 eSIMs
pools-kind-team = Team
pools-kind-team-most = Up to 1,000 eSIMs
pools-which-line = Which eSIM joins
pools-create-button = Create the pool

pools-left = Left for everyone
pools-nothing-shared = Nothing is shared yet. Buy a plan for everyone, or give one of yours.
pools-bar = Used in the last 30 days: { $each }
pools-bundle-until = { $left } left · until { $day }
pools-bundle-left = { $left } left
pools-buy = Add data for everyone
pools-over-time = Who used what, each day
pools-members = Members
pools-count =
    { $count ->
        [one] { $count } eSIM
       *[other] { $count } eSIMs
    }
pools-you = { $name } (you)
pools-used = Today { $today } · 30 days { $month }
pools-cap-left = { $left } left of { $of }
pools-joining = Joining
pools-leaving = Leaving
pools-paused = Paused
pools-cap-reached = At the limit
pools-role-owner = Owner
pools-role-manager = Manager
pools-role-member = Member

pools-invite = Invite someone
pools-invite-email = Their e-mail address
pools-invite-hint = Leave it empty to get a link and a QR code instead.
pools-invite-manager = May invite, set limits and remove members
pools-invite-button = Make the invitation
pools-invite-what = It lets one eSIM in, within 7 days. Their own plans stay theirs.
pools-verify-first = Confirm your e-mail address before you invite anyone.
pools-invitations = Open invitations
pools-invitation-link = By link
pools-invitation-title = Invitation
pools-invitation-until = As { $role } · until { $day }
pools-invitation-mailed = Sent to { $email }
pools-invitation-hand = Show this code, or send the link.
pools-invitation-qr = QR code of the invitation's link
pools-invitation-copy = Copy the link
pools-invitation-once = Whoever has the link can join once. Withdraw it if it went to the wrong person.
pools-invitation-withdraw = Withdraw the invitation
pools-own = Your own plans here
pools-own-text = Only your eSIM uses these, and they leave with it.
pools-give = Share
pools-give-what = Everyone here can use it from now on. It stays in the pool when you leave and cannot be taken back.
pools-give-button = Give it to everyone
pools-add = Your other eSIMs
pools-add-button = Add
pools-leave-line = Leave with { $name }

pools-used-title = Used
pools-stat-today = Shared, today
pools-stat-month = Shared, 30 days
pools-stat-own = Own plans, 30 days
pools-cap-day = In 24 hours
pools-cap-month = In 30 days
pools-cap-all = In all
pools-caps = Limits on shared data
pools-caps-what = Leave a field empty for no limit. Own plans are never limited. Counting begins when a limit is first set; a change is felt within a minute.
pools-caps-button = Save the limits
pools-pause-button = Pause shared data
pools-resume-button = Let shared data go on
pools-pause-what = Own plans go on working.
pools-note-gone = All shared data is used. Data stops for eSIMs without a plan of their own; nothing extra is charged.
pools-note-low = { $left } of { $total } left for everyone.
pools-note-paused = Shared data is paused for { $name }. Own plans go on working.
pools-note-cap-reached = { $name } has used the { $of } allowed. The pool's owner or a manager can raise the limit; own plans go on working.
pools-note-theirs = { $name } has used the { $of } allowed. Open { $name } below to raise the limit.
pools-note-cap-near = { $name } may use { $left } more of the { $of } allowed.
pools-make-manager = Make a manager
pools-make-member = Make a plain member
pools-manager-what = Managers invite, set limits for members, pause and remove them.

pools-leave-title = Leave the pool
pools-leave-button = Leave the pool
pools-remove-title = Remove from the pool
pools-remove-button = Remove from the pool
pools-hand-title = Make the owner
pools-hand-button = Hand the pool over
pools-dissolve-title = Dissolve the pool
pools-dissolve-button = Dissolve the pool
pools-dissolve-hint = Everyone leaves with their own plans
pools-what-happens = What will happen
pools-keep = Leave it as it is
pools-fact-who = { $name }, in { $pool }
pools-fact-own = Own plans
pools-fact-own-goes = They go along with the eSIM, with all their data and days.
pools-fact-own-each = Everyone keeps theirs, with all their data and days.
pools-fact-shared = Shared plans
pools-fact-shared-stays = They stay in the pool, also those this eSIM gave or paid for.
pools-fact-shared-all = They stay in the pool.
pools-fact-shared-yours = What is left of them stays with your eSIM. The others lose it.
pools-fact-now = When
pools-fact-now-moves = At once. Data may pause for a few seconds.
pools-fact-now-all = At once, for everyone. They get a mail.
pools-fact-owner = New owner
pools-fact-owner-next = Decides about everyone, also about you.
pools-fact-you = You
pools-fact-you-manager = You become a manager, and may leave from then on.

pools-join-title = Invitation
pools-join-heading = Join “{ $pool }”
pools-join-from = From
pools-join-data = Data
pools-join-data-what = Your eSIM may use what everyone shares. The pool's managers can limit or pause that.
pools-join-own-what = Stay yours. They are used first, and leave with you.
pools-join-see = They see
pools-join-see-what = How much data you use each day, not where or for what.
pools-join-until = Good until
pools-join-register = Register and join
pools-join-sign-in = Sign in and join
pools-join-no-line = You need an eSIM that does not share a pool yet. Bind one, then open the invitation again.
pools-join-name = What the others call you
pools-join-button = Join the pool
pools-on-line = Shares “{ $pool }”

pools-mail-open-button = See the pool
pools-mail-home-button = See my eSIMs
pools-mail-invited-subject = { $who } invites you to share data: { $pool }
pools-mail-invited-body =
    { $who } invites you to “{ $pool }”, where several eSIMs share data.

    Your own plans stay yours. The invitation is good for 7 days and lets one eSIM in.

    If you do not know who this is, do nothing.
pools-mail-invited-button = See the invitation
pools-mail-joined-subject = { $who } has joined { $pool }
pools-mail-joined-body = { $who } has joined “{ $pool }” and can use what is shared there.
pools-mail-left-subject = { $who } has left { $pool }
pools-mail-left-body = { $who } has left “{ $pool }” with their own plans. What was shared is still there.
pools-mail-removed-subject = You no longer share { $pool }
pools-mail-removed-body = { $who } no longer uses the shared data of “{ $pool }”. Your own plans have come along with all their data and days.
pools-mail-dissolved-subject = { $pool } is dissolved
pools-mail-dissolved-body = Its owner has dissolved “{ $pool }”. Your own plans have come along with all their data and days.
pools-mail-handed-subject = { $pool } is yours
pools-mail-handed-body = You are now the owner of “{ $pool }”: you decide who shares it, and you can hand it on or dissolve it.
pools-mail-paused-subject = Shared data is paused: { $pool }
pools-mail-paused-body = The shared data of “{ $pool }” is paused for { $who }. Your own plans go on working.
pools-mail-resumed-subject = Shared data goes on: { $pool }
pools-mail-resumed-body = { $who } can use the shared data of “{ $pool }” again.
pools-mail-own-subject = { $percent }% of { $amount } used: { $what }
pools-mail-own-body = { $what } has used { $percent }% of { $amount }. When it is used up, data stops; nothing extra is charged.
pools-mail-own-gone-subject = { $amount } used up: { $what }
pools-mail-own-gone-body =
    { $what } has used all of { $amount }. Nothing extra was charged.

    A plan with a daily part goes on by itself with the next day; we do not write about that every day.
pools-mail-shared-subject = { $percent }% of { $amount } used: { $what }
pools-mail-shared-body = Everyone in “{ $what }” together has used { $percent }% of { $amount }.
pools-mail-shared-gone-subject = { $amount } used up: { $what }
pools-mail-shared-gone-body =
    Everyone in “{ $what }” together has used all of { $amount }. Nothing extra was charged.

    A plan with a daily part goes on by itself with the next day; we do not write about that every day.
pools-mail-cap-subject = { $percent }% of your { $amount } used: { $what }
pools-mail-cap-body = You have used { $percent }% of the { $amount } that you may take of the shared data of “{ $what }”.
pools-mail-cap-reached-subject = Your { $amount } are used: { $what }
pools-mail-cap-reached-body = You have used the { $amount } that you may take of the shared data of “{ $what }”. Its managers can raise the limit; your own plans go on working.
pools-mail-members-cap-subject = { $what } has reached { $amount }
pools-mail-members-cap-body = { $what } has used the { $amount } that you allow. You can raise the limit; data goes on within a minute.

-- A provider's bill of one day, by its own calendar.
CREATE TABLE bill_day (
    provider TEXT NOT NULL,
    day TEXT NOT NULL,
    -- The part of it that is read next; NULL for the first.
    part TEXT,
    -- So many lines of that part are taken.
    taken BIGINT NOT NULL,
    -- It is asked for then.
    ask_at BIGINT NOT NULL,
    -- When all of it was taken.
    read_at BIGINT,
    PRIMARY KEY (provider, day)
);
CREATE INDEX bill_day_ask ON bill_day (provider, read_at, ask_at);

-- What a provider's bills say, each line once.
CREATE TABLE bill_line (
    provider TEXT NOT NULL,
    line_ref TEXT NOT NULL,
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- What of ours it is about: lines of one kind and subject are added up.
    subject TEXT NOT NULL,
    reference TEXT NOT NULL,
    -- What moved between payer and provider.
    gross_currency TEXT NOT NULL,
    gross_minor BIGINT NOT NULL,
    -- The same as the provider settles it with us, and what it keeps of that.
    currency TEXT NOT NULL,
    settled_minor BIGINT NOT NULL,
    fee_minor BIGINT NOT NULL,
    -- 1 once what the provider keeps, changes or pays out by it is in the ledger.
    booked BIGINT NOT NULL,
    -- 1 once all lines of its subject say together what our books say.
    agreed BIGINT NOT NULL,
    PRIMARY KEY (provider, line_ref)
);
CREATE INDEX bill_line_subject ON bill_line (provider, kind, subject);
CREATE INDEX bill_line_agreed ON bill_line (provider, agreed);

-- 1 once its provider's bills say the same.
ALTER TABLE payment_capture ADD COLUMN billed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment_refund ADD COLUMN billed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment_dispute ADD COLUMN billed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX payment_capture_billed ON payment_capture (provider, billed, seen_at);
CREATE INDEX payment_refund_billed ON payment_refund (provider, billed, changed_at);
CREATE INDEX payment_dispute_billed ON payment_dispute (provider, billed, changed_at);
CREATE INDEX payment_refund_ref ON payment_refund (provider, provider_ref);

-- What a payer contests at the provider. `frozen_minor` is what was not on its way back by a refund already; it counts as
-- returned in its capture until we win.
CREATE TABLE payment_dispute (
    provider TEXT NOT NULL,
    dispute_ref TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    capture_ref TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    frozen_minor BIGINT NOT NULL CHECK (frozen_minor >= 0 AND frozen_minor <= amount_minor),
    state TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (provider, dispute_ref)
);
CREATE INDEX payment_dispute_payment ON payment_dispute (payment_id);

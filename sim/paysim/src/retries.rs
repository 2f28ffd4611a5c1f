//! How long after each failed try of a message the next one is made, in milliseconds, as the providers publish it.

use basis::{HOUR_MS as H, MINUTE_MS as M, SECOND_MS as S};

/// Stripe: three days of growing steps.
pub(crate) const STRIPE: &[i64] =
    &[5 * M, 30 * M, 2 * H, 5 * H, 10 * H, 10 * H, 12 * H, 12 * H, 12 * H, 12 * H];
/// PayPal: 25 tries over three days.
pub(crate) const PAYPAL: &[i64] = &[3 * H; 24];
/// Alipay: 8 tries over 25 hours.
pub(crate) const ALIPAY: &[i64] = &[4 * M, 10 * M, 10 * M, H, 2 * H, 6 * H, 15 * H];
/// Antom: 8 tries over 24 hours.
pub(crate) const ANTOM: &[i64] = &[2 * M, 10 * M, 10 * M, H, 2 * H, 6 * H, 15 * H];
/// WeChat Pay: a table of 15.
pub(crate) const WECHAT_PAY: &[i64] = &[
    15 * S,
    15 * S,
    30 * S,
    3 * M,
    10 * M,
    20 * M,
    30 * M,
    30 * M,
    30 * M,
    H,
    3 * H,
    3 * H,
    3 * H,
    6 * H,
    6 * H,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_last_as_long_as_their_providers_say() {
        let hours = |table: &[i64]| table.iter().sum::<i64>() / H;
        assert_eq!((hours(STRIPE), hours(PAYPAL), hours(ALIPAY)), (75, 72, 24));
        assert_eq!((hours(ANTOM), ANTOM.len()), (24, 7));
        assert_eq!(WECHAT_PAY.len(), 15);
    }
}

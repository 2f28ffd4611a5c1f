//! The bills of a day, as compressed lines of text: one of every payment and refund with its fee, and one of the account,
//! which tells what was paid out. <https://pay.weixin.qq.com/doc/v3/merchant/4012556692>, `…/4012556744`

use std::collections::HashMap;
use std::io::Read as _;

use basis::{Currency, HOUR_MS, Money, Timestamp};
use flate2::read::GzDecoder;
use jiff::civil::Date;
use jiff::tz;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::Deserialize;
use url::{Position, Url};

use super::channel::Channel;
use super::wire::refund_reference;
use crate::amounts::read_decimal;
use crate::facts::{BillLine, BillPage};
use crate::provider::ProviderError;
use crate::rules::BillKind;
use crate::signing::hex;

/// No day's bill is larger, as it comes and unpacked.
const PACKED_MAX: usize = 32 * 1024 * 1024;
const UNPACKED_MAX: u64 = 512 * 1024 * 1024;
/// Days are those of Beijing.
pub(super) const OFFSET_MS: i64 = 8 * HOUR_MS;
/// The part of a bill that tells of the account.
const ACCOUNT: &str = "account";
/// A day's bill is out the next day at ten, by the clock of Beijing.
const OUT_AFTER_MS: i64 = 34 * HOUR_MS;

/// Where a bill is.
#[derive(Deserialize)]
struct WireBill {
    hash_value: String,
    download_url: String,
}

/// Fetches a part of a day's bill: first the payments and refunds, then the account.
///
/// # Errors
/// Not found if it is not out yet; damaged if it is not the one that was told.
pub(super) async fn fetch(
    channel: &Channel,
    now: Timestamp,
    day: Date,
    part: Option<&str>,
) -> Result<BillPage, ProviderError> {
    let of_account = part == Some(ACCOUNT);
    let path = if of_account {
        format!("/v3/bill/fundflowbill?bill_date={day}&account_type=BASIC&tar_type=GZIP")
    } else {
        format!("/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP")
    };
    let next = (!of_account).then(|| ACCOUNT.to_owned());
    let bill: WireBill = match channel.get(&path).await {
        // The same words for a day without any movement, and for one whose bill is not made yet.
        Err(ProviderError::Refused { code, .. }) if code == "NO_STATEMENT_EXIST" && is_out(now, day) => {
            return Ok(BillPage { lines: Vec::new(), next });
        }
        Err(ProviderError::Refused { code, .. })
            if ["NO_STATEMENT_EXIST", "STATEMENT_CREATING"].contains(&code.as_str()) =>
        {
            return Err(ProviderError::NotFound);
        }
        bill => bill?,
    };
    let packed = channel.download(&path_of(&bill.download_url)?, PACKED_MAX).await?;
    Ok(BillPage { lines: read(&unpack(&packed, &bill.hash_value)?)?, next })
}

/// What stands behind the host, so that our signature goes nowhere else.
fn path_of(address: &str) -> Result<String, ProviderError> {
    let url: Url =
        address.parse().map_err(|_| ProviderError::Unknown("a bill without an address".to_owned()))?;
    Ok(url[Position::BeforePath..Position::AfterQuery].to_owned())
}

fn is_out(now: Timestamp, day: Date) -> bool {
    let midnight = day.to_zoned(tz::TimeZone::fixed(tz::offset(8)));
    midnight.is_ok_and(|midnight| now.as_ms() - midnight.timestamp().as_millisecond() >= OUT_AFTER_MS)
}

/// The text, whose SHA-1 was told in a signed answer.
fn unpack(packed: &[u8], hash: &str) -> Result<String, ProviderError> {
    let damaged = |what: &str| ProviderError::Damaged(format!("a bill {what}"));
    let mut bytes = Vec::new();
    let unpacked = GzDecoder::new(packed).take(UNPACKED_MAX + 1).read_to_end(&mut bytes);
    if unpacked.is_err() || u64::try_from(bytes.len()).is_ok_and(|length| length > UNPACKED_MAX) {
        return Err(damaged("that cannot be unpacked"));
    }
    let sum = digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    if !hash.eq_ignore_ascii_case(&hex(sum.as_ref())) {
        return Err(damaged("that is not the one that was told"));
    }
    String::from_utf8(bytes).map_err(|_| damaged("that is not UTF-8"))
}

/// A line of names, lines of values that each begin with a backtick, and the sums: names again, and one line of values.
fn read(text: &str) -> Result<Vec<BillLine>, ProviderError> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).peekable();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut rows = Vec::new();
    while let Some(line) = lines.next_if(|line| line.starts_with('`')) {
        rows.push(Row::read(&names, line));
    }
    let sum_names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    check_sums(&rows, &Row::read(&sum_names, lines.next().unwrap_or_default()))?;
    let of_account = names.contains(&"资金流水单号");
    let told = rows.iter().map(|row| if of_account { row.movement() } else { row.line() });
    told.filter_map(Result::transpose).collect()
}

/// What a bill sums up is what stands in it.
fn check_sums(rows: &[Row<'_>], sums: &Row<'_>) -> Result<(), ProviderError> {
    let count = sums.text("总交易单数").or_else(|_| sums.text("资金流水总笔数"))?;
    let mut told = vec![(count.to_owned(), rows.len().to_string())];
    for (sum, column) in [("手续费总金额", "手续费"), ("应结订单总金额", "应结订单金额")]
    {
        if let Ok(sum) = sums.text(sum) {
            let amounts = rows.iter().map(|row| row.money(column).map(|amount| amount.minor));
            let minor = amounts.sum::<Result<i64, ProviderError>>()?;
            told.push((read_decimal(sum, Currency::CNY)?.minor.to_string(), minor.to_string()));
        }
    }
    match told.iter().find(|(sum, ours)| sum != ours) {
        Some((sum, ours)) => {
            Err(ProviderError::Damaged(format!("a bill that sums up to {sum}, its lines to {ours}")))
        }
        None => Ok(()),
    }
}

/// A line's values by their columns' names.
struct Row<'a>(HashMap<&'a str, &'a str>);

impl<'a> Row<'a> {
    fn read(names: &[&'a str], line: &'a str) -> Self {
        let values = line.trim().trim_start_matches('`').split(",`");
        Self(names.iter().copied().zip(values).collect())
    }

    fn text(&self, name: &str) -> Result<&'a str, ProviderError> {
        self.0.get(name).copied().ok_or_else(|| ProviderError::Damaged(format!("a bill without {name}")))
    }

    fn money(&self, name: &str) -> Result<Money, ProviderError> {
        let currency: Currency = self
            .text("货币种类")?
            .parse()
            .map_err(|_| ProviderError::Unknown("a bill in another currency".to_owned()))?;
        read_decimal(self.text(name)?, currency)
    }

    /// `None` for what moved nothing.
    fn line(&self) -> Result<Option<BillLine>, ProviderError> {
        match self.text("交易状态")? {
            "SUCCESS" => self.payment().map(Some),
            "REFUND" if matches!(self.text("退款状态")?, "FAIL" | "CHANGE") => Ok(None),
            "REFUND" => self.refund().map(Some),
            _ => Ok(None),
        }
    }

    fn payment(&self) -> Result<BillLine, ProviderError> {
        let (gross, settled) = (self.money("订单金额")?, self.money("应结订单金额")?);
        let net = settled.minor - self.money("手续费")?.minor;
        let (reference, id) = (self.text("商户订单号")?.to_owned(), self.text("微信订单号")?.to_owned());
        Ok(BillLine::plain(BillKind::Payment, id.clone(), reference, id, gross, net))
    }

    /// The fee of what goes back is negative.
    fn refund(&self) -> Result<BillLine, ProviderError> {
        let (asked, settled) = (self.money("申请退款金额")?, self.money("退款金额")?);
        let net = -settled.minor - self.money("手续费")?.minor;
        let reference = refund_reference(self.text("商户退款单号")?);
        let id = self.text("微信退款单号")?.to_owned();
        let gross = Money::new(-asked.minor, asked.currency);
        Ok(BillLine::plain(BillKind::Refund, id.clone(), reference, id, gross, net))
    }

    /// A movement of the account; `None` for what the other bill tells.
    fn movement(&self) -> Result<Option<BillLine>, ProviderError> {
        let kind = match self.text("业务类型")? {
            "交易" | "退款" | "扣除交易手续费" => return Ok(None),
            name if name.contains("提现") => BillKind::Payout,
            _ => BillKind::Other,
        };
        let amount = read_decimal(self.text("收支金额(元)")?, Currency::CNY)?;
        let sign = if self.text("收支类型")? == "收入" { 1 } else { -1 };
        let gross = Money::new(sign * amount.minor, amount.currency);
        let (id, theirs) = (self.text("资金流水单号")?.to_owned(), self.text("微信支付业务单号")?.to_owned());
        Ok(Some(BillLine::plain(kind, id, String::new(), theirs, gross, gross.minor)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_out_the_next_day_at_ten_in_beijing() {
        let day: Date = "2026-11-30".parse().unwrap();
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        assert!(!is_out(at("2026-11-30T00:53:20Z"), day));
        assert!(!is_out(at("2026-12-01T01:59:59Z"), day));
        assert!(is_out(at("2026-12-01T02:00:00Z"), day));
    }

    #[test]
    fn a_bill_is_read_by_the_names_of_its_columns() {
        let text = "\u{feff}交易时间,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,微信退款单号,商户退款单号,退款金额,退款状态,商品名称,手续费,订单金额,申请退款金额\r\n\
            `2026-11-30 09:00:00,`4200,`pay_1,`SUCCESS,`CNY,`71.00,`0,`0,`0.00,`,`日本, 20 GB,`0.43,`72.00,`0.00\r\n\
            `2026-11-30 10:00:00,`4200,`pay_1,`REFUND,`CNY,`0.00,`5030,`rfd_1-2,`22.00,`SUCCESS,`日本, 20 GB,`-0.13,`0.00,`22.00\r\n\
            `2026-11-30 10:00:01,`4200,`pay_1,`REFUND,`CNY,`0.00,`5031,`rfd_2,`9.00,`FAIL,`日本, 20 GB,`0.00,`0.00,`9.00\r\n\
            `2026-11-30 11:00:00,`4201,`pay_2,`REVOKED,`CNY,`0.00,`0,`0,`0.00,`,`,`0.00,`0.00,`0.00\r\n\
            总交易单数,应结订单总金额,手续费总金额\r\n`4,`71.00,`0.30\r\n";
        let lines = read(text).unwrap();
        let [paid, back] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(
            (paid.gross.minor, paid.fee.minor, paid.net.minor),
            (7200, 143, 7057),
            "a voucher and a fee"
        );
        assert_eq!(
            (back.gross.minor, back.fee.minor, back.net.minor),
            (-2200, -13, -2187),
            "the fee comes back"
        );
        assert_eq!((back.reference.as_str(), back.provider_ref.as_str()), ("rfd_1.2", "5030"));
        assert!(read("交易状态\r\n`SUCCESS\r\n").is_err(), "nothing is guessed");
        for cut in [
            "`4,`71.00,`0.30",
            "`2026-11-30 11:00:00,`4201,`pay_2,`REVOKED,`CNY,`0.00,`0,`0,`0.00,`,`,`0.00,`0.00,`0.00\r\n",
        ] {
            let read = read(&text.replace(cut, ""));
            assert!(matches!(read, Err(ProviderError::Damaged(_))), "{read:?}");
        }
    }

    #[test]
    fn our_signature_goes_to_no_other_host() {
        let path = path_of("https://elsewhere.example/v3/billdownload/file?token=a%20b").unwrap();
        assert_eq!(path, "/v3/billdownload/file?token=a%20b");
        assert!(path_of("billdownload").is_err());
    }

    #[test]
    fn another_text_than_was_told_is_no_bill() {
        assert!(unpack(b"not packed", "00").is_err());
    }
}

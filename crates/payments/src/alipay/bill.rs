//! A day's bills: each a ZIP of CSV files in GBK. That of trades has one line for each trade and each refund, and their sums
//! in another file; that of the account tells what was paid out. opendocs.alipay.com/open/02ivc1 (交易账单, 账务账单).

use std::io::Read as _;

use basis::{Currency, Money};
use csv::StringRecord;
use flate2::Crc;
use flate2::read::DeflateDecoder;
use url::Url;

use super::BILL_BYTES_MAX;
use crate::amounts::read_decimal;
use crate::facts::BillLine;
use crate::provider::ProviderError;
use crate::rules::BillKind;

/// The bill of trades, as Alipay calls it,
pub(super) const TRADES: &str = "trade";
/// and that of the account.
pub(super) const ACCOUNT: &str = "signcustomer";

/// Where a bill lies: at Alipay, and asked for over TLS even if the answer says otherwise.
///
/// # Errors
/// Unknown if it is no address.
pub(super) fn address(text: &str, gateway: &Url) -> Result<Url, ProviderError> {
    let mut url: Url = text.parse().map_err(|_| unknown(format!("a bill at {text:?}")))?;
    if gateway.scheme() == "https" {
        url.set_scheme("https").map_err(|()| unknown(format!("a bill at {text:?}")))?;
    }
    Ok(url)
}

/// Reads all lines of a bill.
///
/// # Errors
/// Damaged if it is not such a file, is not whole, or has a line that cannot be understood: nothing of it is believed then.
pub(super) fn read(zip: &[u8]) -> Result<Vec<BillLine>, ProviderError> {
    let (mut lines, mut told) = (Vec::new(), None);
    for file in files(zip).ok_or_else(|| damaged("a bill that is no whole ZIP"))? {
        match Sheet::read(&text(&file))? {
            Sheet::Lines(more) => lines.extend(more),
            Sheet::Count(count) => told = Some(count),
        }
    }
    if told.is_some_and(|told| told != lines.len()) {
        return Err(damaged(format!("a bill of {} lines, and its sums say {told:?}", lines.len())));
    }
    Ok(lines)
}

fn unknown(what: impl Into<String>) -> ProviderError {
    ProviderError::Unknown(what.into())
}

fn damaged(what: impl Into<String>) -> ProviderError {
    ProviderError::Damaged(what.into())
}

fn text(file: &[u8]) -> String {
    match std::str::from_utf8(file) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode(file).0.into_owned(),
    }
}

/// A file of a bill.
enum Sheet {
    Lines(Vec<BillLine>),
    /// How many lines there are, by the file of sums.
    Count(usize),
}

impl Sheet {
    /// Lines that begin with `#` tell of the file; cells end in tabs.
    fn read(text: &str) -> Result<Self, ProviderError> {
        let mut rows = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let unreadable = |e: csv::Error| damaged(format!("a bill: {e}"));
        let heading = rows.headers().map_err(unreadable)?.clone();
        let rows: Vec<StringRecord> = rows.records().collect::<Result<_, _>>().map_err(unreadable)?;
        if let Some(columns) = Trades::of(&heading) {
            return rows.iter().map(|row| line(&columns, row)).collect::<Result<_, _>>().map(Self::Lines);
        }
        if let Some(columns) = Account::of(&heading) {
            let moves = rows.iter().filter_map(|row| columns.line(row).transpose());
            return moves.collect::<Result<_, _>>().map(Self::Lines);
        }
        count(&heading, &rows).map(Self::Count).ok_or_else(|| damaged("a bill with unknown columns"))
    }
}

fn place(heading: &StringRecord, name: &str) -> Option<usize> {
    heading.iter().position(|cell| cell == name)
}

/// Trades and refunds together, as the last line of the sums says.
fn count(heading: &StringRecord, rows: &[StringRecord]) -> Option<usize> {
    let number = |name| rows.last()?.get(place(heading, name)?)?.parse::<usize>().ok();
    Some(number("交易订单总笔数")? + number("退款订单总笔数")?)
}

/// The columns that we read of the account's movements.
struct Account {
    id: usize,
    theirs: usize,
    ours: usize,
    came: usize,
    went: usize,
    kind: usize,
}

impl Account {
    fn of(heading: &StringRecord) -> Option<Self> {
        let place = |name| place(heading, name);
        Some(Self {
            id: place("账务流水号")?,
            theirs: place("业务流水号")?,
            ours: place("商户订单号")?,
            came: place("收入金额（+元）")?,
            went: place("支出金额（-元）")?,
            kind: place("业务类型")?,
        })
    }

    /// `None` for what belongs to a trade: the other bill tells of it.
    fn line(&self, row: &StringRecord) -> Result<Option<BillLine>, ProviderError> {
        let cell = |place: usize| row.get(place).unwrap_or_default();
        let kind = match cell(self.kind) {
            "提现" => BillKind::Payout,
            "在线支付" | "交易付款" | "交易退款" | "收费" | "退费" => return Ok(None),
            _ if !cell(self.ours).is_empty() => return Ok(None),
            _ => BillKind::Other,
        };
        let minor = |place| match cell(place) {
            "" => Ok(0),
            written => read_decimal(written, Currency::CNY).map(|amount| amount.minor.saturating_abs()),
        };
        let gross = Money::new(minor(self.came)?.saturating_sub(minor(self.went)?), Currency::CNY);
        let (id, theirs) = (cell(self.id).to_owned(), cell(self.theirs).to_owned());
        Ok(Some(BillLine::plain(kind, id, String::new(), theirs, gross, gross.minor)))
    }
}

/// The columns that we read of trades.
struct Trades {
    trade_no: usize,
    out_trade_no: usize,
    kind: usize,
    order: usize,
    received: usize,
    refund: usize,
    fee: usize,
}

impl Trades {
    fn of(heading: &StringRecord) -> Option<Self> {
        let place = |name| place(heading, name);
        Some(Self {
            trade_no: place("支付宝交易号")?,
            out_trade_no: place("商户订单号")?,
            kind: place("业务类型")?,
            order: place("订单金额（元）")?,
            received: place("商家实收（元）")?,
            refund: place("退款批次号/请求号")?,
            fee: place("服务费（元）")?,
        })
    }
}

/// What a merchant's own coupons cost counts as a fee, as it is not what the payer paid for.
fn line(columns: &Trades, row: &StringRecord) -> Result<BillLine, ProviderError> {
    let cell = |place: usize| row.get(place).unwrap_or_default();
    let (kind, sign) = match cell(columns.kind) {
        "交易" => (BillKind::Payment, 1),
        "退款" => (BillKind::Refund, -1),
        other => return Err(damaged(format!("a bill with a line of kind {other:?}"))),
    };
    let minor = |place| read_decimal(cell(place), Currency::CNY).map(|amount| amount.minor.saturating_abs());
    let (order, received, fee) = (minor(columns.order)?, minor(columns.received)?, minor(columns.fee)?);
    let kept = order.saturating_sub(received).saturating_add(fee);
    let (gross, net) = (Money::new(sign * order, Currency::CNY), sign * order.saturating_sub(kept));
    let (trade, refund) = (cell(columns.trade_no).to_owned(), cell(columns.refund).to_owned());
    if kind == BillKind::Refund {
        return Ok(BillLine::plain(kind, format!("{trade}:{refund}"), refund.clone(), refund, gross, net));
    }
    Ok(BillLine::plain(kind, trade.clone(), cell(columns.out_trade_no).to_owned(), trade, gross, net))
}

/// The files of a ZIP; `None` if any of them is not whole. APPNOTE.TXT 4.3.
fn files(zip: &[u8]) -> Option<Vec<Vec<u8>>> {
    const END: &[u8] = b"PK\x05\x06";
    let end = zip.windows(END.len()).rposition(|window| window == END)?;
    let count = number(zip, end + 10, 2)?;
    let mut entry = number(zip, end + 16, 4)?;
    let mut files = Vec::new();
    for _ in 0..count {
        files.push(file(zip, entry)?);
        let rest = [28, 30, 32].into_iter().map(|at| number(zip, entry + at, 2)).sum::<Option<usize>>()?;
        entry += 46 + rest;
    }
    Some(files)
}

/// The file of this entry of the central directory.
fn file(zip: &[u8], entry: usize) -> Option<Vec<u8>> {
    let (method, crc, size) =
        (number(zip, entry + 10, 2)?, number(zip, entry + 16, 4)?, number(zip, entry + 20, 4)?);
    let local = number(zip, entry + 42, 4)?;
    let start = local + 30 + number(zip, local + 26, 2)? + number(zip, local + 28, 2)?;
    let packed = zip.get(start..start.checked_add(size)?)?;
    let plain = match method {
        0 => packed.to_vec(),
        8 => inflated(packed)?,
        _ => return None,
    };
    let mut sum = Crc::new();
    sum.update(&plain);
    (usize::try_from(sum.sum()) == Ok(crc)).then_some(plain)
}

fn inflated(packed: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let most = u64::try_from(BILL_BYTES_MAX).ok()?;
    DeflateDecoder::new(packed).take(most).read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// A number of so many bytes, the least first.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

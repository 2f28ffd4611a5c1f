//! A day's bill: a ZIP of CSV files in GBK, one line for each trade and each refund, and their sums in another file.
//! opendocs.alipay.com/open/02ivc1 (交易账单).

use std::io::Read as _;

use basis::{Currency, Money};
use csv::StringRecord;
use flate2::Crc;
use flate2::read::DeflateDecoder;
use url::Url;

use super::BILL_BYTES_MAX;
use crate::amounts::read_decimal;
use crate::facts::{BillKind, BillLine};
use crate::provider::ProviderError;

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
/// Unknown if it is not such a file, or has a line that cannot be understood: nothing of it is believed then.
pub(super) fn read(zip: &[u8]) -> Result<Vec<BillLine>, ProviderError> {
    let mut lines = Vec::new();
    for file in files(zip).ok_or_else(|| unknown("a bill that is no whole ZIP"))? {
        lines.extend(read_file(&text(&file))?);
    }
    Ok(lines)
}

fn unknown(what: impl Into<String>) -> ProviderError {
    ProviderError::Unknown(what.into())
}

fn text(file: &[u8]) -> String {
    match std::str::from_utf8(file) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode(file).0.into_owned(),
    }
}

/// The columns that we read, by their headings.
struct Columns {
    trade_no: usize,
    out_trade_no: usize,
    kind: usize,
    order: usize,
    received: usize,
    refund: usize,
    fee: usize,
}

impl Columns {
    /// `None` for the file of sums, which has other headings.
    fn of(heading: &StringRecord) -> Option<Self> {
        let place = |name: &str| heading.iter().position(|cell| cell == name);
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

/// Lines that begin with `#` tell of the file; cells end in tabs.
fn read_file(text: &str) -> Result<Vec<BillLine>, ProviderError> {
    let mut rows = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let heading = rows.headers().map_err(|e| unknown(format!("a bill: {e}")))?.clone();
    let Some(columns) = Columns::of(&heading) else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    for row in rows.records() {
        let row = row.map_err(|e| unknown(format!("a bill: {e}")))?;
        lines.push(line(&columns, &row)?);
    }
    Ok(lines)
}

/// What a merchant's own coupons cost counts as a fee, as it is not what the payer paid for.
fn line(columns: &Columns, row: &StringRecord) -> Result<BillLine, ProviderError> {
    let cell = |place: usize| row.get(place).unwrap_or_default();
    let (kind, sign, name) = match cell(columns.kind) {
        "交易" => (BillKind::Payment, 1, cell(columns.trade_no)),
        "退款" => (BillKind::Refund, -1, cell(columns.refund)),
        other => return Err(unknown(format!("a bill with a line of kind {other:?}"))),
    };
    let reference = if kind == BillKind::Refund { name } else { cell(columns.out_trade_no) };
    let minor = |place| read_decimal(cell(place), Currency::CNY).map(|amount| amount.minor.saturating_abs());
    let (order, received, fee) = (minor(columns.order)?, minor(columns.received)?, minor(columns.fee)?);
    let cny = |minor: i64| Money::new(sign * minor, Currency::CNY);
    let kept = order.saturating_sub(received).saturating_add(fee);
    Ok(BillLine {
        reference: reference.to_owned(),
        provider_ref: name.to_owned(),
        kind,
        gross: cny(order),
        fee: cny(kept),
        net: cny(order.saturating_sub(kept)),
    })
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

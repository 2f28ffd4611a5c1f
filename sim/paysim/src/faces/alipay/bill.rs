//! Bills of a day, by China's calendar, of trades and of the account: a ZIP of CSV files in GBK, at an address that lasts
//! 30 seconds.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use basis::{Currency, DAY_MS, Money, SECOND_MS, Timestamp};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::NAME;
use super::wire::{self, refused};
use crate::answers::settled;
use crate::books::{BillKind, BillLine, Books};
use crate::keys::{Keys, hmac_hex};
use crate::service::Service;
use crate::wire::{ApiError, Payment};

/// How long an address is good.
const ADDRESS_MS: i64 = 30 * SECOND_MS;
const HEADING: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
const ACCOUNT_HEADING: &str = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";
const SUM_HEADING: &str = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new().route("/downloadBillFile.resource", get(download))
}

/// `alipay.data.dataservice.bill.downloadurl.query`: a day that is over and had business has a bill.
pub(super) async fn address(service: &Service, keys: &Keys, content: &Value) -> Result<Value, ApiError> {
    let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default();
    let (day, kind) = (text("bill_date"), text("bill_type"));
    let from = wire::moment(&format!("{day} 00:00:00"));
    let over = from.filter(|from| from.plus_ms(DAY_MS) <= service.env().now());
    let (Some(from), "trade" | "signcustomer") = (over, kind) else {
        return Err(refused("40004", "isv.invalid_arguments", "入参不合法"));
    };
    let look = |books: &Books, _| Ok((!lines(books, from, kind).is_empty(), books.base_url().to_owned()));
    let (has_business, base) = settled(service.look(look).await)?;
    if !has_business {
        return Err(refused("40004", "isp.bill_not_exist", "账单不存在"));
    }
    let until = service.env().now().plus_ms(ADDRESS_MS).as_ms();
    let token = token(keys, day, kind, until);
    let url =
        format!("{base}/downloadBillFile.resource?bizType={kind}&bizDates={day}&until={until}&token={token}");
    Ok(json!({ "code": "10000", "msg": "Success", "bill_download_url": url }))
}

fn token(keys: &Keys, day: &str, kind: &str, until: i64) -> String {
    hmac_hex(keys.api_key.as_bytes(), format!("{kind} {day} {until}").as_bytes())
}

/// What moved on this day, oldest first, with its payment. Only the account's bill tells what was paid out.
fn lines(books: &Books, from: Timestamp, kind: &str) -> Vec<(Option<Payment>, BillLine)> {
    let of_face = books.all().filter(|payment| payment.face == NAME);
    let moved = of_face
        .flat_map(|payment| books.bill_of(payment).into_iter().map(|line| (Some(payment.clone()), line)));
    let paid_out = books.payouts(NAME).filter(|_| kind == "signcustomer").map(|line| (None, line));
    let of_day = moved.chain(paid_out);
    let mut lines: Vec<_> =
        of_day.filter(|(_, line)| line.at >= from && line.at < from.plus_ms(DAY_MS)).collect();
    lines.sort_by_key(|(_, line)| line.at);
    lines
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(rename = "bizType")]
    kind: String,
    #[serde(rename = "bizDates")]
    day: String,
    until: i64,
    token: String,
}

async fn download(State(service): State<Arc<Service>>, Query(wanted): Query<Wanted>) -> Response {
    let keys = service.keys(NAME);
    let good = wanted.token == token(&keys, &wanted.day, &wanted.kind, wanted.until);
    let from = wire::moment(&format!("{} 00:00:00", wanted.day));
    let (Some(from), true) = (from, good && service.env().now().as_ms() <= wanted.until) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let look = |books: &Books, _| (lines(books, from, &wanted.kind), books.damages_bills(NAME));
    let (_, (lines, damaged)) = service.look(look).await;
    let stem = format!("{}_{}", keys.merchant, wanted.day.replace('-', ""));
    let files = match wanted.kind.as_str() {
        "trade" => vec![
            (format!("{stem}_业务明细.csv"), details(&keys, &lines)),
            (format!("{stem}_业务明细(汇总).csv"), sums(&lines)),
        ],
        _ => vec![(format!("{stem}_账务明细.csv"), account(&keys, &lines))],
    };
    match zip(&files) {
        Ok(mut zip) => {
            zip.truncate(if damaged { zip.len() / 2 } else { zip.len() });
            ([(header::CONTENT_TYPE, "application/octet-stream")], zip).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Cells end in tabs, so that spreadsheets leave long numbers alone.
fn details(keys: &Keys, lines: &[(Option<Payment>, BillLine)]) -> String {
    let mut text = format!(
        "#支付宝业务明细查询\r\n#账号：[{}]\r\n#-----------------------------------------业务明细列表----------------------------------------\r\n{HEADING}\r\n",
        keys.merchant
    );
    for (payment, line) in lines {
        let Some(payment) = payment else { continue };
        let is_refund = line.kind == BillKind::Refund;
        let amount = line.gross.to_decimal();
        let fee = yuan(-line.fee.minor);
        let (kind, number) = if is_refund { ("退款", line.reference.as_str()) } else { ("交易", "") };
        let (opened, at) = (wire::time(payment.created_at), wire::time(line.at));
        let cells = [
            &payment.id,
            &payment.reference,
            kind,
            &payment.description,
            &opened,
            &at,
            "",
            "",
            "",
            "",
            "159****5620",
            &amount,
            &amount,
            "0.00",
            "0.00",
            "0.00",
            "0.00",
            "0.00",
            "",
            "0.00",
            "0.00",
            number,
            &fee,
            "0.00",
            "",
        ];
        text.push_str(&cells.map(|cell| format!("{}\t", cell.replace(',', " "))).join(","));
        text.push_str("\r\n");
    }
    text.push_str(
        "#-----------------------------------------业务明细列表结束------------------------------------\r\n",
    );
    text
}

/// Every movement of the account; a fee is one of its own.
fn account(keys: &Keys, lines: &[(Option<Payment>, BillLine)]) -> String {
    let mut text = format!(
        "#支付宝账务明细查询\r\n#账号：[{}]\r\n#-----------------------------------------账务明细列表----------------------------------------\r\n{ACCOUNT_HEADING}\r\n",
        keys.merchant
    );
    let (mut balance, mut count) = (0, 0);
    let moves = lines.iter().flat_map(|(payment, line)| {
        let kind = match line.kind {
            BillKind::Payment => "在线支付",
            BillKind::Payout => "提现",
            BillKind::Refund | BillKind::Dispute => "交易退款",
        };
        [(payment, line, kind, line.gross.minor), (payment, line, "收费", -line.fee.minor)]
    });
    for (payment, line, kind, minor) in moves.filter(|(_, _, _, minor)| *minor != 0) {
        balance += minor;
        count += 1;
        let (came, went) = if minor > 0 { (minor, 0) } else { (0, minor) };
        let theirs = payment.as_ref().map_or(line.id.as_str(), |payment| payment.id.as_str());
        let ours = payment.as_ref().map_or("", |payment| payment.reference.as_str());
        let cells = [
            &format!("{}{count:06}", line.at.as_ms()),
            theirs,
            ours,
            "",
            &wire::time(line.at),
            "",
            &yuan(came),
            &yuan(went),
            &yuan(balance),
            "支付宝",
            kind,
            "",
        ];
        text.push_str(&cells.map(|cell| format!("{cell}\t")).join(","));
        text.push_str("\r\n");
    }
    text.push_str(
        "#-----------------------------------------账务明细列表结束------------------------------------\r\n",
    );
    text
}

fn yuan(minor: i64) -> String {
    Money::new(minor, Currency::CNY).to_decimal()
}

fn sums(lines: &[(Option<Payment>, BillLine)]) -> String {
    let refunds = lines.iter().filter(|(_, line)| line.kind == BillKind::Refund).count();
    let total = |of: fn(&BillLine) -> i64| yuan(lines.iter().map(|(_, line)| of(line)).sum());
    let (gross, fee, net) = (total(|l| l.gross.minor), total(|l| -l.fee.minor), total(|l| l.net.minor));
    let payments = lines.len() - refunds;
    format!(
        "#支付宝业务汇总查询\r\n{SUM_HEADING}\r\n合计,,{payments},{refunds},{gross},{gross},0.00,0.00,0.00,{fee},0.00,{net}\r\n"
    )
}

/// A ZIP of these texts in GBK, names too. APPNOTE.TXT 4.3.
fn zip(files: &[(String, String)]) -> std::io::Result<Vec<u8>> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let (name, _, _) = encoding_rs::GBK.encode(name);
        let (plain, _, _) = encoding_rs::GBK.encode(text);
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(&plain)?;
        let packed = deflate.finish()?;
        let mut sum = Crc::new();
        sum.update(&plain);
        let start = size(zip.len())?;
        // Version 2.0, deflated, midnight of 1980-01-01.
        let mut about = vec![20, 0, 0, 0, 8, 0, 0, 0, 33, 0];
        for number in [sum.sum(), size(packed.len())?, size(plain.len())?] {
            about.extend(number.to_le_bytes());
        }
        about.extend(u16::try_from(name.len()).map_err(std::io::Error::other)?.to_le_bytes());
        about.extend([0, 0]);
        zip.extend([b"PK\x03\x04", &about[..], &name, &packed].concat());
        directory.extend([b"PK\x01\x02\x14\x00", &about[..], &[0; 10], &start.to_le_bytes(), &name].concat());
    }
    let count = u16::try_from(files.len()).map_err(std::io::Error::other)?.to_le_bytes();
    let (start, length) = (size(zip.len())?.to_le_bytes(), size(directory.len())?.to_le_bytes());
    zip.extend([&directory, &b"PK\x05\x06\0\0\0\0"[..], &count, &count, &length, &start, &[0, 0]].concat());
    Ok(zip)
}

fn size(length: usize) -> std::io::Result<u32> {
    u32::try_from(length).map_err(std::io::Error::other)
}

//! Bills of a day, by China's calendar: a ZIP of two CSV files in GBK, at an address that lasts 30 seconds.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use basis::{DAY_MS, SECOND_MS, Timestamp};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::NAME;
use super::wire::{self, refused};
use crate::answers::settled;
use crate::books::{BillKind, BillLine, Books, bill_of};
use crate::keys::{Keys, hmac_hex};
use crate::service::Service;
use crate::wire::{ApiError, Payment};

/// How long an address is good.
const ADDRESS_MS: i64 = 30 * SECOND_MS;
const HEADING: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
const SUM_HEADING: &str = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new().route("/downloadBillFile.resource", get(download))
}

/// `alipay.data.dataservice.bill.downloadurl.query`: a day that is over and had business has a bill.
pub(super) async fn address(service: &Service, keys: &Keys, content: &Value) -> Result<Value, ApiError> {
    let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default();
    let day = text("bill_date");
    let from = wire::moment(&format!("{day} 00:00:00"));
    let over = from.filter(|from| from.plus_ms(DAY_MS) <= service.env().now());
    let (Some(from), "trade") = (over, text("bill_type")) else {
        return Err(refused("40004", "isv.invalid_arguments", "入参不合法"));
    };
    let (has_business, base) = settled(
        service.look(|books, _| Ok((!lines(books, from).is_empty(), books.base_url().to_owned()))).await,
    )?;
    if !has_business {
        return Err(refused("40004", "isp.bill_not_exist", "账单不存在"));
    }
    let until = service.env().now().plus_ms(ADDRESS_MS).as_ms();
    let token = token(keys, day, until);
    let url = format!("{base}/downloadBillFile.resource?bizDates={day}&until={until}&token={token}");
    Ok(json!({ "code": "10000", "msg": "Success", "bill_download_url": url }))
}

fn token(keys: &Keys, day: &str, until: i64) -> String {
    hmac_hex(keys.api_key.as_bytes(), format!("{day} {until}").as_bytes())
}

/// What moved on this day, oldest first.
fn lines(books: &Books, from: Timestamp) -> Vec<(Payment, BillLine)> {
    let of_face = books.all().filter(|payment| payment.face == NAME);
    let moved = of_face.flat_map(|payment| bill_of(payment).into_iter().map(|line| (payment.clone(), line)));
    let of_day = moved.filter(|(_, line)| line.at >= from && line.at < from.plus_ms(DAY_MS));
    let mut lines: Vec<_> = of_day.collect();
    lines.sort_by_key(|(_, line)| line.at);
    lines
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(rename = "bizDates")]
    day: String,
    until: i64,
    token: String,
}

async fn download(State(service): State<Arc<Service>>, Query(wanted): Query<Wanted>) -> Response {
    let keys = service.keys(NAME);
    let good = wanted.token == token(&keys, &wanted.day, wanted.until);
    let from = wire::moment(&format!("{} 00:00:00", wanted.day));
    let (Some(from), true) = (from, good && service.env().now().as_ms() <= wanted.until) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let (_, lines) = service.look(|books, _| lines(books, from)).await;
    let stem = format!("{}_{}", keys.merchant, wanted.day.replace('-', ""));
    let files = [
        (format!("{stem}_业务明细.csv"), details(&keys, &lines)),
        (format!("{stem}_业务明细(汇总).csv"), sums(&lines)),
    ];
    match zip(&files) {
        Ok(zip) => ([(header::CONTENT_TYPE, "application/octet-stream")], zip).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Cells end in tabs, so that spreadsheets leave long numbers alone.
fn details(keys: &Keys, lines: &[(Payment, BillLine)]) -> String {
    let mut text = format!(
        "#支付宝业务明细查询\r\n#账号：[{}]\r\n#-----------------------------------------业务明细列表----------------------------------------\r\n{HEADING}\r\n",
        keys.merchant
    );
    for (payment, line) in lines {
        let is_refund = line.kind == BillKind::Refund;
        let amount = line.gross.to_decimal();
        let fee = basis::Money::new(-line.fee.minor, line.fee.currency).to_decimal();
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

fn sums(lines: &[(Payment, BillLine)]) -> String {
    let refunds = lines.iter().filter(|(_, line)| line.kind == BillKind::Refund).count();
    let total = |of: fn(&BillLine) -> i64| {
        let minor = lines.iter().map(|(_, line)| of(line)).sum();
        basis::Money::new(minor, basis::Currency::CNY).to_decimal()
    };
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

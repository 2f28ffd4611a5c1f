//! Bills of a day by the clock of Beijing, out the next day at ten: every trade, and every movement of the account.

use std::collections::BTreeMap;
use std::io::Write as _;

use axum::body::Body;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use basis::{DAY_MS, HOUR_MS, Money, Timestamp};
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::Deserialize;
use serde_json::json;

use super::signed::{Asked, Refusal, refuse};
use super::{NAME, shapes};
use crate::answers::settled;
use crate::books::{BillKind, BillLine, Books};
use crate::keys::hex;
use crate::wire::Payment;

const OUT_AFTER_MS: i64 = 34 * HOUR_MS;
const TRADE_NAMES: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,\
    交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,\
    商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const TRADE_SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
const FLOW_NAMES: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),\
    资金变更提交申请人,备注,业务凭证号";
const FLOW_SUMS: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

#[derive(Deserialize)]
pub(super) struct Wanted {
    bill_date: String,
    tar_type: Option<String>,
}

pub(super) async fn trades(Query(wanted): Query<Wanted>, asked: Asked) -> Response {
    tell(&asked, &wanted, "trade").await
}

pub(super) async fn flows(Query(wanted): Query<Wanted>, asked: Asked) -> Response {
    tell(&asked, &wanted, "flow").await
}

/// Where the bill is, and what it sums to.
async fn tell(asked: &Asked, wanted: &Wanted, kind: &str) -> Response {
    let told = match made(asked, &wanted.bill_date, kind).await {
        Ok(Bill { base, text, .. }) => {
            let packed = if wanted.tar_type.as_deref() == Some("GZIP") { "gzip" } else { "plain" };
            Ok(json!({
                "hash_type": "SHA1",
                "hash_value": hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref()),
                "download_url": format!("{base}/v3/billdownload/file?token={kind}.{}.{packed}", wanted.bill_date),
            }))
        }
        Err(refusal) => Err(refusal),
    };
    asked.respond(told)
}

#[derive(Deserialize)]
pub(super) struct File {
    token: String,
}

/// The file itself; its answer is not signed.
pub(super) async fn file(Query(file): Query<File>, asked: Asked) -> Response {
    let parts: Vec<&str> = file.token.split('.').collect();
    let [kind, day, packed] = parts.as_slice() else {
        return asked.refuse(&refuse(400, "PARAM_ERROR", "token不正确"));
    };
    match made(&asked, day, kind).await {
        Ok(bill) if *packed == "gzip" => Body::from(pack(&bill.sent())).into_response(),
        Ok(bill) => bill.sent().into_response(),
        Err(refusal) => asked.refuse(&refusal),
    }
}

fn pack(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    // A vector takes whatever is written to it.
    drop(packer.write_all(text.as_bytes()));
    packer.finish().unwrap_or_default()
}

/// A bill of a day.
struct Bill {
    /// The address of this service.
    base: String,
    text: String,
    /// It does not arrive as it was made.
    damaged: bool,
}

impl Bill {
    fn sent(self) -> String {
        if self.damaged { self.text.replacen("`1", "`2", 1) } else { self.text }
    }
}

async fn made(asked: &Asked, day: &str, kind: &str) -> Result<Bill, Refusal> {
    let from = midnight(day).ok_or(refuse(400, "PARAM_ERROR", "bill_date格式不正确"))?;
    if asked.service.env().now().since(from) < OUT_AFTER_MS {
        return Err(refuse(400, "NO_STATEMENT_EXIST", "账单文件不存在"));
    }
    let look = |books: &Books, now| {
        let lines = books.bill(NAME, from, from.plus_ms(DAY_MS)).into_iter();
        let rows = lines.map(|line| Row { payment: payment(books, now, &line), line });
        let rows = rows.filter(|row| kind == "flow" || row.payment.is_some());
        Ok((books.base_url().to_owned(), books.damages_bills(NAME), rows.collect::<Vec<Row>>()))
    };
    let failed = || refuse(500, "SYSTEM_ERROR", "系统错误");
    let (base, damaged, rows) = settled(asked.service.look(look).await).map_err(|_| failed())?;
    if rows.is_empty() {
        return Err(refuse(400, "NO_STATEMENT_EXIST", "账单文件不存在"));
    }
    let keys = &asked.keys;
    let text =
        if kind == "flow" { flow_text(&keys.merchant, &rows) } else { trade_text(&keys.client, &rows) };
    Ok(Bill { base, text, damaged })
}

fn midnight(day: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = format!("{day}T00:00:00+08:00").parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

/// A movement, with its payment if it is of one.
struct Row {
    line: BillLine,
    payment: Option<Payment>,
}

fn payment(books: &Books, now: Timestamp, line: &BillLine) -> Option<Payment> {
    match line.kind {
        BillKind::Refund => books.get(now, &books.refunds(&line.reference).first()?.payment).ok(),
        BillKind::Payout => None,
        BillKind::Payment | BillKind::Dispute => super::orders::known(books, now, &line.reference),
    }
}

fn yuan(minor: i64) -> String {
    Money::new(minor, basis::Currency::CNY).to_decimal()
}

fn row(values: &[&str]) -> String {
    values.iter().map(|value| format!("`{value}")).collect::<Vec<_>>().join(",") + "\r\n"
}

fn trade_text(appid: &str, rows: &[Row]) -> String {
    let mut text = format!("\u{feff}{TRADE_NAMES}\r\n");
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for Row { line, payment } in rows {
        let Some(payment) = payment else { continue };
        let refund = payment.refunds.iter().find(|refund| refund.id == line.id);
        let back = refund.map_or(0, |refund| refund.amount.minor);
        let paid = if refund.is_some() { 0 } else { line.gross.minor };
        for (sum, minor) in [("paid", paid), ("back", back), ("fee", line.fee.minor)] {
            *sums.entry(sum).or_default() += minor;
        }
        let (refund_id, refund_no) =
            refund.map_or(("0".to_owned(), "0"), |refund| (shapes::refund_id(refund), &refund.reference));
        text += &row(&[
            &shapes::in_beijing(line.at, "%Y-%m-%d %H:%M:%S"),
            appid,
            &payment.merchant,
            "0",
            "",
            &shapes::transaction_id(payment),
            &payment.reference,
            "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            shapes::extra(payment, "trade_type"),
            if refund.is_some() { "REFUND" } else { "SUCCESS" },
            "OTHERS",
            line.gross.currency.code(),
            &yuan(paid),
            "0.00",
            &refund_id,
            refund_no,
            &yuan(back),
            "0.00",
            if refund.is_some() { "ORIGINAL" } else { "" },
            if refund.is_some() { "SUCCESS" } else { "" },
            &payment.description,
            "",
            &yuan(line.fee.minor),
            "1.00%",
            &yuan(paid),
            &yuan(back),
            "",
        ]);
    }
    let sum = |name| yuan(sums.get(name).copied().unwrap_or(0));
    let (paid, back, fee) = (sum("paid"), sum("back"), sum("fee"));
    text + TRADE_SUMS + "\r\n" + &row(&[&rows.len().to_string(), &paid, &back, "0.00", &fee, &paid, &back])
}

fn flow_text(merchant: &str, rows: &[Row]) -> String {
    let mut text = format!("\u{feff}{FLOW_NAMES}\r\n");
    let (mut balance, mut incomes, mut income, mut outgo, mut flow) = (0, 0_usize, 0, 0, 0);
    let moves = rows.iter().flat_map(|row| {
        let name = match row.line.kind {
            BillKind::Payout => "提现",
            _ if row.line.gross.minor < 0 => "退款",
            _ => "交易",
        };
        [(row, name, row.line.gross.minor), (row, "扣除交易手续费", -row.line.fee.minor)]
    });
    let moves: Vec<_> = moves.filter(|(_, _, minor)| *minor != 0).collect();
    for (Row { line, payment }, name, minor) in &moves {
        balance += minor;
        let came = *minor > 0;
        incomes += usize::from(came);
        if came {
            income += minor;
        } else {
            outgo -= minor;
        }
        flow += 1;
        text += &row(&[
            &shapes::in_beijing(line.at, "%Y-%m-%d %H:%M:%S"),
            &payment.as_ref().map_or_else(|| line.id.clone(), shapes::transaction_id),
            &format!("{merchant}{}{flow:04}", line.at.as_ms()),
            name,
            name,
            if came { "收入" } else { "支出" },
            &yuan(minor.abs()),
            &yuan(balance),
            "system",
            "",
            &line.reference,
        ]);
    }
    let (count, outgoes) = (moves.len().to_string(), (moves.len() - incomes).to_string());
    text + FLOW_SUMS + "\r\n" + &row(&[&count, &incomes.to_string(), &yuan(income), &outgoes, &yuan(outgo)])
}

//! `cargo xtask interop`: our protocols against programs that others wrote.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::{
    machine,
    shell::{Stream, program, root, run, succeeds, tee},
    tally::Tally,
};

/// From PyPI: the gateway's side of Diameter (MIT licence), a mail server (Apache-2.0 licence), Stripe's own library (MIT licence),
/// a merchant's side of WeChat Pay (MIT licence), PayPal's own library (PayPal's SDK licence), Antom's own library (MIT licence),
/// a browser's and a push service's side of Web Push (MIT licence; MPL-2.0 licence).
const LIBRARIES: [&str; 8] = [
    "python-diameter==0.9.0",
    "aiosmtpd==1.4.6",
    "stripe==16.1.0",
    "wechatpayv3==2.0.4",
    "paypal-server-sdk==2.4.0",
    "global-open-sdk-python==1.7.1",
    "http-ece==1.2.1",
    // Its next ones want a newer cryptography than Antom's client allows.
    "py-vapid==1.9.2",
];
/// From npm: Alipay's own library (MIT licence).
const NODE_LIBRARY: &str = "alipay-sdk@4.14.0";

/// A packet gateway that others wrote against `heyon demo`'s release build, and what tshark says of the bytes; then
/// `heyon serve` against a mail server that others wrote, and its notifications read by others; then providers' own libraries against `paysim`.
pub(crate) fn all() -> Result<Tally> {
    machine::prepare_interop()?;
    let python = python()?;
    let heyon = root().join("target/release/heyon");
    ensure!(heyon.exists(), "{} is not built: cargo build --release -p heyon", heyon.display());
    let mut tally =
        play(&python, "tests/interop/gateway.py", &[&heyon, &root().join("target/interop/gy.pcap")])?;
    tally += play(&python, "tests/interop/mail.py", &[&heyon])?;
    tally += play(&python, "tests/interop/push.py", &[&heyon])?;
    let paysim = root().join("target/release/paysim");
    tally += play(&python, "tests/interop/stripe_sdk.py", &[&paysim])?;
    tally += play(&python, "tests/interop/wechat_pay.py", &[&paysim])?;
    tally += play(&python, "tests/interop/paypal.py", &[&paysim])?;
    tally += play(&python, "tests/interop/antom.py", &[&paysim])?;
    tally += alipay(&paysim)?;
    Ok(tally)
}

fn play(python: &Path, script: &str, arguments: &[&Path]) -> Result<Tally> {
    let mut script = program(&python.to_string_lossy(), ["-B", "-W", "ignore", script]);
    let (status, lines) = tee(script.args(arguments), Stream::Out)?;
    Ok(Tally::read(&lines, status.success()))
}

fn alipay(paysim: &Path) -> Result<Tally> {
    let modules = node_modules()?;
    let keys = root().join("sim/paysim/assets/keys");
    let mut script = program("node", ["tests/interop/alipay.mjs"]);
    let (status, lines) = tee(script.arg(paysim).arg(modules).arg(keys), Stream::Out)?;
    Ok(Tally::read(&lines, status.success()))
}

/// Where Node finds its library, in a place of its own under `target/`.
fn node_modules() -> Result<PathBuf> {
    let place = root().join("target/interop/node");
    let modules = place.join("node_modules");
    if !modules.join("alipay-sdk").exists() {
        println!("installing {NODE_LIBRARY} into {}", place.display());
        let npm = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix"];
        run(program("npm", npm).arg(&place).arg(NODE_LIBRARY))?;
    }
    Ok(modules)
}

/// A Python that has the libraries, in a place of its own under `target/`.
fn python() -> Result<PathBuf> {
    let place = root().join("target/interop/venv");
    let python = place.join("bin/python");
    let all = "import diameter, aiosmtpd, stripe, wechatpayv3, paypalserversdk, com.alipay.ams.api, http_ece, py_vapid";
    if !succeeds(&mut program(&python.to_string_lossy(), ["-c", all])) {
        println!("installing {} into {}", LIBRARIES.join(", "), place.display());
        run(&mut program("python3", ["-m", "venv", &place.to_string_lossy()]))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(program(&python.to_string_lossy(), pip).args(LIBRARIES))?;
    }
    Ok(python)
}

//! An activation code as a person uses it: scanned, tapped or typed.

use fast_qr::{ECL, QRBuilder};
use std::fmt::Write as _;

/// White modules around the code, as its standard asks.
const QUIET_ZONE: usize = 4;

/// What a line's activation code offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InstallCode {
    /// The server's address.
    pub(crate) server: String,
    /// The code that the server knows the profile by.
    pub(crate) matching_id: String,
    /// It asks for a confirmation code besides.
    pub(crate) needs_confirmation: bool,
    /// The modules as the path of an SVG, one row after another.
    pub(crate) path: String,
    /// The side of the SVG's box, in modules.
    pub(crate) side: usize,
    /// Opens the installation on an iPhone.
    pub(crate) apple: String,
    /// Opens the installation on an Android phone.
    pub(crate) android: String,
}

impl InstallCode {
    /// Reads `LPA:1$server$matching-id[$oid[$1]]` (SGP.22, section 4.1). `None` if it is not one.
    pub(crate) fn read(code: &str) -> Option<Self> {
        let plain = code.strip_prefix("LPA:").unwrap_or(code);
        let mut parts = plain.split('$');
        let (format, server, matching_id) = (parts.next()?, parts.next()?, parts.next()?);
        if format != "1" || server.is_empty() {
            return None;
        }
        let needs_confirmation = parts.nth(1) == Some("1");
        let text = format!("LPA:{plain}");
        let (path, side) = modules(&text)?;
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        Some(Self {
            server: server.to_owned(),
            matching_id: matching_id.to_owned(),
            needs_confirmation,
            path,
            side,
            // Apple publishes its links with a plain dollar sign.
            apple: format!("https://esimsetup.apple.com/esim_qrcode_provisioning?carddata={text}"),
            android: format!("https://esimsetup.android.com/esim_qrcode_provisioning?carddata={encoded}"),
        })
    }
}

/// The dark modules, row by row: a stroke of one module's height for each run.
pub(crate) fn modules(text: &str) -> Option<(String, usize)> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let mut path = String::new();
    for y in 0..code.size {
        let row: Vec<bool> = (0..code.size).map(|x| is_dark(&code, x, y)).collect();
        for (x, length) in runs(&row) {
            let _ = write!(path, "M{} {}.5h{length}", x + QUIET_ZONE, y + QUIET_ZONE);
        }
    }
    Some((path, code.size + 2 * QUIET_ZONE))
}

fn is_dark(code: &fast_qr::QRCode, x: usize, y: usize) -> bool {
    code.data.get(y * code.size + x).is_some_and(|module| module.value())
}

/// Where each run of dark modules begins, and how long it is.
fn runs(row: &[bool]) -> Vec<(usize, usize)> {
    let mut place = 0;
    let mut runs = Vec::new();
    for run in row.chunk_by(|a, b| a == b) {
        if run.first() == Some(&true) {
            runs.push((place, run.len()));
        }
        place += run.len();
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_apart() {
        let code = InstallCode::read("LPA:1$smdp.example.com$04386-AGYFT-A74Y8-3F815").unwrap();
        assert_eq!(
            (code.server.as_str(), code.matching_id.as_str()),
            ("smdp.example.com", "04386-AGYFT-A74Y8-3F815")
        );
        assert!(!code.needs_confirmation);
        assert!(code.apple.ends_with("carddata=LPA:1$smdp.example.com$04386-AGYFT-A74Y8-3F815"));
        assert!(code.android.ends_with("carddata=LPA%3A1%24smdp.example.com%2404386-AGYFT-A74Y8-3F815"));
        assert!(InstallCode::read("1$smdp.example.com$X$1.3.6.1$1").unwrap().needs_confirmation);
        for bad in ["", "LPA:2$a$b", "LPA:1$$b", "hello", "LPA:1$a"] {
            assert_eq!(InstallCode::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_picture_has_its_quiet_zone_and_its_corners() {
        let code = InstallCode::read("LPA:1$smdp.example.com$04386-AGYFT-A74Y8-3F815").unwrap();
        assert!(code.path.starts_with("M4 4.5h7M"), "the first finder pattern: {}", &code.path[..40]);
        assert_eq!((code.side - 8) % 4, 1, "a QR code has 4n+17 modules");
        assert_eq!(runs(&[true, true, false, true]), [(0, 2), (3, 1)]);
    }

    /// A reader of the picture sees the very modules of the code.
    #[test]
    fn the_drawn_rows_are_the_codes_own() {
        let text = "LPA:1$smdp.example.com$04386-AGYFT-A74Y8-3F815";
        let code = QRBuilder::new(text).ecl(ECL::M).build().unwrap();
        let path = InstallCode::read(text).unwrap().path;
        let mut drawn = vec![false; code.size * code.size];
        for stroke in path.split('M').skip(1) {
            let (x, rest) = stroke.split_once(' ').unwrap();
            let (y, length) = rest.split_once(".5h").unwrap();
            let place = |text: &str| text.parse::<usize>().unwrap();
            let from = (place(y) - QUIET_ZONE) * code.size + place(x) - QUIET_ZONE;
            drawn[from..from + place(length)].fill(true);
        }
        assert!(
            (0..code.size).all(|y| (0..code.size).all(|x| drawn[y * code.size + x] == is_dark(&code, x, y)))
        );
    }
}

//! Writing a mail: its texts, its link and code, as plain text and as HTML.

use basis::{Id, Mail};
use texts::Texts;

use super::{Gist, Letter, NewMail, Post};
use crate::secrets;

/// The HTML of a mail is one column with inline styles, because many mailboxes drop anything else. It is dark on white of
/// its own, so that a dark mailbox does not put it on black; one that keeps styles may show it light on dark.
const BODY: &str = "margin:0;padding:24px;max-width:34rem;background:#fff;color:#10211f";
const DARK: &str =
    "@media (prefers-color-scheme:dark){body{background:#0c1615!important}p{color:#e3eeeb!important}}";
const PARAGRAPH: &str = "margin:0 0 16px;font:15px/1.6 system-ui,sans-serif;color:#10211f";
const BUTTON: &str = "display:inline-block;padding:12px 22px;border-radius:99px;background:#0c4a43;color:#fff;\
                      font:600 15px/1.3 system-ui,sans-serif;text-decoration:none";
const FOOT: &str = "margin:24px 0 0;font:13px/1.6 system-ui,sans-serif;color:#55655f";

pub(super) fn letter(post: &Post, id: Id<Mail>, mail: &NewMail) -> Letter {
    let texts = Texts::of(mail.language);
    let code = mail.code.map(|code| secrets::typed_code(&post.key, code));
    let code = code.as_ref().map(|code| spaced(code.reveal())).unwrap_or_default();
    let args = mail.args.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let args: Vec<_> = args.chain([("code", code.as_str()), ("brand", post.brand.as_str())]).collect();
    let say = |key: &str| texts.tf(key, args.iter().copied());
    let body = say(&mail.body);
    let paragraphs: Vec<&str> = body.split("\n\n").map(str::trim).filter(|p| !p.is_empty()).collect();
    let button = mail.button.as_deref().map(say).zip(link(post, mail));
    let foot = texts.tf("accounts-mail-foot", [("brand", post.brand.as_str()), ("url", &post.public_url)]);
    Letter {
        id,
        to: mail.to.clone(),
        subject: one_line(&say(&mail.subject)),
        text: plain(&paragraphs, button.as_ref(), &foot),
        html: html(texts.tag(), &paragraphs, button.as_ref(), &foot),
        language: texts.tag(),
    }
}

pub(super) fn gist(mail: &NewMail) -> Gist {
    let texts = Texts::of(mail.language);
    let args = || mail.args.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let body = texts.tf(&mail.body, args());
    Gist {
        title: one_line(&texts.tf(&mail.subject, args())),
        text: one_line(body.split("\n\n").map(str::trim).find(|p| !p.is_empty()).unwrap_or_default()),
        path: mail.path.clone().unwrap_or_else(|| "/".to_owned()),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

/// The address behind the button; a code's link carries its token.
fn link(post: &Post, mail: &NewMail) -> Option<String> {
    let base = post.public_url.trim_end_matches('/');
    let path = mail.path.as_deref()?;
    Some(match mail.code {
        Some(code) => format!("{base}{path}?token={}", secrets::link_token(&post.key, code).reveal()),
        None => format!("{base}{path}"),
    })
}

/// `1234 5678`, which is read off a screen more easily than eight digits.
fn spaced(code: &str) -> String {
    code.split_at_checked(4).map_or_else(|| code.to_owned(), |(first, rest)| format!("{first} {rest}"))
}

fn plain(paragraphs: &[&str], button: Option<&(String, String)>, foot: &str) -> String {
    let mut parts: Vec<String> = paragraphs.iter().map(|p| (*p).to_owned()).collect();
    parts.extend(button.map(|(label, link)| format!("{label}:\n{link}")));
    parts.push(format!("-- \n{foot}"));
    parts.join("\n\n") + "\n"
}

fn html(language: &str, paragraphs: &[&str], button: Option<&(String, String)>, foot: &str) -> String {
    let lines = |text: &str| escape(text).replace('\n', "<br>");
    let paragraph = |inner: String| format!("<p style=\"{PARAGRAPH}\">{inner}</p>");
    let mut parts: Vec<String> = paragraphs.iter().map(|p| paragraph(lines(p))).collect();
    parts.extend(button.map(|(label, link)| {
        paragraph(format!("<a href=\"{}\" style=\"{BUTTON}\">{}</a>", escape(link), escape(label)))
    }));
    parts.push(format!("<p style=\"{FOOT}\">{}</p>", lines(foot)));
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         <style>{DARK}</style></head><body style=\"{BODY}\">\n{}\n</body></html>\n",
        parts.join("\n")
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use basis::{Language, SecretKey};

    use super::*;
    use crate::mail::{Memory, letters};

    fn post() -> Post {
        let (public_url, brand) = ("https://shop.example".to_owned(), "Heyon".to_owned());
        Post::new(Arc::new(Memory::default()), public_url, brand, SecretKey::new([7; 32]))
    }

    #[test]
    fn a_mail_has_its_link_and_its_code_in_both_forms() {
        let mail = NewMail::new("lin@example.com", Language::En, &letters::WELCOME);
        let letter = letter(&post(), Id::from_u128(1), &mail.with_link_to("/verify", Id::from_u128(42)));
        let token = secrets::link_token(&post().key, Id::from_u128(42));
        let link = format!("https://shop.example/verify?token={}", token.reveal());
        let code = spaced(secrets::typed_code(&post().key, Id::from_u128(42)).reveal());
        for form in [&letter.text, &letter.html] {
            assert!(form.contains(&link) && form.contains(&code), "{form}");
        }
        assert!(!format!("{letter:?}").contains(token.reveal()));
    }

    #[test]
    fn a_mail_in_short_is_its_subject_and_first_paragraph_and_never_has_a_code() {
        let known =
            NewMail::new("lin@example.com", Language::En, &letters::PASSWORD_CHANGED).with("brand", "Heyon");
        let gist = known.clone().with_link("/settings").gist().unwrap();
        assert!(!gist.title.is_empty() && !gist.text.contains('\n'), "{gist:?}");
        assert_eq!(gist.path, "/settings");
        assert_eq!(known.with_link_to("/verify", Id::from_u128(42)).gist(), None);
    }

    #[test]
    fn what_people_typed_is_not_html() {
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }

    #[test]
    fn every_mail_of_accounts_reads_well_in_every_language() {
        use letters::*;
        for language in Language::ALL {
            for head in [WELCOME, VERIFY, KNOWN, RESET, WAS_RESET, PASSWORD_CHANGED, MOVE, MOVE_ASKED, MOVED]
            {
                let mail = NewMail::new("lin@example.com", language, &head).with("address", "a@example.com");
                let letter = letter(&post(), Id::from_u128(1), &mail.with_link("/"));
                assert!(letter.text.lines().count() > 3 && !letter.text.contains("accounts-"), "{letter:?}");
            }
        }
    }
}

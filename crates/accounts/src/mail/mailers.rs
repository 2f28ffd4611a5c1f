//! Who carries mails: an SMTP server ([`Smtp`](super::Smtp)), a folder for the demo, memory for tests.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use basis::{Problem, Timestamp};
use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};

use super::Letter;

/// Carries written mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one, or sends it again: a repeat carries the same id.
    ///
    /// # Errors
    /// Invalid if it will never be taken, Unavailable if trying again may help.
    async fn send(&self, now: Timestamp, letter: &Letter) -> Result<(), Problem>;
}

/// Writes each mail into a folder as `<id>.eml`.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    from: Mailbox,
}

impl Folder {
    /// Into this folder, which is made if need be, as `from`.
    ///
    /// # Errors
    /// If the folder cannot be made or `from` cannot be read.
    pub fn new(path: impl Into<PathBuf>, from: &str) -> Result<Self, Problem> {
        let path = path.into();
        std::fs::create_dir_all(&path).map_err(|e| Problem::unavailable("the mail folder").because(e))?;
        Ok(Self { path, from: mailbox(from)? })
    }
}

#[async_trait]
impl Mailer for Folder {
    async fn send(&self, now: Timestamp, letter: &Letter) -> Result<(), Problem> {
        let bytes = message(&self.from, now, letter)?.formatted();
        let (part, whole) = (format!("{}.part", letter.id), format!("{}.eml", letter.id));
        let (part, whole) = (self.path.join(part), self.path.join(whole));
        let written = async {
            tokio::fs::write(&part, &bytes).await?;
            // Whoever watches the folder sees whole mails only.
            tokio::fs::rename(&part, &whole).await
        };
        written.await.map_err(|e| Problem::unavailable("the mail folder").because(e))
    }
}

/// Keeps mails in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<Letter>>>);

impl Memory {
    /// The mails so far, the oldest first.
    pub fn letters(&self) -> Vec<Letter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those to one address.
    pub fn letters_to(&self, address: &str) -> Vec<Letter> {
        self.letters().into_iter().filter(|letter| letter.to == address).collect()
    }
}

#[async_trait]
impl Mailer for Memory {
    async fn send(&self, _: Timestamp, letter: &Letter) -> Result<(), Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(letter.clone());
        Ok(())
    }
}

pub(super) fn mailbox(text: &str) -> Result<Mailbox, Problem> {
    text.parse().map_err(|e| Problem::internal("the sender of mails cannot be read").because(e))
}

pub(super) fn message(from: &Mailbox, now: Timestamp, letter: &Letter) -> Result<Message, Problem> {
    let never = |e: &dyn std::fmt::Display| Problem::invalid("accounts-email-invalid").because(e);
    let to: Mailbox = letter.to.parse().map_err(|e: lettre::address::AddressError| never(&e))?;
    let sent_at = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.as_ms()).unwrap_or(0));
    let id = format!("<{}@{}>", letter.id, from.email.domain());
    Message::builder()
        .from(from.clone())
        .to(to)
        .date(sent_at)
        .message_id(Some(id))
        .subject(&letter.subject)
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(|e| never(&e))
}

#[cfg(test)]
mod tests {
    use basis::Id;

    use super::*;

    fn letter() -> Letter {
        Letter {
            id: Id::from_u128(1),
            to: "lin@example.com".into(),
            subject: "确认你的邮箱".into(),
            text: "1234 5678".into(),
            html: "<p>1234 5678</p>".into(),
            language: "zh-CN",
        }
    }

    #[tokio::test]
    async fn the_folder_gets_one_file_for_a_mail_that_is_sent_twice() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = Folder::new(folder.path().join("mail"), "Heyon <no-reply@shop.example>").unwrap();
        mailer.send(Timestamp(0), &letter()).await.unwrap();
        mailer.send(Timestamp(0), &letter()).await.unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path().join("mail")).unwrap().collect();
        assert_eq!(files.len(), 1);
        let text = std::fs::read_to_string(files[0].as_ref().unwrap().path()).unwrap();
        assert!(text.contains("Message-ID: <eml_00000000000000000000000001@shop.example>"), "{text}");
        assert!(text.contains("Date: Thu, 01 Jan 1970") && text.contains("1234 5678"), "{text}");
    }
}

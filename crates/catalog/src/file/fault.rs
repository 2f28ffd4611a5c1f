//! What is wrong with a file, and where.

use std::{cell::RefCell, fmt};

use toml::Spanned;

/// One thing that is wrong, for the operator at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line in the file, from 1.
    pub line: usize,
    /// The plan's id, if it is about one.
    pub plan: Option<String>,
    /// The field, e.g. `price.CNY`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if let Some(plan) = &self.plan {
            write!(f, "plan {plan}: ")?;
        }
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

/// Everything that is wrong, in the order of the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|fault| writeln!(f, "{fault}"))
    }
}

impl std::error::Error for Faults {}

/// Where faults are gathered while a file is read.
pub(super) struct Desk<'a> {
    text: &'a str,
    faults: RefCell<Vec<Fault>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, faults: RefCell::default() }
    }

    /// The line of a value.
    pub(super) fn line<T>(&self, at: &Spanned<T>) -> usize {
        self.line_of(at.span().start)
    }

    /// Notes a fault outside the plans.
    pub(super) fn fault<T>(&self, at: &Spanned<T>, field: &str, message: &str) {
        self.note(self.line(at), None, field, message);
    }

    /// Notes a fault of a plan.
    pub(super) fn plan_fault<T>(&self, plan: &str, at: &Spanned<T>, field: &str, message: &str) {
        self.note(self.line(at), Some(plan.to_owned()), field, message);
    }

    /// The one fault of a file that is no TOML or has a value of a wrong type.
    pub(super) fn unreadable(&self, error: &toml::de::Error) -> Faults {
        let line = error.span().map_or(1, |span| self.line_of(span.start));
        Faults(vec![Fault { line, plan: None, field: String::new(), message: error.message().to_owned() }])
    }

    /// Fails with all faults, if there are any.
    pub(super) fn finish(self) -> Result<(), Faults> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.line);
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
    }

    fn note(&self, line: usize, plan: Option<String>, field: &str, message: &str) {
        let fault = Fault { line, plan, field: field.to_owned(), message: message.to_owned() };
        self.faults.borrow_mut().push(fault);
    }

    fn line_of(&self, place: usize) -> usize {
        self.text.get(..place).map_or(1, |before| before.matches('\n').count() + 1)
    }
}

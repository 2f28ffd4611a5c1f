//! A sentence that someone should see.

/// What a person should act on, or need not worry about.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) tone: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) text: String,
}

impl Note {
    /// Someone should act.
    pub(crate) const fn warn(icon: &'static str, text: String) -> Self {
        Self { tone: "warn", icon, text }
    }
}

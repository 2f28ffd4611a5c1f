//! Small pieces of HTML that templates put in by value.

use std::fmt;

use askama::{Template, filters::HtmlSafe};

/// HTML that is escaped already.
#[derive(Debug, Clone, Default)]
pub struct Markup(String);

impl Markup {
    /// The HTML of a small template.
    pub fn of(template: &impl Template) -> Self {
        Self(template.render().unwrap_or_else(|error| {
            tracing::error!(%error, "a part of a page failed");
            String::new()
        }))
    }

    /// Words that are HTML already, e.g. an SVG made by ourselves.
    pub const fn trusted(html: String) -> Self {
        Self(html)
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<svg class="icon {{ class }}" aria-hidden="true"><use href="{{ sprite }}#{{ name }}"/></svg>"##
)]
pub(crate) struct Icon<'a> {
    pub(crate) sprite: &'a str,
    pub(crate) name: &'a str,
    pub(crate) class: &'a str,
}

/// A round drawing, or where there is none a tile with the two letters. The country's name stands beside it always.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% match drawing %}{% when Some(url) %}<img class="flag {{ class }}" src="{{ url }}" alt="" width="32" height="32">{% when None %}<span class="flag letters {{ class }}" aria-hidden="true">{{ code }}</span>{% endmatch %}"#
)]
pub(crate) struct Flag<'a> {
    pub(crate) drawing: Option<String>,
    pub(crate) code: &'a str,
    pub(crate) class: &'a str,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="err" id="{{ id }}">{{ icon }}<span>{{ text }}</span></span>"#
)]
pub(crate) struct FieldError<'a> {
    pub(crate) id: &'a str,
    pub(crate) icon: Markup,
    pub(crate) text: String,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<div class="note bad" role="alert">{{ icon }}<span>{{ text }}</span></div>"#
)]
pub(crate) struct FormError {
    pub(crate) icon: Markup,
    pub(crate) text: String,
}

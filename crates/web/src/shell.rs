//! What every page has around it.

use basis::{Country, Problem};
use texts::Arg;

use crate::{
    App, Markup, Reader, Theme, assets,
    markup::{FieldError, Flag, FormError, Icon},
};

/// The places of the tab bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Home and the lines.
    Esim,
    /// Places and plans.
    Plans,
    /// Shared pools.
    Pools,
    /// Wallet and receipts.
    Wallet,
    /// None of them, with the tab bar.
    None,
    /// None of them, without the tab bar: before signing in.
    Bare,
}

/// A page's shell: the reader, the title, where one is and where "back" leads.
///
/// A page struct has it as its field `shell`; its template extends `shell.html` and fills the block `main`.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Who reads: `shell.reader.texts.money(…)`, `shell.reader.zone`.
    pub reader: Reader,
    /// In the browser's title and, unless the page is bare, in the bar.
    pub title: String,
    /// Which tab is lit.
    pub tab: Tab,
    /// Where the arrow in the bar leads.
    pub back: Option<String>,
    /// Two columns where there is room for them.
    pub wide: bool,
    /// Events that make a part fetch itself again come from here; none before signing in.
    pub live: Option<&'static str>,
    /// The shop's name.
    pub brand: String,
    /// Test payments: every page says so.
    pub sandbox: bool,
    /// The path of this page, to come back to after a change of language.
    pub here: String,
}

impl Shell {
    /// The shell of a page with this title.
    pub fn new(app: &App, reader: &Reader, tab: Tab, title: impl Into<String>) -> Self {
        Self {
            reader: reader.clone(),
            title: title.into(),
            tab,
            back: None,
            wide: false,
            live: reader.person.as_ref().map(|_| "/live"),
            brand: app.config.brand.clone(),
            sandbox: app.config.sandbox,
            here: "/".into(),
        }
    }

    /// With an arrow that leads back to there.
    #[must_use]
    pub fn back(mut self, path: impl Into<String>) -> Self {
        self.back = Some(path.into());
        self
    }

    /// With two columns where there is room for them.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// On this path, to which the language switch comes back.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.here = path.into();
        self
    }

    /// The text of a key: `{{ shell.t("home-title") }}`.
    pub fn t(&self, key: &str) -> String {
        self.reader.texts.t(key)
    }

    /// The text of a key with its variables: `{{ shell.tf("home-left-of", [("total", &total)]) }}`.
    ///
    /// A text in a variable is borrowed (`&total`), a number is not.
    pub fn tf<'a, V, const N: usize>(&self, key: &str, args: &[(&'a str, V); N]) -> String
    where
        V: Clone + Into<Arg<'a>>,
    {
        self.reader.texts.tf(key, args.iter().cloned())
    }

    /// The BCP 47 tag of the page's language.
    pub fn language(&self) -> &'static str {
        self.reader.texts.tag()
    }

    /// True if this tab is lit.
    pub fn on(&self, tab: Tab) -> bool {
        self.tab == tab
    }

    /// True if there is no tab bar.
    pub fn is_bare(&self) -> bool {
        self.tab == Tab::Bare
    }

    /// How ages are said, `{}` for the figure: seconds, minutes, hours, days. The browser lets them grow.
    pub fn ages(&self) -> String {
        let say = |key| self.tf(key, &[("count", "{}")]);
        let keys = [
            texts::key("ago-seconds"),
            texts::key("ago-minutes"),
            texts::key("ago-hours"),
            texts::key("ago-days"),
        ];
        keys.map(say).join("|")
    }

    /// `light` or `dark` if the reader has chosen, else nothing.
    pub fn theme(&self) -> Option<&'static str> {
        (self.reader.theme != Theme::Device).then(|| self.reader.theme.word())
    }

    /// The first letter of the signed-in person's address, for the round mark that leads to the settings.
    pub fn initial(&self) -> Option<String> {
        let person = self.reader.person.as_ref()?;
        Some(person.email.chars().next()?.to_uppercase().collect())
    }

    /// The address of an embedded file.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name).unwrap_or_default()
    }

    /// An icon of the sprite, 22 px: `{{ shell.icon("wallet") }}`.
    pub fn icon(&self, name: &str) -> Markup {
        self.icon_with(name, "")
    }

    /// An icon of the sprite, 17 px, for chips and notes.
    pub fn icon_small(&self, name: &str) -> Markup {
        self.icon_with(name, "s")
    }

    /// An arrow that turns round in languages that are written from the right.
    pub fn arrow(&self, name: &str) -> Markup {
        self.icon_with(name, "flip")
    }

    fn icon_with(&self, name: &str, class: &str) -> Markup {
        Markup::of(&Icon { sprite: &self.asset("icons.svg"), name, class })
    }

    /// A country's flag, 32 px; its name stands beside it always.
    pub fn flag(&self, country: &Country) -> Markup {
        flag(*country, "")
    }

    /// A country's flag, 20 px.
    pub fn flag_small(&self, country: &Country) -> Markup {
        flag(*country, "s")
    }

    /// What is wrong with this field, with the id `<field>-error`; nothing if nothing is.
    pub fn field_error(&self, problem: &Option<Problem>, field: &str) -> Markup {
        let Some(problem) = problem.as_ref().filter(|p| p.field == Some(field)) else {
            return Markup::default();
        };
        let text = self.reader.texts.problem(problem);
        Markup::of(&FieldError { id: &format!("{field}-error"), icon: self.icon_small("alert"), text })
    }

    /// True if this field is wrong: for `aria-invalid`.
    pub fn wrong(&self, problem: &Option<Problem>, field: &str) -> bool {
        problem.as_ref().is_some_and(|p| p.field == Some(field))
    }

    /// What is wrong with the form as a whole; nothing if nothing is, or if it is one field.
    pub fn form_error(&self, problem: &Option<Problem>) -> Markup {
        let Some(problem) = problem.as_ref().filter(|p| p.field.is_none()) else { return Markup::default() };
        Markup::of(&FormError { icon: self.icon("alert"), text: self.reader.texts.problem(problem) })
    }
}

fn flag(country: Country, class: &str) -> Markup {
    let drawing = assets::url(&format!("flags/{}.svg", country.code().to_ascii_lowercase()));
    Markup::of(&Flag { drawing, code: country.code(), class })
}

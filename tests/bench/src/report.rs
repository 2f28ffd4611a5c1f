//! Figures, as Markdown tables: ratios first.

use std::fmt::Write;

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    ratios: Vec<[String; 3]>,
    rows: Vec<[String; 3]>,
    missed: u32,
}

impl Figures {
    /// A ratio: what, and how much.
    pub(crate) fn ratio(&mut self, what: &str, ratio: f64) {
        self.ratios.push([what.to_owned(), format!("{ratio:.2}"), String::new()]);
        println!("{what}: {ratio:.2}");
    }

    /// A ratio that should not be less than this.
    pub(crate) fn ratio_at_least(&mut self, what: &str, ratio: f64, aim: f64) {
        self.missed += u32::from(ratio < aim);
        let verdict = if ratio < aim { ", missed" } else { "" };
        self.ratios.push([what.to_owned(), format!("{ratio:.2}"), format!("at least {aim}{verdict}")]);
        println!("{what}: {ratio:.2}, at least {aim}{verdict}");
    }

    /// A figure.
    pub(crate) fn say(&mut self, what: &str, figure: impl Into<String>) {
        self.push(what, figure.into(), String::new());
    }

    /// A figure that should not be more than this.
    pub(crate) fn at_most(&mut self, what: &str, figure: f64, unit: &str, aim: f64) {
        self.aimed(what, figure, unit, "at most", aim, figure <= aim);
    }

    /// A figure that should not be less than this.
    pub(crate) fn at_least(&mut self, what: &str, figure: f64, unit: &str, aim: f64) {
        self.aimed(what, figure, unit, "at least", aim, figure >= aim);
    }

    fn aimed(&mut self, what: &str, figure: f64, unit: &str, words: &str, aim: f64, met: bool) {
        self.missed += u32::from(!met);
        let verdict = if met { "" } else { ", missed" };
        self.push(what, format!("{figure:.1} {unit}"), format!("{words} {aim} {unit}{verdict}"));
    }

    fn push(&mut self, what: &str, figure: String, aim: String) {
        println!("{what}: {figure} {aim}");
        self.rows.push([what.to_owned(), figure, aim]);
    }

    /// How many aims were missed.
    pub(crate) fn missed(&self) -> u32 {
        self.missed
    }

    /// The whole as Markdown.
    pub(crate) fn markdown(&self, head: &str) -> String {
        let mut text = format!("{head}\n\n| ratio | | |\n|---|---|---|\n");
        for [what, figure, aim] in &self.ratios {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "| {what} | {figure} | {aim} |");
        }
        text.push_str("\n| what | figure | aim |\n|---|---|---|\n");
        for [what, figure, aim] in &self.rows {
            let _ = writeln!(text, "| {what} | {figure} | {aim} |");
        }
        text
    }
}

//! The embedded texts of one language.

use basis::Language;
use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};

pub(crate) const SOURCES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/locales.rs"));

pub(crate) struct Bundle(FluentBundle<FluentResource>);

impl Bundle {
    /// Reads every file of the language; a fault in one is loud in a debug build and costs only that entry otherwise.
    pub(crate) fn load(language: Language) -> Self {
        let locale = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // The marks around variables are for mixed directions; they would break searching and copying.
        bundle.set_use_isolating(false);
        for (_, file, source) in SOURCES.iter().filter(|(tag, ..)| *tag == language.tag()) {
            let resource =
                FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(partly, errors)| {
                    fault(&format!("{language}/{file}: {errors:?}"));
                    partly
                });
            if let Err(errors) = bundle.add_resource(resource) {
                fault(&format!("{language}/{file}: {errors:?}"));
            }
        }
        Self(bundle)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.get_message(key).is_some_and(|m| m.value().is_some())
    }

    pub(crate) fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.0.get_message(key).and_then(|m| m.value()) else {
            fault(&format!("no text {key}"));
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text = self.0.format_pattern(pattern, args, &mut errors).into_owned();
        if !errors.is_empty() {
            fault(&format!("text {key}: {errors:?}"));
        }
        text
    }
}

fn fault(what: &str) {
    tracing::error!(what, "a text is at fault");
    debug_assert!(false, "{what}");
}

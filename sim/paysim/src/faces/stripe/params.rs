//! Forms with nested names: `line_items[0][price_data][unit_amount]=500`.

use reqwest::Url;
use serde_json::{Map, Value};

use crate::wire::ApiError;

/// The fields of a form or a query, in their order.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `a=1&b[c]=2`.
    pub(super) fn read(encoded: &str) -> Self {
        let Ok(mut url) = Url::parse("http://form/") else { return Self::default() };
        url.set_query(Some(encoded));
        Self(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The value of this name, if it is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value of a name that must be there.
    pub(super) fn need(&self, name: &'static str) -> Result<&str, ApiError> {
        let missing = || ApiError::invalid("parameter_missing", format!("Missing required param: {name}."));
        self.get(name).ok_or_else(missing)
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let bad = |_| ApiError::invalid("parameter_invalid_integer", format!("Invalid integer: {name}"));
        self.get(name).map(|text| text.parse().map_err(bad)).transpose()
    }

    /// True if it is said to be.
    pub(super) fn says(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// All values of `name[]`, `name[0]`, `name[1]`, …
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let of_list = |known: &str| known.strip_prefix(name).is_some_and(|rest| index(rest).is_some());
        self.0.iter().filter(|(known, _)| of_list(known)).map(|(_, value)| value.as_str()).collect()
    }

    /// `name[key]=value` as an object, such as metadata.
    pub(super) fn object(&self, name: &str) -> Value {
        let mut object = Map::new();
        for (known, value) in &self.0 {
            let key = known.strip_prefix(name).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
            if let Some(key) = key.filter(|key| !key.contains('[')) {
                object.insert(key.to_owned(), Value::String(value.clone()));
            }
        }
        Value::Object(object)
    }

    /// What stands behind `name[0]`, `name[1]`, … as forms of their own.
    pub(super) fn items(&self, name: &str) -> Vec<Self> {
        let of_item = |number: usize| {
            let start = format!("{name}[{number}][");
            let fields = self.0.iter().filter_map(|(known, value)| {
                let (first, rest) = known.strip_prefix(&start)?.split_once(']')?;
                Some((format!("{first}{rest}"), value.clone()))
            });
            Self(fields.collect())
        };
        (0..self.0.len()).map(of_item).take_while(|item| !item.0.is_empty()).collect()
    }

    /// Stripe refuses names that it does not know.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        let outer = |name: &str| name.split('[').next().unwrap_or(name).to_owned();
        match self.0.iter().map(|(name, _)| outer(name)).find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                Err(ApiError::invalid("parameter_unknown", format!("Received unknown parameter: {name}")))
            }
            None => Ok(()),
        }
    }
}

/// `[]` or `[7]`.
fn index(text: &str) -> Option<()> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.bytes().all(|byte| byte.is_ascii_digit()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_names_are_read_as_official_clients_write_them() {
        let params = Params::read(
            "line_items[0][price_data][unit_amount]=500&line_items[0][quantity]=2&metadata%5Border%5D=%E5%A5%97+1\
             &expand[]=a&expand[1]=b.c&empty=",
        );
        assert_eq!(params.items("line_items").len(), 1);
        assert_eq!(params.items("line_items")[0].get("price_data[unit_amount]"), Some("500"));
        assert_eq!(params.object("metadata")["order"], "套 1");
        assert_eq!(params.list("expand"), ["a", "b.c"]);
        assert_eq!(params.get("empty"), None);
        assert!(params.only(&["line_items", "metadata", "expand"]).is_err());
        assert!(params.only(&["line_items", "metadata", "expand", "empty"]).is_ok());
    }
}

//! Text as a search compares it.

use icu::{
    normalizer::DecomposingNormalizer,
    properties::props::{EnumeratedProperty, GeneralCategory},
};

/// Letters and digits only, lower case, without accents, full-width forms made plain: `Türkiye` and `ＴＵＲＫＩＹＥ` are `turkiye`.
pub fn fold(text: &str) -> String {
    let apart = DecomposingNormalizer::new_nfkd().normalize(text);
    let kept = apart.chars().filter(|c| GeneralCategory::for_char(*c) != GeneralCategory::NonspacingMark);
    kept.filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_alike() {
        assert_eq!(fold("Türkiye"), "turkiye");
        assert_eq!(fold("ＪＡＰＡＮ "), "japan");
        assert_eq!(fold("Côte d’Ivoire"), "cotedivoire");
        assert_eq!(fold("U.S.A."), "usa");
        assert_eq!(fold("中国 香港"), "中国香港");
    }
}

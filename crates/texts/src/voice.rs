//! What one language needs for speaking, built on first use and kept.

use std::{
    collections::HashMap,
    sync::{LazyLock, RwLock},
};

use basis::{Country, Currency, Language};
use icu::{
    datetime::{FixedCalendarDateTimeFormatter, fieldsets},
    decimal::DecimalFormatter,
    experimental::dimension::currency::formatter::CurrencyFormatter,
    locale::{Locale, locale},
};

use crate::{bundle::Bundle, places};

type Gregorian = icu::calendar::Gregorian;

/// All that is needed for speaking one language.
pub(crate) struct Voice {
    pub(crate) bundle: Bundle,
    /// CLDR's locale for numbers, money and dates.
    pub(crate) locale: Locale,
    pub(crate) decimal: Option<DecimalFormatter>,
    /// By currency; filled as they are met.
    pub(crate) money: RwLock<HashMap<Currency, Option<CurrencyFormatter<DecimalFormatter>>>>,
    pub(crate) countries: HashMap<Country, places::Named>,
    pub(crate) day: Option<FixedCalendarDateTimeFormatter<Gregorian, fieldsets::MD>>,
    pub(crate) date: Option<FixedCalendarDateTimeFormatter<Gregorian, fieldsets::YMD>>,
    pub(crate) clock: Option<FixedCalendarDateTimeFormatter<Gregorian, fieldsets::T>>,
    pub(crate) day_clock: Option<FixedCalendarDateTimeFormatter<Gregorian, fieldsets::MDT>>,
    pub(crate) date_clock: Option<FixedCalendarDateTimeFormatter<Gregorian, fieldsets::YMDT>>,
}

static ZH_CN: LazyLock<Voice> = LazyLock::new(|| Voice::load(Language::ZhCn));
static EN: LazyLock<Voice> = LazyLock::new(|| Voice::load(Language::En));

pub(crate) fn of(language: Language) -> &'static Voice {
    match language {
        Language::ZhCn => &ZH_CN,
        Language::En => &EN,
    }
}

/// English as it is written for the world: US$16.50 beside CN¥118.00, 10 Dec, 24 hours.
fn cldr_locale(language: Language) -> Locale {
    match language {
        Language::ZhCn => locale!("zh-CN-u-hc-h23"),
        Language::En => locale!("en-GB-u-hc-h23"),
    }
}

impl Voice {
    fn load(language: Language) -> Self {
        let locale = cldr_locale(language);
        Self {
            bundle: Bundle::load(language),
            decimal: DecimalFormatter::try_new(
                (&locale).into(),
                icu::decimal::options::DecimalFormatterOptions::default(),
            )
            .ok(),
            money: RwLock::default(),
            countries: places::names(&locale),
            day: FixedCalendarDateTimeFormatter::try_new((&locale).into(), fieldsets::MD::medium()).ok(),
            date: FixedCalendarDateTimeFormatter::try_new((&locale).into(), fieldsets::YMD::medium()).ok(),
            clock: FixedCalendarDateTimeFormatter::try_new((&locale).into(), fieldsets::T::hm()).ok(),
            day_clock: FixedCalendarDateTimeFormatter::try_new(
                (&locale).into(),
                fieldsets::MD::medium().with_time_hm(),
            )
            .ok(),
            date_clock: FixedCalendarDateTimeFormatter::try_new(
                (&locale).into(),
                fieldsets::YMD::medium().with_time_hm(),
            )
            .ok(),
            locale,
        }
    }
}

//! Which country lies where: continents and their subregions, after CLDR's territory containment.

use std::sync::LazyLock;

use basis::{Country, CountrySet};
use texts::Region;

/// A part of a continent with its countries.
#[derive(Debug, Clone, Copy)]
pub struct Subregion {
    /// The continent it belongs to.
    pub continent: Region,
    /// Itself.
    pub region: Region,
    /// What lies in it.
    pub countries: CountrySet,
}

static SUBREGIONS: LazyLock<Vec<Subregion>> = LazyLock::new(|| {
    let table = include_str!("../data/regions.tsv");
    table.lines().filter(|line| !line.starts_with('#')).filter_map(parse).collect()
});

fn parse(line: &str) -> Option<Subregion> {
    let mut columns = line.split('\t');
    let mut region = || Some(Region(columns.next()?.parse().ok()?));
    let (continent, region) = (region()?, region()?);
    let countries = columns.next()?.split(' ').filter_map(|code| code.parse::<Country>().ok()).collect();
    Some(Subregion { continent, region, countries })
}

/// The continents in the order in which a filter shows them.
pub const CONTINENTS: [Region; 5] = [Region(142), Region(150), Region(19), Region(9), Region(2)];

/// All subregions, in the order of CLDR's codes.
pub fn subregions() -> &'static [Subregion] {
    &SUBREGIONS
}

/// The countries of a continent or subregion by its UN M49 code, `001` being the world; `None` if there is none.
pub fn countries_of(region: Region) -> Option<CountrySet> {
    let inside = |s: &&Subregion| region == Region(1) || s.continent == region || s.region == region;
    let found: CountrySet = SUBREGIONS.iter().filter(inside).flat_map(|s| s.countries.iter()).collect();
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_whole() {
        let world = countries_of(Region(1)).unwrap();
        let missing: Vec<Country> = Country::all().filter(|c| !world.contains(*c)).collect();
        assert_eq!(
            missing,
            [Country::all().find(|c| c.code() == "AQ").unwrap()],
            "Antarctica is in no continent of five"
        );
        assert!(countries_of(Region(30)).unwrap().contains("JP".parse().unwrap()));
        assert!(countries_of(Region(777)).is_none());
        let continents: usize = CONTINENTS.iter().map(|c| countries_of(*c).unwrap().len()).sum();
        assert_eq!(continents, world.len());
    }
}

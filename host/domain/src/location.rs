//! Places on Earth, and how far they are from each other: one and the same number of metres on every
//! machine, whatever its processor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Earth's mean radius R1 in metres (Moritz, Geodetic Reference System 1980). Taking Earth for a sphere is
/// wrong by half a percent at most.
const RADIUS: f64 = 6_371_008.8;
/// Farther than any two places on that sphere are from each other, in metres.
const FARTHER_THAN_ANY: u32 = 20_015_200;

/// A place on Earth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Degrees to the north of the equator, from -90 to 90.
    pub latitude: f64,
    /// Degrees to the east of Greenwich, from -180 to 180.
    pub longitude: f64,
}

impl Location {
    /// This place, if there is such a one.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let location = Self { latitude, longitude };
        location.wrong().is_none().then_some(location)
    }

    /// Which of both is beyond what there is, and how far it goes.
    #[must_use]
    pub fn wrong(self) -> Option<(&'static str, f64)> {
        let beyond = |degrees: f64, most: f64| degrees.is_nan() || degrees.abs() > most;
        if beyond(self.latitude, 90.0) {
            return Some(("latitude", 90.0));
        }
        beyond(self.longitude, 180.0).then_some(("longitude", 180.0))
    }

    /// The same on the unit sphere.
    #[must_use]
    pub fn point(self) -> Point {
        // The standard library's functions differ from one platform to another.
        let (latitude, longitude) = (self.latitude.to_radians(), self.longitude.to_radians());
        let across = libm::cos(latitude);
        Point([across * libm::cos(longitude), across * libm::sin(longitude), libm::sin(latitude)])
    }
}

/// Why nobody can say where a lead is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unplaced {
    /// The property is not there, or blank.
    Missing,
    /// It is no number of degrees.
    Malformed,
    /// The table has no such key, or no place for it.
    Unknown,
}

impl Unplaced {
    /// As people read it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Missing => "the lead does not say where it is",
            Self::Malformed => "what the lead says of where it is reads as no place",
            Self::Unknown => "the table knows no place for what the lead says",
        }
    }
}

/// A place on the unit sphere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point([f64; 3]);

impl Point {
    /// How far another place is, along the great circle, in whole metres. By the chord between both, which
    /// is exact for places that are near, as the cosine is not.
    #[must_use]
    pub fn metres(&self, other: &Self) -> u32 {
        let square: f64 = self.0.iter().zip(other.0).map(|(a, b)| (a - b) * (a - b)).sum();
        let half = (square.sqrt() / 2.0).min(1.0);
        libm::round(2.0 * RADIUS * libm::asin(half)) as u32
    }
}

/// How near a place is: the larger, the nearer. It stands for the weight of a candidate where turns go by
/// distance, so that the largest goes first there, too.
#[must_use]
pub const fn nearness(metres: u32) -> u32 {
    FARTHER_THAN_ANY.saturating_sub(metres)
}

/// How many metres away something of that nearness is.
#[must_use]
pub const fn metres_of(nearness: u32) -> u32 {
    FARTHER_THAN_ANY.saturating_sub(nearness)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metres(one: (f64, f64), other: (f64, f64)) -> u32 {
        let point = |(latitude, longitude)| Location::new(latitude, longitude).unwrap().point();
        point(one).metres(&point(other))
    }

    #[test]
    fn known_distances_are_right_to_half_a_percent() {
        let near = |metres: u32, known: f64| (f64::from(metres) / known - 1.0).abs() < 0.005;
        // By the ellipsoid of WGS 84.
        assert!(near(metres((52.5200, 13.4050), (48.8566, 2.3522)), 879_700.0), "Berlin to Paris");
        assert!(near(metres((40.7128, -74.0060), (51.5074, -0.1278)), 5_585_200.0), "New York to London");
        assert!(near(metres((-33.8688, 151.2093), (-36.8485, 174.7633)), 2_158_700.0), "Sydney to Auckland");
    }

    #[test]
    fn a_degree_at_the_equator_is_the_same_across_the_date_line() {
        assert_eq!(metres((0.0, 0.0), (0.0, 1.0)), 111_195);
        assert_eq!(metres((0.0, 179.5), (0.0, -179.5)), 111_195);
        assert_eq!(metres((90.0, 0.0), (90.0, 77.0)), 0, "a pole is one place");
    }

    #[test]
    fn the_other_side_of_earth_is_still_nearer_than_nothing() {
        let farthest = metres((0.0, 0.0), (0.0, 180.0));
        assert_eq!(farthest, 20_015_114);
        assert!(nearness(farthest) >= 1);
        assert_eq!(metres_of(nearness(farthest)), farthest);
    }

    #[test]
    fn places_that_are_not_are_none() {
        let beyond = [(90.1, 0.0), (-91.0, 0.0), (0.0, 180.5), (f64::NAN, 0.0), (0.0, f64::INFINITY)];
        for (latitude, longitude) in beyond {
            assert_eq!(Location::new(latitude, longitude), None, "{latitude} {longitude}");
        }
    }

    proptest! {
        #[test]
        fn the_way_there_is_as_long_as_the_way_back_and_no_detour_is_shorter(
            places in proptest::array::uniform3((-90.0..=90.0, -180.0..=180.0)),
        ) {
            let [a, b, c] = places;
            prop_assert_eq!(metres(a, b), metres(b, a));
            prop_assert!(metres(a, c) <= metres(a, b) + metres(b, c) + 2, "rounded thrice");
        }

        #[test]
        fn it_is_what_the_haversine_says(a in (-90.0..=90.0, -180.0..=180.0), b in (-90.0..=90.0, -180.0..=180.0)) {
            let ((lat1, lon1), (lat2, lon2)): ((f64, f64), (f64, f64)) = (a, b);
            let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
            let h = half(lat1, lat2) + lat1.to_radians().cos() * lat2.to_radians().cos() * half(lon1, lon2);
            let haversine = 2.0 * RADIUS * h.sqrt().min(1.0).asin();
            // Where places lie opposite each other, a rounding error of either is some metres.
            prop_assert!((f64::from(metres(a, b)) - haversine).abs() <= 1.0 + haversine / 1e7, "{haversine}");
        }
    }
}

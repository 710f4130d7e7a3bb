//! The words that the demonstration's people and companies are made of. Nobody here is real.

/// A country, as people write it.
pub(super) struct Country {
    /// Its code.
    pub(super) code: &'static str,
    /// How many of the people live there, relative to the others.
    pub(super) weight: usize,
    /// The ways to write it; the first is the usual one.
    pub(super) spellings: &'static [&'static str],
    /// The place of its names in `NAMES`.
    pub(super) names: usize,
}

const fn country(code: &'static str, weight: usize, names: usize, spellings: &'static [&'static str]) -> Country {
    Country { code, weight, spellings, names }
}

/// Where people live.
pub(super) const COUNTRIES: [Country; 32] = [
    country("US", 60, 0, &["US", "USA", "United States", "U.S.", "us", "United States of America"]),
    country("CA", 14, 0, &["Canada", "CA", "canada"]),
    country("GB", 18, 0, &["United Kingdom", "UK", "U.K.", "GB", "England"]),
    country("IE", 4, 0, &["Ireland", "IE"]),
    country("DE", 18, 1, &["Germany", "Deutschland", "DE", "germany"]),
    country("AT", 4, 1, &["Austria", "Österreich"]),
    country("CH", 4, 1, &["Switzerland", "Schweiz", "CH"]),
    country("FR", 12, 2, &["France", "FR", "france"]),
    country("BE", 4, 2, &["Belgium", "Belgique"]),
    country("NL", 6, 1, &["Netherlands", "The Netherlands", "Holland", "NL"]),
    country("ES", 8, 3, &["Spain", "España", "ES"]),
    country("IT", 7, 4, &["Italy", "Italia"]),
    country("PT", 3, 5, &["Portugal", "PT"]),
    country("SE", 5, 6, &["Sweden", "Sverige"]),
    country("DK", 4, 6, &["Denmark", "DK"]),
    country("PL", 5, 7, &["Poland", "Polska"]),
    country("CZ", 3, 7, &["Czech Republic", "Czechia", "CZ"]),
    country("NG", 4, 8, &["Nigeria", "NG"]),
    country("ZA", 3, 8, &["South Africa", "ZA"]),
    country("AE", 3, 9, &["United Arab Emirates", "UAE"]),
    country("IN", 12, 10, &["India", "IN", "india"]),
    country("JP", 8, 11, &["Japan", "JP", "日本"]),
    country("SG", 5, 12, &["Singapore", "SG"]),
    country("AU", 9, 0, &["Australia", "AU"]),
    country("NZ", 3, 0, &["New Zealand", "NZ"]),
    country("KR", 3, 12, &["South Korea", "Korea"]),
    country("BR", 12, 5, &["Brazil", "Brasil", "BR"]),
    country("MX", 8, 3, &["Mexico", "México", "MX"]),
    country("AR", 4, 3, &["Argentina", "AR"]),
    country("CL", 3, 3, &["Chile"]),
    country("CO", 3, 3, &["Colombia", "CO"]),
    country("IS", 1, 6, &["Iceland"]),
];

/// States and provinces, by the country's code.
pub(super) const STATES: [(&str, &[&str]); 3] = [
    ("US", &["CA", "California", "NY", "New York", "Texas", "TX", "WA", "Ohio", "Florida", "IL", "Georgia"]),
    ("CA", &["Ontario", "ON", "Quebec", "Québec", "BC", "Alberta"]),
    ("AU", &["NSW", "Victoria", "Queensland"]),
];

/// What stands where a country should.
pub(super) const NO_COUNTRIES: [&str; 7] = ["Ruritania", "Earth", "n/a", "-", "90210", "other", "Europe"];

/// What stands where a number should.
pub(super) const NO_NUMBERS: [&str; 7] = ["1,200", "approx. 50", "50-100", "about 3 dozen", "2k", "many", "10+"];

type Names = (&'static [&'static str], &'static [&'static str]);

/// First and last names that are common together.
pub(super) const NAMES: [Names; 13] = [
    (
        &["Joe", "Grace", "Harriet", "Owen", "Maya", "Caleb", "Ruth", "Dylan", "Paige", "Silas", "Tessa", "Aaron"],
        &["Miller", "Fletcher", "Oakes", "Barlow", "Whitaker", "Pruitt", "Sutton", "Langley", "Hale", "Marlow"],
    ),
    (
        &["Lena", "Jörg", "Annika", "Tobias", "Ute", "Moritz", "Heike", "Sven", "Frauke"],
        &["Schäfer", "Lindner", "Großmann", "Vogt", "Oberhuber", "Krämer", "Wiesner", "van Dijk"],
    ),
    (
        &["Amélie", "Théo", "Océane", "Benoît", "Margaux", "Loïc"],
        &["Lefèvre", "Garnier", "Chevalier", "Roussel", "Marchand"],
    ),
    (
        &["Lucía", "Íñigo", "Paloma", "Andrés", "Marisol", "Joaquín", "Itzel"],
        &["Cárdenas", "Ibáñez", "Mondragón", "Peña", "Salgado", "Villaseñor"],
    ),
    (&["Chiara", "Matteo", "Ginevra", "Luca", "Ornella"], &["Bianchetti", "Fontana", "Moretti", "Zanella"]),
    (
        &["João", "Beatriz", "Thiago", "Conceição", "Rui", "Larissa"],
        &["Figueiredo", "Araújo", "Magalhães", "Tavares", "Simões"],
    ),
    (&["Åsa", "Magnus", "Freja", "Søren", "Linnea", "Sigrún"], &["Ekström", "Bjørndal", "Lundgren", "Østergaard"]),
    (&["Agnieszka", "Paweł", "Zdeněk", "Małgorzata", "Tereza"], &["Wiśniewska", "Kowalczyk", "Horák", "Nováček"]),
    (&["Chinonso", "Thandiwe", "Babajide", "Lerato", "Ngozi"], &["Eze", "Mokoena", "Afolabi", "Dlamini", "Nwosu"]),
    (&["Layla", "Omar", "Yasmin", "Tariq"], &["Al-Farsi", "Mansour", "Khoury", "Najjar"]),
    (&["Ananya", "Rohan", "Kavya", "Arjun", "Meera"], &["Iyer", "Deshpande", "Banerjee", "Pillai", "Chauhan"]),
    (&["Haruka", "Kenji", "陽菜", "Aoi", "健太"], &["Tanabe", "Mori", "佐藤", "Ishikawa"]),
    (&["Wei", "Ji-woo", "Mei Ling", "Min-jun"], &["Tan", "Park", "Ong", "Seo"]),
];

/// What people do.
pub(super) const TITLES: [&str; 12] = [
    "Head of Operations",
    "VP Sales",
    "IT Manager",
    "Founder",
    "Buyer",
    "Marketing Lead",
    "CFO",
    "Data Engineer",
    "Office Manager",
    "Director of Logistics",
    "Intern",
    "Geschäftsführerin",
];

/// How companies' names begin.
pub(super) const COMPANY_FIRST: [&str; 28] = [
    "Alderbrook",
    "Brightwater",
    "Cobaltine",
    "Dunmarrow",
    "Elmhollow",
    "Fernlight",
    "Glasswing",
    "Harbourway",
    "Ironpetal",
    "Juniperix",
    "Kestrelane",
    "Larkfold",
    "Mossgate",
    "Nettlestone",
    "Oakumra",
    "Pinnacrest",
    "Quillmere",
    "Riverknot",
    "Saltmarsh",
    "Thistledew",
    "Umbraline",
    "Violanta",
    "Wrenfield",
    "Yarrowby",
    "Zephyrine",
    "Brennstein",
    "Montsclair",
    "Villaroja",
];

/// How they end.
pub(super) const COMPANY_LAST: [&str; 16] = [
    "Logistics",
    "Foods",
    "Analytics",
    "Robotics",
    "Energy",
    "Textiles",
    "Health",
    "Studios",
    "Freight",
    "Optics",
    "GmbH",
    "SARL",
    "Mining",
    "Software",
    "Insurance",
    "Paper",
];

/// The forms that people came by, with their weights; the empty one is of no known source.
pub(super) const FORMS: [(&str, usize); 12] = [
    ("demo", 20),
    ("whitepaper", 16),
    ("webinar", 8),
    ("chat", 8),
    ("pricing", 8),
    ("meeting", 7),
    ("newsletter", 8),
    ("sequence-reply", 8),
    ("cold-call", 3),
    ("trade-fair", 5),
    ("win-back", 5),
    ("", 4),
];

/// First name, last name and address of what is no lead.
pub(super) const SPAM: [(&str, &str, &str); 4] = [
    ("asdf", "qwertz", "asdf"),
    ("WIN A PRIZE", "CLICK HERE", "winner"),
    ("test", "test test", "test"),
    ("xxxxx", "", "free-offer"),
];

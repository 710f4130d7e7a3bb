//! What came of a run: the figures as a table, and what is wrong.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// What is not as it should be.
    pub wrongs: Vec<String>,
    /// What was counted, by name.
    pub figures: Vec<(&'static str, usize)>,
    /// The worst lag of any rep behind or before their due, in leads.
    pub lag: f64,
    /// How long hosts were killed, and how long the end took.
    pub took: (Duration, Duration),
    /// The folder with everything, which stays where something is wrong.
    pub folder: PathBuf,
}

impl Report {
    /// What was counted under this name.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<usize> {
        self.figures.iter().find(|(known, _)| *known == name).map(|(_, count)| *count)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in &self.figures {
            writeln!(f, "{count:>9}  {name}")?;
        }
        let ((killing, end), kills) = (self.took, self.figure("kills").unwrap_or_default());
        let minute = kills as f64 * 60.0 / killing.as_secs_f64().max(0.001);
        writeln!(f, "{:>9.3}  leads at most between a rep and their due", self.lag)?;
        writeln!(f, "{:>9.0}  seconds of killing, {minute:.0} a minute", killing.as_secs_f64())?;
        writeln!(f, "{:>9.0}  seconds until nothing waited and all was proven", end.as_secs_f64())?;
        if self.wrongs.is_empty() {
            return write!(f, "nothing is wrong");
        }
        writeln!(f, "{} things are wrong; all of it is in {}", self.wrongs.len(), self.folder.display())?;
        self.wrongs.iter().take(20).try_for_each(|wrong| writeln!(f, "- {wrong}"))
    }
}

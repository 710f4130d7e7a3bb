//! Who takes a rep's turns while they are not there.

use super::people::nearest;
use super::{Contradiction, Rep, Workspace};

/// Whether a rep's backup can be meant. That backups stand in for each other round a circle can be.
pub(super) fn check(rep: &Rep, workspace: &Workspace, place: usize) -> Result<(), Contradiction> {
    let Some(backup) = &rep.backup else { return Ok(()) };
    let wrong = |message| Err(Contradiction::new(format!("/reps/{place}/backup"), message));
    if *backup == rep.id {
        return wrong(format!("rep `{backup}` is their own backup; name somebody else, or leave the key out"));
    }
    if workspace.rep(backup).is_none() {
        let known = nearest(backup.as_str(), workspace.reps.iter().map(|known| known.id.as_str()));
        return wrong(format!("rep `{}` has the backup `{backup}`, who is not among [[reps]]{known}", rep.id));
    }
    Ok(())
}

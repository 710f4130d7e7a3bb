//! Whether the time zones of a workspace exist.

use rota_domain::workspace::Workspace;

use super::mend::nearest;

/// The first time zone that does not exist: its JSON pointer, and what to say.
pub(super) fn check(workspace: &Workspace) -> Result<(), (String, String)> {
    // The zones that calendars are worked out with: those inside the binary.
    let database = jiff::tz::TimeZoneDatabase::bundled();
    let top = [("/time_zone".to_owned(), Some(&workspace.time_zone))];
    let reps = workspace.reps.iter().enumerate();
    let calendars = workspace.calendars.iter().enumerate();
    let caps = reps.clone().flat_map(|(n, rep)| {
        let caps = rep.caps.iter().enumerate();
        caps.map(move |(m, cap)| (format!("/reps/{n}/caps/{m}/time_zone"), cap.time_zone.as_ref()))
    });
    let zones = top
        .into_iter()
        .chain(reps.map(|(n, rep)| (format!("/reps/{n}/time_zone"), rep.time_zone.as_ref())))
        .chain(caps)
        .chain(calendars.map(|(n, calendar)| (format!("/calendars/{n}/time_zone"), calendar.time_zone.as_ref())));
    for (at, zone) in zones {
        let Some(zone) = zone else { continue };
        if database.get(zone).is_ok() {
            continue;
        }
        let names: Vec<String> = database.available().map(|name| name.as_str().to_owned()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let advice = match nearest(zone, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write an IANA name, such as `Europe/Berlin`".into(),
        };
        return Err((at, format!("there is no time zone `{zone}`; {advice}")));
    }
    Ok(())
}

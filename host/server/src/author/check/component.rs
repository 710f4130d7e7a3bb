//! A component as a host would judge it, and then compiled as a host would compile it.

use rota_domain::limits::Limits;
use rota_rules::{Catalogue, anatomy, inspect};

use super::{Finding, papers};

/// From this part of a limit on, it is worth saying how close it is: nine tenths.
const CLOSE_TENTHS: usize = 9;

pub(super) fn check(component: &[u8]) -> Vec<Finding> {
    let intake = match inspect(component) {
        Ok(intake) => intake,
        Err(refusal) => return vec![refused(&refusal)],
    };
    let mut found = Vec::new();
    papers::manifest(&intake.manifest, "the component's manifest", &mut found);
    match &intake.settings_schema {
        Some(schema) => papers::schema(schema, "the component's settings schema", &mut found),
        None => found.push(papers::no_schema()),
    }
    // Everything that a host does before it asks for the first time.
    match Catalogue::new() {
        Ok(catalogue) => found.extend(catalogue.take_in(component).err().map(|refusal| refused(&refusal))),
        Err(error) => found.push(Finding::problem("this machine", error.to_string(), "try it on another")),
    }
    let limit = Limits::of(intake.manifest.language).component;
    if component.len() > limit / 10 * CLOSE_TENTHS {
        let what = format!("it has {} KiB, and {} KiB are granted", component.len() >> 10, limit >> 10);
        found.push(Finding::hint("the component", what, "leave out dependencies and tables that it does not need"));
    }
    if anatomy(component).is_ok_and(|anatomy| !anatomy.names) {
        let mend = "build it with `rota build`, or keep the name section: strip = \"debuginfo\"";
        found.push(Finding::hint(
            "the component",
            "its functions have no names, which the trace of a panic would show",
            mend,
        ));
    }
    found
}

/// A refusal is one sentence, and its mend stands after the last colon.
fn refused(refusal: &rota_rules::Refusal) -> Finding {
    let (what, mend) = match refusal.detail.rsplit_once(": ").or_else(|| refusal.detail.rsplit_once("; ")) {
        Some((what, mend)) => (what, mend),
        None => (refusal.detail.as_str(), "see the contract in wit/"),
    };
    Finding::problem("the component", format!("{what} [{}]", refusal.code), mend)
}

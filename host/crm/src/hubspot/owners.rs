//! The directory of owners, remembered, so that no owner id is ever sent that HubSpot would
//! not know. Whoever is archived counts as gone.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::Method;
use rota_domain::delivery::Trouble;
use rota_domain::id::OwnerId;
use rota_flow::ports::{Directory, DirectoryOwner};
use tokio::time::Instant;

use super::client::{Call, Errand};
use super::errors::{Failure, Intent};
use super::wire::{self, Page, Paging};

const PAGE_SIZE: &str = "100";
/// Twenty thousand owners, more than any account has; a cursor that never ends stops here.
const MAX_PAGES: usize = 200;
/// A directory older than this is read anew before owners are checked against it, so that
/// those who leave are noticed.
const FRESH: Duration = Duration::from_secs(600);

/// What is remembered of the directory.
#[derive(Default)]
pub(super) struct Owners(RwLock<Option<Arc<Book>>>);

/// A directory as it was read.
pub(super) struct Book {
    owners: BTreeMap<OwnerId, DirectoryOwner>,
    /// User ids, which people take for owner ids.
    users: BTreeMap<String, OwnerId>,
    read: Instant,
}

impl Owners {
    /// Reads the directory anew, the archived owners too.
    pub(super) async fn refresh(&self, errand: &Errand<'_>) -> Result<Arc<Book>, Failure> {
        let mut book = Book { owners: BTreeMap::new(), users: BTreeMap::new(), read: Instant::now() };
        for archived in [true, false] {
            for owner in list(errand, archived).await? {
                book.enter(owner, archived);
            }
        }
        let book = Arc::new(book);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&book));
        Ok(book)
    }

    /// The remembered directory, read anew if it is old or not fit.
    pub(super) async fn fit(&self, errand: &Errand<'_>, fit: impl Fn(&Book) -> bool) -> Result<Arc<Book>, Failure> {
        let remembered = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        match remembered {
            Some(book) if book.read.elapsed() < FRESH && fit(&book) => Ok(book),
            _ => self.refresh(errand).await,
        }
    }
}

impl Book {
    /// The directory as the port has it.
    pub(super) fn directory(&self) -> Directory {
        Directory { owners: self.owners.values().cloned().collect() }
    }

    /// Whether this is an owner who has not left.
    pub(super) fn active(&self, id: &OwnerId) -> bool {
        self.owners.get(id).is_some_and(|owner| !owner.archived)
    }

    /// Whether there is such an owner, or was.
    pub(super) fn knows(&self, id: &OwnerId) -> bool {
        self.owners.contains_key(id)
    }

    /// Refuses whoever cannot own records; `whose` is where the id is written.
    pub(super) fn check(&self, id: &OwnerId, whose: &str) -> Result<(), Failure> {
        let refuse = |why: String| Err(Failure::input(Trouble::Rejected, format!("{why}; nothing was sent")));
        match self.owners.get(id) {
            Some(owner) if owner.archived => refuse(format!(
                "{whose}: the HubSpot owner `{id}`, {}, was deactivated: name another owner, or activate the user again",
                owner.name
            )),
            Some(_) => Ok(()),
            None => match self.users.get(id.as_str()).and_then(|owner| self.owners.get(owner)) {
                Some(owner) => refuse(format!(
                    "{whose}: `{id}` is the HubSpot userId of {}, whose owner id is `{}`: write that instead",
                    owner.name, owner.id
                )),
                None => refuse(format!("{whose}: HubSpot has no owner `{id}`: take an id from its list of owners")),
            },
        }
    }

    fn enter(&mut self, owner: wire::Owner, archived: bool) {
        let id = OwnerId::from(owner.id);
        let names = [owner.first_name, owner.last_name].map(Option::unwrap_or_default);
        let name = names.join(" ").trim().to_owned();
        let email = owner.email.filter(|email| !email.is_empty());
        let name = if name.is_empty() { email.clone().unwrap_or_else(|| format!("owner {id}")) } else { name };
        for user in [owner.user_id, owner.user_id_including_inactive].into_iter().flatten() {
            self.users.insert(user, id.clone());
        }
        let archived = owner.archived.unwrap_or(archived);
        self.owners.insert(id.clone(), DirectoryOwner { id, email, name, archived });
    }
}

/// All pages of the live owners, or of the archived.
async fn list(errand: &Errand<'_>, archived: bool) -> Result<Vec<wire::Owner>, Failure> {
    let about = if archived { "reading the archived owners" } else { "reading the owners" };
    let mut owners = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut url = errand.owners();
        url.query_pairs_mut()
            .append_pair("limit", PAGE_SIZE)
            .append_pair("archived", if archived { "true" } else { "false" });
        if let Some(cursor) = &after {
            url.query_pairs_mut().append_pair("after", cursor);
        }
        let page: Page<wire::Owner> =
            errand.call(Call { method: Method::GET, url, body: None, intent: Intent::Read, about }).await?;
        owners.extend(page.results);
        after = Paging::after(page.paging);
        if after.is_none() {
            return Ok(owners);
        }
    }
    Err(Failure::lost(about, Intent::Read, &format!("HubSpot's list does not end after {MAX_PAGES} pages")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let mut book = Book { owners: BTreeMap::new(), users: BTreeMap::new(), read: Instant::now() };
        let live =
            r#"{"id":"71","userId":5001,"firstName":"Ana","lastName":"Ruiz","email":"ana@x.example","archived":false}"#;
        let left = r#"{"id":72,"userId":null,"userIdIncludingInactive":5002,"firstName":"","archived":true}"#;
        book.enter(serde_json::from_str(live).unwrap(), false);
        book.enter(serde_json::from_str(left).unwrap(), true);
        book
    }

    fn refusal(id: &str) -> String {
        book().check(&OwnerId::from(id), "rep `ana`").unwrap_err().error.detail
    }

    #[test]
    fn an_active_owner_passes() {
        assert!(book().check(&OwnerId::from("71"), "rep `ana`").is_ok());
    }

    #[test]
    fn a_user_id_is_told_from_an_owner_id() {
        assert_eq!(
            refusal("5001"),
            "rep `ana`: `5001` is the HubSpot userId of Ana Ruiz, whose owner id is `71`: write that instead; nothing was sent"
        );
    }

    #[test]
    fn archived_and_unknown_owners_are_refused_with_what_to_do() {
        assert!(refusal("72").contains("owner 72, was deactivated"), "{}", refusal("72"));
        assert!(refusal("99").contains("HubSpot has no owner `99`"), "{}", refusal("99"));
    }
}

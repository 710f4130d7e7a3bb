//! Lists are answered piece by piece: `?after=<cursor>&limit=<n>`, and under `next` the cursor
//! of the piece that follows. A cursor is the key of the last thing shown, so that what is
//! added or taken away meanwhile moves nothing; but where a list has an order of its own and
//! that very thing is gone, it is begun anew.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http::problem::Problem;

/// How many are shown where nobody says it.
const USUAL: u32 = 100;
/// How many are shown at most.
const MOST: u32 = 1000;

/// Which piece of a list. A route with further questions has these two fields of its own, and
/// makes one of these from them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Paging {
    /// What comes after this: `next` of the piece before; the beginning if left out.
    #[serde(default)]
    pub(in crate::http) after: Option<String>,
    /// How many at most: 100 if left out, and never more than 1000.
    #[serde(default)]
    pub(in crate::http) limit: Option<u32>,
}

impl Paging {
    /// How many at most.
    pub(in crate::http) fn limit(&self) -> u32 {
        self.limit.unwrap_or(USUAL).clamp(1, MOST)
    }

    /// The cursor, where cursors are numbers; 0 for the beginning.
    ///
    /// # Errors
    /// When it is none that this list gave.
    pub(in crate::http) fn after_number(&self) -> Result<u64, Problem> {
        match &self.after {
            None => Ok(0),
            Some(text) => text.parse().map_err(|_| unknown(text)),
        }
    }
}

/// A piece of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(in crate::http) struct Page<T> {
    /// The things.
    pub(in crate::http) items: Vec<T>,
    /// Say it as `after` to read on; absent at the end of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) next: Option<String>,
}

impl<T> Page<T> {
    /// A piece from what was read for it: one more than the limit, where there is one more.
    pub(in crate::http) fn read(mut items: Vec<T>, paging: &Paging, key: impl Fn(&T) -> String) -> Self {
        let limit = paging.limit() as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(key);
        Self { items, next }
    }

    /// A piece of a list that is there as a whole, in an order of its own.
    ///
    /// # Errors
    /// When nothing in it has the key that `after` names, or not any more: nobody knows then
    /// where that stood.
    pub(in crate::http) fn cut(all: Vec<T>, paging: &Paging, key: impl Fn(&T) -> String) -> Result<Self, Problem> {
        let from = match &paging.after {
            None => 0,
            Some(after) => 1 + all.iter().position(|item| key(item) == *after).ok_or_else(|| unknown(after))?,
        };
        let rest = all.into_iter().skip(from).take(paging.limit() as usize + 1).collect();
        Ok(Self::read(rest, paging, key))
    }

    /// A piece of a list that is there as a whole and sorted by its keys: it goes on behind
    /// what `after` names, though that be gone meanwhile.
    pub(in crate::http) fn cut_sorted(all: Vec<T>, paging: &Paging, key: impl Fn(&T) -> String) -> Self {
        let behind = |item: &T| paging.after.as_ref().is_none_or(|after| key(item) > *after);
        let rest = all.into_iter().filter(behind).take(paging.limit() as usize + 1).collect();
        Self::read(rest, paging, key)
    }
}

fn unknown(after: &str) -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        kind: "unknown-cursor",
        detail: format!("This list has nothing to go on from at after={after}."),
        mend: "Send `next` of the answer before, or leave `after` out to begin.",
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(after: Option<&str>, limit: u32) -> Paging {
        Paging { after: after.map(Into::into), limit: Some(limit) }
    }

    #[test]
    fn pieces_put_together_are_the_list_and_the_last_has_no_next() {
        let all: Vec<u32> = (0..7).collect();
        let (mut seen, mut after) = (vec![], None);
        loop {
            let page = Page::cut(all.clone(), &paging(after.as_deref(), 3), u32::to_string).expect("a page");
            seen.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_full_last_piece_has_no_next() {
        let page = Page::cut(vec![1, 2], &paging(None, 2), i32::to_string).expect("a page");
        assert_eq!((page.items.len(), page.next), (2, None));
    }

    #[test]
    fn a_sorted_list_goes_on_behind_what_is_gone_meanwhile() {
        let page = Page::cut_sorted(vec!["a", "c", "d"], &paging(Some("b"), 1), |name| (*name).to_owned());
        assert_eq!((page.items, page.next.as_deref()), (vec!["c"], Some("c")));
    }

    #[test]
    fn a_cursor_of_nothing_is_refused() {
        let problem = Page::cut(vec![1, 2], &paging(Some("9"), 2), i32::to_string).expect_err("refused");
        assert_eq!(problem.kind, "unknown-cursor");
        assert!(paging(Some("x"), 2).after_number().is_err());
    }
}

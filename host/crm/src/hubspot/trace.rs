//! The mark of an effect in what it creates. HubSpot creates a task as often as it is told
//! to; the mark in the text is how a second attempt finds what the first one made.

use rota_domain::id::EffectId;

/// The longest body of a note or a task.
const MAX_BODY_CHARS: usize = 65_536;

/// The text with the effect's mark in its last line; what is too long is cut before it.
pub(super) fn marked(body: &str, effect: &EffectId) -> String {
    let mark = mark(effect);
    let room = MAX_BODY_CHARS.saturating_sub(mark.chars().count() + 2);
    let body = match body.char_indices().nth(room) {
        Some((end, _)) => &body[..end],
        None => body,
    };
    let between = if body.trim().is_empty() { "" } else { "\n\n" };
    format!("{}{between}{mark}", body.trim_end())
}

/// Whether a text carries this effect's mark, whatever HubSpot's editor has put around it.
pub(super) fn carries(text: &str, effect: &EffectId) -> bool {
    let mark = mark(effect);
    let ends = |at: usize| !text[at + mark.len()..].starts_with(|next: char| next.is_ascii_alphanumeric());
    text.match_indices(&mark).any(|(at, _)| ends(at))
}

fn mark(effect: &EffectId) -> String {
    format!("Rota {effect}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_in_what_it_was_put_into() {
        let effect = EffectId::from("0192/1");
        let text = marked("Call them\n", &effect);
        assert_eq!(text, "Call them\n\nRota 0192/1");
        assert!(carries(&text, &effect));
        assert!(carries("<p>Call them</p><p>Rota 0192/1</p>", &effect));
        assert_eq!(marked("", &effect), "Rota 0192/1");
    }

    #[test]
    fn the_first_effect_is_not_taken_for_the_eleventh() {
        assert!(!carries("Rota 0192/11", &EffectId::from("0192/1")));
        assert!(carries("Rota 0192/11 Rota 0192/1.", &EffectId::from("0192/1")));
    }

    #[test]
    fn a_long_text_is_cut_and_keeps_its_mark() {
        let effect = EffectId::from("0192/1");
        let text = marked(&"ü".repeat(70_000), &effect);
        assert!(text.chars().count() <= MAX_BODY_CHARS);
        assert!(carries(&text, &effect));
    }
}

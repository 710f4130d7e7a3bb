//! One line of a transcript, as people read it.

use serde_json::Value;

use super::{FAILED, PLUGIN, RETURNED};

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The function; `plugin`, `returned` and `failed` begin and end a section.
    pub call: String,
    /// What was asked, as a list.
    pub args: Value,
    /// What was answered.
    pub answer: Value,
    /// The failure with which the call ended the guest.
    pub stop: Option<Value>,
}

impl Line {
    /// What a line says, if it can be read.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let mut parts = serde_json::from_str::<Vec<Value>>(line).ok()?.into_iter();
        let (Some(Value::String(call)), Some(args), Some(answer)) = (parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        // Functions without arguments are written with null.
        let args = match args {
            Value::Array(_) => args,
            Value::Null => Value::Array(Vec::new()),
            other => Value::Array(vec![other]),
        };
        let frame = [PLUGIN, RETURNED, FAILED].contains(&call.as_str());
        let stop = parts.next().filter(|_| !frame);
        parts.next().is_none().then_some(Self { call, args, answer, stop })
    }
}

//! Batches that HubSpot refuses whole because of some input: taken apart until only what is
//! at fault has failed.

use rota_domain::delivery::Trouble;
use rota_flow::ports::CrmError;

use super::errors::{Blame, Failure};

/// What became of one input of a call.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// It is done.
    Done,
    /// The call passed over it: it has to be sent by itself.
    Alone,
    /// It failed, and sending it by itself would not help.
    Failed(CrmError),
}

/// Something that sends inputs, several in a batch or one by itself.
pub(super) trait Sender<I>: Sync {
    /// Sends these, at least one; says of each, in order, what became of it. A failure is
    /// all of theirs. One by itself is sent in the way that tells most.
    fn send(&self, inputs: &[I]) -> impl Future<Output = Result<Vec<Piece>, Failure>> + Send;

    /// Whether this failure of a batch condemns this input without another call.
    fn condemned(&self, input: &I, failure: &Failure) -> bool;
}

/// Sends inputs in batches of up to `size`, and says of each what became of it.
///
/// A batch that one input spoils is halved, not sent one by one: a hundred inputs with one
/// bad one take some fourteen calls then, of the hundred that ten seconds allow.
pub(super) async fn send<I, S: Sender<I>>(sender: &S, inputs: Vec<I>, size: usize) -> Vec<(I, Result<(), CrmError>)> {
    let mut settled = Vec::with_capacity(inputs.len());
    let mut todo = chunks(inputs, size);
    let mut stopped: Option<CrmError> = None;
    while let Some(mut part) = todo.pop() {
        if let Some(error) = &stopped {
            settled.extend(part.into_iter().map(|input| (input, Err(error.clone()))));
            continue;
        }
        match sender.send(&part).await {
            Ok(pieces) => {
                // What is not told of is unknown, never taken for done.
                let pieces = pieces.into_iter().chain(std::iter::repeat_with(|| Piece::Failed(untold())));
                let alone = part.len() == 1;
                for (input, piece) in part.into_iter().zip(pieces) {
                    match piece {
                        Piece::Done => settled.push((input, Ok(()))),
                        Piece::Alone if !alone => todo.push(vec![input]),
                        Piece::Alone => settled.push((input, Err(untold()))),
                        Piece::Failed(error) => settled.push((input, Err(error))),
                    }
                }
            }
            Err(failure) if failure.blame == Blame::Input && part.len() > 1 => {
                let (bad, mut rest): (Vec<_>, Vec<_>) =
                    part.into_iter().partition(|input| sender.condemned(input, &failure));
                if bad.is_empty() {
                    let half = rest.split_off(rest.len() / 2);
                    todo.extend([half, rest]);
                } else {
                    settled.extend(bad.into_iter().map(|input| (input, Err(failure.error.clone()))));
                    todo.extend((!rest.is_empty()).then_some(rest));
                }
            }
            Err(failure) => {
                if failure.blame == Blame::Connection {
                    stopped = Some(failure.error.clone());
                }
                settled.extend(part.drain(..).map(|input| (input, Err(failure.error.clone()))));
            }
        }
    }
    settled
}

/// The last chunk comes first off the end, so they are turned round.
fn chunks<T>(mut inputs: Vec<T>, size: usize) -> Vec<Vec<T>> {
    let mut chunks = Vec::new();
    while inputs.len() > size {
        let rest = inputs.split_off(size);
        chunks.push(std::mem::replace(&mut inputs, rest));
    }
    chunks.push(inputs);
    chunks.retain(|chunk| !chunk.is_empty());
    chunks.reverse();
    chunks
}

/// An answer does not say what became of an input.
pub(super) fn untold() -> CrmError {
    CrmError {
        trouble: Trouble::Unknown,
        detail:
            "HubSpot's answer to a batch does not say what became of this one; it is looked at before it is sent again"
                .into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Takes numbers; refuses calls that hold a multiple of 50, passes over multiples of 30.
    struct Numbers(Mutex<Vec<usize>>);

    impl Sender<u32> for Numbers {
        async fn send(&self, inputs: &[u32]) -> Result<Vec<Piece>, Failure> {
            self.0.lock().unwrap().push(inputs.len());
            if inputs.iter().any(|n| n % 50 == 0) {
                return Err(Failure::input(Trouble::Rejected, "a bad one".into()));
            }
            let alone = inputs.len() == 1;
            Ok(inputs.iter().map(|n| if n % 30 == 0 && !alone { Piece::Alone } else { Piece::Done }).collect())
        }

        fn condemned(&self, _: &u32, _: &Failure) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn one_bad_input_of_a_hundred_fails_alone_in_fewer_than_twenty_calls() {
        let sender = Numbers(Mutex::default());
        let settled = send(&sender, (1..100).collect(), 100).await;
        let failed: Vec<u32> = settled.iter().filter(|(_, outcome)| outcome.is_err()).map(|(n, _)| *n).collect();
        assert_eq!((settled.len(), failed), (99, vec![50]));
        let calls = sender.0.into_inner().unwrap();
        assert!(calls.len() < 20, "{calls:?}");
    }

    #[tokio::test]
    async fn inputs_go_out_in_order_and_in_chunks() {
        let sender = Numbers(Mutex::default());
        send(&sender, (101..=125).collect(), 10).await;
        let calls = sender.0.into_inner().unwrap();
        assert_eq!(calls[0], 10);
        assert_eq!(chunks(vec![1, 2, 3, 4, 5], 2), [vec![5], vec![3, 4], vec![1, 2]]);
        assert!(chunks(Vec::<u8>::new(), 2).is_empty());
    }
}

//! A component on its way in. Nothing of this process has looked into one that lies in a file:
//! it is the workshop's child that reads it first.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::fd::AsRawFd as _;

use rota_domain::id::Digest;
use rota_domain::rule::ErrorCode;

use crate::intake::Refusal;

/// A component that somebody sends in.
#[derive(Clone, Copy, Debug)]
pub enum Incoming<'a> {
    /// Here already.
    Bytes(&'a [u8]),
    /// In a file, which nobody else writes.
    File {
        /// The file, open for reading.
        file: &'a File,
        /// The digest of its bytes, as they arrived.
        digest: &'a Digest,
        /// How many they are.
        bytes: u64,
    },
}

impl<'a> Incoming<'a> {
    /// Its digest.
    pub(crate) fn digest(&self) -> Digest {
        match self {
            Self::Bytes(bytes) => Digest::of(bytes),
            Self::File { digest, .. } => (*digest).clone(),
        }
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File { bytes, .. } => usize::try_from(*bytes).unwrap_or(usize::MAX),
        }
    }

    /// Its bytes. A child had the file in its hands: they are read only if they are those that
    /// arrived.
    ///
    /// # Errors
    /// When they are not, or the file cannot be read.
    pub fn whole(&self) -> Result<Cow<'a, [u8]>, Refusal> {
        let (mut file, digest, bytes) = match *self {
            Self::Bytes(bytes) => return Ok(bytes.into()),
            Self::File { file, digest, bytes } => (file, digest, bytes),
        };
        let refuse = |why: &str| Refusal::new(ErrorCode::Compile, format!("the component {why}: send it again"));
        let mut whole = Vec::with_capacity(self.size());
        let read = file.rewind().and_then(|()| file.take(bytes + 1).read_to_end(&mut whole));
        read.map_err(|error| refuse(&format!("could not be read where it was put aside ({error})")))?;
        if Digest::of(&whole) != *digest {
            return Err(refuse("was changed where it was put aside"));
        }
        Ok(whole.into())
    }

    /// The file opened once more, for reading only and from its beginning; nothing, where there
    /// is no file, or where the system cannot do it.
    pub(crate) fn reopened(&self) -> Option<File> {
        let Self::File { file, .. } = self else { return None };
        File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
    }
}

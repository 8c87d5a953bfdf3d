//! Files: what is attached to issues, byte by byte.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// What a file consists of. A made one costs no memory, however big it is.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Written")]
pub enum FileContent {
    /// These bytes.
    Kept(Bytes),
    /// Noise that its seed determines, as many bytes as `size` says.
    #[allow(missing_docs, reason = "the line above tells what the fields are")]
    Made { size: u64, seed: u64 },
}

/// The content as JSON has it: `{"text": "…"}`, `{"base64": "…"}`, or noise, `{"made": {"size": 5000000, "seed": 1}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum Written {
    #[serde(rename = "text")]
    Text(String),
    #[serde(rename = "base64")]
    Base64(String),
    #[serde(rename = "made")]
    Made { size: u64, seed: u64 },
}

impl TryFrom<Written> for FileContent {
    type Error = base64::DecodeError;

    fn try_from(written: Written) -> Result<Self, base64::DecodeError> {
        Ok(match written {
            Written::Text(text) => Self::Kept(text.into()),
            Written::Base64(text) => Self::Kept(BASE64_STANDARD.decode(text)?.into()),
            Written::Made { size, seed } => Self::Made { size, seed },
        })
    }
}

/// A file with its digest. It never changes, so all versions of an issue share it.
#[derive(Clone, Debug)]
pub(super) struct File {
    content: FileContent,
    /// SHA-256, in hexadecimal.
    pub sha256: Arc<str>,
}

/// How much of a file is handed out, or hashed, at once.
pub(super) const CHUNK: u64 = 64 << 10;

impl FileContent {
    /// In bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Kept(bytes) => bytes.len() as u64,
            Self::Made { size, .. } => *size,
        }
    }

    /// How many bytes of memory it takes.
    pub(super) fn kept(&self) -> u64 {
        match self {
            Self::Kept(bytes) => bytes.len() as u64,
            Self::Made { .. } => 0,
        }
    }

    /// A part of it; the caller has seen to it that there is such a part.
    fn part(&self, range: Range<u64>) -> Bytes {
        match self {
            // What is kept is in memory, so its places fit into a `usize`.
            Self::Kept(bytes) => bytes.slice(range.start as usize..range.end as usize),
            Self::Made { seed, .. } => noise(*seed, range),
        }
    }
}

/// Contents can be long and private: only the size is shown.
impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileContent({} bytes)", self.size())
    }
}

impl File {
    pub(super) fn new(content: FileContent) -> Self {
        let mut digest = Sha256::new();
        chunks(0..content.size()).for_each(|chunk| digest.update(content.part(chunk)));
        Self { content, sha256: hex(&digest.finalize()).into() }
    }

    /// In bytes.
    pub(super) fn size(&self) -> u64 {
        self.content.size()
    }

    /// How many bytes of memory it takes.
    pub(super) fn kept(&self) -> u64 {
        self.content.kept()
    }

    /// A part of it, piece by piece; as much of it as there is.
    pub(super) fn pieces(&self, range: Range<u64>) -> impl Iterator<Item = Bytes> + Send + 'static {
        let end = range.end.min(self.size());
        let content = self.content.clone();
        chunks(range.start.min(end)..end).map(move |chunk| content.part(chunk))
    }

    /// A part of it in one piece.
    pub(super) fn part(&self, range: Range<u64>) -> Bytes {
        let end = range.end.min(self.size());
        self.content.part(range.start.min(end)..end)
    }
}

/// Bytes as people write digests down.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn chunks(range: Range<u64>) -> impl Iterator<Item = Range<u64>> + Send + 'static {
    let Range { start, end } = range;
    let begin = move |n: u64| start + n * CHUNK;
    (0..).map(begin).take_while(move |&from| from < end).map(move |from| from..end.min(from + CHUNK))
}

/// Each word of eight bytes follows from the seed and its place alone, so that a part costs no more than its own length.
fn noise(seed: u64, range: Range<u64>) -> Bytes {
    const WORD: u64 = 8;
    let first = range.start / WORD;
    let mut bytes = BytesMut::new();
    (first..range.end.div_ceil(WORD)).for_each(|place| bytes.put_u64(scrambled(seed.wrapping_add(place))));
    let skipped = (range.start - first * WORD) as usize;
    bytes.freeze().slice(skipped..skipped + (range.end - range.start) as usize)
}

/// SplitMix64, a mixer whose outputs pass for random.
fn scrambled(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_made_file_fit_together() {
        let file = File::new(FileContent::Made { size: 200_003, seed: 7 });
        let whole = file.part(0..u64::MAX);
        assert_eq!(whole.len(), 200_003);
        for range in [0..1, 3..21, 65_530..131_080, 199_999..200_003] {
            let part: Vec<u8> = file.pieces(range.clone()).flatten().collect();
            assert_eq!(part, whole[range.start as usize..range.end as usize], "{range:?}");
        }
        assert!(file.pieces(300_000..400_000).next().is_none());
    }

    #[test]
    fn a_file_is_told_from_others_by_its_digest() {
        let kept = |text: &'static str| File::new(FileContent::Kept(text.into()));
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(&*kept("abc").sha256, of_abc);
        let made = |seed| File::new(FileContent::Made { size: 100_000, seed });
        assert_ne!(made(1).sha256, made(2).sha256);
        let same = File::new(FileContent::Kept(made(1).part(0..100_000)));
        assert_eq!(made(1).sha256, same.sha256);
    }
}

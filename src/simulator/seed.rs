//! Randomness in the simulated world: every draw depends only on the seed and its purpose.
//!
//! Every purpose has its own stream (the hash of the seed, an id and a word), so a new object does not affect others.

use serde::{Deserialize, Serialize};

/// The seed of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Seed(pub(crate) u64);

/// A stream of numbers.
pub(crate) struct Stream(u64);

impl Seed {
    /// The stream for this purpose.
    pub(crate) fn stream(self, of: &[&str]) -> Stream {
        // FNV-1a over the parts, each terminated by a byte that never occurs in UTF-8.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ mix(self.0);
        for part in of {
            for byte in part.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Stream(hash)
    }

    /// A GUID for this purpose.
    pub(crate) fn guid(self, of: &[&str]) -> String {
        let mut stream = self.stream(of);
        let bytes = (u128::from(stream.draw()) << 64 | u128::from(stream.draw())).to_be_bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

impl Stream {
    /// The next 64 bits (splitmix64).
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `0..end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.draw() % end }
    }

    /// A number in `0..1`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Random bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.draw().to_be_bytes()).flatten().take(count).collect()
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

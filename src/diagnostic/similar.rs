//! The word that was probably meant, at a cost that neither long words nor many of them drive up.

/// Longest word that is compared, in bytes.
const MAX_LENGTH: usize = 80;
/// Maximum number of words that are considered, and of these that are compared letter by letter.
const MAX_WORDS: usize = 5_000;
const MAX_COMPARED: usize = 32;
/// The least similarity of a word that may be meant.
const CUTOFF: f32 = 0.6;

/// The word of `known` that is closest to `written`, if one is close enough to be meant. Of a great number of words,
/// the first are considered.
pub fn closest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if written.len() > MAX_LENGTH {
        return None;
    }
    let letters = Letters::of(written);
    let words = known.into_iter().take(MAX_WORDS).filter(|word| word.len() <= MAX_LENGTH);
    let mut near: Vec<(f32, &str)> =
        words.map(|word| (letters.at_most(word), word)).filter(|(ratio, _)| *ratio >= CUTOFF).collect();
    if near.len() > MAX_COMPARED {
        // Stable, so that the words that are left keep their order among equals.
        near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        near.truncate(MAX_COMPARED);
    }
    let near: Vec<&str> = near.into_iter().map(|(_, word)| word).collect();
    ::similar::get_close_matches(written, &near, 1, CUTOFF).into_iter().next()
}

/// How often each byte is in a word.
struct Letters {
    counts: [u8; 256],
    length: usize,
    is_ascii: bool,
}

impl Letters {
    fn of(word: &str) -> Self {
        let mut counts = [0_u8; 256];
        word.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
        Self { counts, length: word.len(), is_ascii: word.is_ascii() }
    }

    /// An upper bound of the similarity with a word: as if all letters in common were in the same order.
    fn at_most(&self, word: &str) -> f32 {
        // Bytes are no letters outside of ASCII.
        if !self.is_ascii || !word.is_ascii() {
            return 1.0;
        }
        let mut left = self.counts;
        let mut common = 0_u16;
        for byte in word.bytes() {
            let count = &mut left[usize::from(byte)];
            if *count > 0 {
                *count -= 1;
                common += 1;
            }
        }
        let length = u16::try_from(self.length + word.len()).unwrap_or(u16::MAX);
        2.0 * f32::from(common) / f32::from(length.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_word_is_found_among_many_similar_ones() {
        let known: Vec<String> = (0..4_000).map(|at| format!("name{at}")).collect();
        assert_eq!(closest("nam17", known.iter().map(String::as_str)), Some("name17"));
        assert_eq!(closest("zzz", known.iter().map(String::as_str)), None);
    }

    #[test]
    fn long_words_are_not_compared() {
        let long = "a".repeat(MAX_LENGTH + 1);
        assert_eq!(closest(&long, [long.as_str()]), None);
        assert_eq!(closest("subnet", [long.as_str(), "subnets"]), Some("subnets"));
    }

    #[test]
    fn bound_is_never_below_the_similarity() {
        for (one, other) in [("location", "loaction"), ("é", "e"), ("", "a"), ("tags", "gats"), ("naïve", "naive")] {
            let near = !::similar::get_close_matches(one, &[other], 1, CUTOFF).is_empty();
            assert!(!near || Letters::of(one).at_most(other) >= CUTOFF, "{one} {other}");
        }
    }
}

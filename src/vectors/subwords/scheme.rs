//! How a word is cut into n-grams, and how n-grams are hashed.

/// How a word is cut into n-grams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    /// Fewest characters of an n-gram, brackets included.
    pub shortest: usize,
    /// Most characters of an n-gram, brackets included.
    pub longest: usize,
    /// fastText leaves out the bare brackets `<` and `>`, and gives `</s>` no n-grams at all;
    /// finalfusion does neither.
    pub fasttext_rules: bool,
}

/// fastText's end-of-sentence token, which has no n-grams.
const END_OF_SENTENCE: &[u8] = b"</s>";

impl Scheme {
    /// Calls `visit` with every n-gram of `<word>`: by rising start, then by rising length (the
    /// order of fastText's `Dictionary::computeSubwords`; finalfusion promises none).
    ///
    /// Characters are UTF-8 code points; in broken UTF-8 every byte that is no continuation byte
    /// starts one, as in fastText.
    pub fn for_each_ngram(&self, word: &[u8], mut visit: impl FnMut(&[u8])) {
        if self.fasttext_rules && word == END_OF_SENTENCE {
            return;
        }
        let mut wrapped = Vec::with_capacity(word.len() + 2);
        wrapped.push(b'<');
        wrapped.extend_from_slice(word);
        wrapped.push(b'>');
        let is_start = |at: usize| wrapped.get(at).is_none_or(|byte| byte & 0xC0 != 0x80);
        for start in (0..wrapped.len()).filter(|&at| is_start(at)) {
            let ends = (start + 1..=wrapped.len()).filter(|&at| is_start(at));
            for (length, end) in (1..=self.longest).zip(ends) {
                let bare_bracket = length == 1 && (start == 0 || end == wrapped.len());
                if length >= self.shortest && !(bare_bracket && self.fasttext_rules) {
                    visit(&wrapped[start..end]);
                }
            }
        }
    }
}

/// fastText's hash (`Dictionary::hash`): 32-bit FNV-1a in which each byte is widened as a signed
/// number before the exclusive or, so that bytes from 0x80 on flip the upper bits as well.
pub fn fasttext_hash(ngram: &[u8]) -> u32 {
    ngram.iter().fold(2_166_136_261, |hash: u32, &byte| {
        (hash ^ i32::from(byte as i8) as u32).wrapping_mul(16_777_619)
    })
}

/// finalfusion's hash (`StrWithCharLen::hash` with the `fnv` crate): 64-bit FNV-1a over the number
/// of characters as a little-endian u64, then each character as a little-endian u32. Broken UTF-8
/// counts as U+FFFD.
pub fn finalfusion_hash(ngram: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(ngram);
    let length = (text.chars().count() as u64).to_le_bytes();
    let characters = text.chars().flat_map(|character| u32::from(character).to_le_bytes());
    length.into_iter().chain(characters).fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ngrams(word: &str, shortest: usize, longest: usize, fasttext_rules: bool) -> Vec<String> {
        let mut found = Vec::new();
        Scheme { shortest, longest, fasttext_rules }
            .for_each_ngram(word.as_bytes(), |ngram| found.push(String::from_utf8_lossy(ngram).into_owned()));
        found
    }

    #[test]
    fn bare_brackets_are_left_out_by_fasttext_only() {
        assert_eq!(ngrams("où", 1, 3, true), ["<o", "<où", "o", "où", "où>", "ù", "ù>"]);
        assert_eq!(ngrams("o", 1, 1, false), ["<", "o", ">"]);
        assert_eq!(ngrams("a", 3, 6, true), ["<a>"]);
        assert_eq!(
            ngrams("日本語", 3, 6, true),
            ["<日本", "<日本語", "<日本語>", "日本語", "日本語>", "本語>"]
        );
    }

    #[test]
    fn the_end_of_a_sentence_has_no_ngrams_in_fasttext() {
        assert!(ngrams("</s>", 2, 4, true).is_empty());
        assert!(!ngrams("</s>", 2, 4, false).is_empty());
    }

    #[test]
    fn a_longest_of_none_gives_none() {
        assert!(ngrams("king", 0, 0, true).is_empty());
        assert!(ngrams("king", 5, 3, true).is_empty());
    }

    #[test]
    fn broken_utf8_is_cut_at_bytes_that_start_a_character() {
        let mut found = Vec::new();
        Scheme { shortest: 2, longest: 2, fasttext_rules: true }
            .for_each_ngram(b"a\xff\x80", |ngram| found.push(ngram.to_vec()));
        assert_eq!(found, [b"<a".to_vec(), b"a\xff\x80".to_vec(), b"\xff\x80>".to_vec()]);
    }

    #[test]
    fn fasttext_hashes_bytes_as_signed() {
        for (ngram, hash) in [
            ("a", 0xe40c_292c),
            ("<a>", 0x8c9c_d1f0),
            ("the>", 0x9522_6b86),
            ("où", 0xab68_df7a),
            ("é", 0x3cfa_68c1),
            ("日本", 0xf837_8251),
            ("<пр", 0x9129_6d53),
        ] {
            assert_eq!(fasttext_hash(ngram.as_bytes()), hash, "{ngram}");
        }
    }

    /// From the tests of finalfusion 0.18 (subword.rs): buckets of 2^21.
    #[test]
    fn finalfusion_hashes_length_and_code_points() {
        for (ngram, bucket) in [("Dan", 214_157), ("iël", 233_912), ("<Dani", 2_065_822), ("lo>", 75_867)] {
            assert_eq!(finalfusion_hash(ngram.as_bytes()) & ((1 << 21) - 1), bucket, "{ngram}");
        }
    }
}

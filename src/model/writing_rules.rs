//! What a checkpoint wants of the texts that it writes: `generation_config.json`, or the same keys in the
//! config.json of older ones. Meaning of the keys: the logits processors of transformers 5.24
//! (generation/logits_process.py), in the order in which `generate` applies them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Rules for tokens that are written; [`WritingRules::default`] has none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WritingRules {
    /// Tokens that end a text.
    pub ends: BTreeSet<u32>,
    /// Tokens that are never written.
    pub never: BTreeSet<u32>,
    /// Tokens that do not come first.
    pub not_first: BTreeSet<u32>,
    /// The only tokens that may stand at a place of what a decoder writes; its start token stands at 0.
    pub only: BTreeMap<usize, BTreeSet<u32>>,
    /// A text does not end before it has so many tokens.
    pub fewest: usize,
    /// No so many tokens stand in a text twice; 0 allows all.
    pub no_repeat: usize,
    /// What logits of tokens that are there already are divided by, or multiplied with where they are
    /// below 0; 1 changes none (Keskar et al. 2019, section 4.1).
    pub repetition_penalty: Option<f32>,
}

impl WritingRules {
    /// The rules in a configuration, and a sentence for each that is not followed.
    pub fn read(value: &Value) -> (Self, Vec<String>) {
        let mut remarks = Vec::new();
        let one = |key: &str| value.get(key).and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let size = |key: &str| value.get(key).and_then(Value::as_u64).map_or(0, |size| size as usize);
        let ids_at = |key: &str| value.get(key).map(ids).unwrap_or_default();
        let mut never = ids_at("suppress_tokens");
        for words in value.get("bad_words_ids").and_then(Value::as_array).into_iter().flatten() {
            match words.as_array().map(Vec::as_slice) {
                Some([word]) => never.extend(ids(word)),
                _ => remarks.push(format!("bad_words_ids {words} is not followed: it is of several tokens")),
            }
        }
        let mut only = forced(value);
        if let Some(first) = one("forced_bos_token_id") {
            only.insert(1, BTreeSet::from([first]));
        }
        if size("num_beams") > 1 {
            let beams = size("num_beams");
            remarks.push(format!("num_beams {beams} is not followed: one text is written, without beams"));
        }
        let penalty = value.get("repetition_penalty").and_then(Value::as_f64).map(|penalty| penalty as f32);
        let rules = Self {
            ends: ids_at("eos_token_id"),
            never,
            not_first: ids_at("begin_suppress_tokens"),
            only,
            fewest: size("min_length"),
            no_repeat: size("no_repeat_ngram_size"),
            repetition_penalty: penalty.filter(|&penalty| penalty > 0.0 && penalty != 1.0),
        };
        (rules, remarks)
    }

    /// The first place from `place` on that is not settled by [`WritingRules::only`].
    pub fn first_free(&self, place: usize) -> usize {
        (place..).find(|place| !self.only.contains_key(place)).unwrap_or(place)
    }

    /// Changes `logits` of the token behind `text`; `first` is the first place that is free, see
    /// [`WritingRules::first_free`].
    pub fn apply(&self, text: &[u32], first: usize, logits: &mut [f32]) {
        let place = text.len();
        if let Some(penalty) = self.repetition_penalty {
            for &id in &BTreeSet::from_iter(text.iter().copied()) {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit = if *logit < 0.0 { *logit * penalty } else { *logit / penalty };
                }
            }
        }
        let mut banned: BTreeSet<u32> = self.never.clone();
        banned.extend(repeating(text, self.no_repeat));
        if place < self.fewest {
            banned.extend(&self.ends);
        }
        if place == first {
            banned.extend(&self.not_first);
        }
        for id in banned {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit = f32::NEG_INFINITY;
            }
        }
        if let Some(only) = self.only.get(&place) {
            // A single one is written whatever the logits say.
            let single = if only.len() == 1 { only.first() } else { None };
            for (id, logit) in logits.iter_mut().enumerate() {
                if single == Some(&(id as u32)) {
                    *logit = 0.0;
                } else if !only.contains(&(id as u32)) {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
    }
}

/// Tokens that would make the last `size` tokens of `text` stand in it twice.
fn repeating(text: &[u32], size: usize) -> Vec<u32> {
    let Some(begun) = size.checked_sub(1).filter(|&begun| begun <= text.len()) else { return Vec::new() };
    let end = &text[text.len() - begun..];
    text.windows(size).filter(|window| window[..begun] == *end).map(|window| window[begun]).collect()
}

/// One id, or a list of them.
fn ids(value: &Value) -> BTreeSet<u32> {
    let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Value::Array(list) => list.iter().filter_map(id).collect(),
        one => id(one).into_iter().collect(),
    }
}

/// What Whisper begins with. Older configurations name the tokens (`forced_decoder_ids`, pairs of a place
/// and a token); newer ones tell the tokens of languages and tasks, of which it chooses the language:
/// transcribed, without times.
fn forced(value: &Value) -> BTreeMap<usize, BTreeSet<u32>> {
    let mut only = BTreeMap::new();
    if let Some(languages) = value.get("lang_to_id").and_then(Value::as_object) {
        only.insert(1, languages.values().flat_map(ids).collect::<BTreeSet<u32>>());
        only.insert(2, value.pointer("/task_to_id/transcribe").map(ids).unwrap_or_default());
        only.insert(3, value.get("no_timestamps_token_id").map(ids).unwrap_or_default());
        only.retain(|_, tokens: &mut BTreeSet<u32>| !tokens.is_empty());
        return only;
    }
    for pair in value.get("forced_decoder_ids").and_then(Value::as_array).into_iter().flatten() {
        if let Some([place, token]) = pair.as_array().map(Vec::as_slice)
            && let Some(place) = place.as_u64()
        {
            let tokens = ids(token);
            if !tokens.is_empty() {
                only.insert(place as usize, tokens);
            }
        }
    }
    only
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(rules: &WritingRules, text: &[u32], first: usize) -> usize {
        let mut logits = vec![4.0, 3.0, 2.0, 1.0, -1.0];
        rules.apply(text, first, &mut logits);
        (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap()
    }

    #[test]
    fn tokens_are_banned_and_forced_where_the_file_says() {
        let (rules, remarks) = WritingRules::read(&json!({
            "eos_token_id": [0], "min_length": 4, "suppress_tokens": [1], "begin_suppress_tokens": [2],
            "forced_bos_token_id": 4, "bad_words_ids": [[3], [2, 3]], "num_beams": 4,
        }));
        assert_eq!(remarks.len(), 2, "{remarks:?}");
        assert_eq!(rules.first_free(1), 2);
        assert_eq!(chosen(&rules, &[9], 2), 4, "the first token is settled");
        assert_eq!(chosen(&rules, &[9, 4], 2), 4, "0 is too early, 1 and 3 never, 2 not first");
        assert_eq!(chosen(&rules, &[9, 4, 2], 2), 2, "0 is too early");
        assert_eq!(chosen(&rules, &[9, 4, 2, 2], 2), 0);
    }

    #[test]
    fn nothing_is_said_twice() {
        let (rules, _) = WritingRules::read(&json!({"no_repeat_ngram_size": 2}));
        assert_eq!(chosen(&rules, &[0, 0], 0), 1);
        assert_eq!(chosen(&rules, &[1, 0], 0), 0);
        let (rules, _) = WritingRules::read(&json!({"no_repeat_ngram_size": 1}));
        assert_eq!(chosen(&rules, &[0, 1], 0), 2);
        let (rules, _) = WritingRules::read(&json!({"repetition_penalty": 1.5}));
        assert_eq!(chosen(&rules, &[0, 1], 0), 0);
        let (rules, _) = WritingRules::read(&json!({"repetition_penalty": 2.5}));
        assert_eq!(chosen(&rules, &[0, 1], 0), 2);
    }

    #[test]
    fn whisper_begins_as_its_file_says() {
        let older = json!({"forced_decoder_ids": [[1, null], [2, 7]]});
        assert_eq!(WritingRules::read(&older).0.only, BTreeMap::from([(2, BTreeSet::from([7]))]));
        let newer = json!({"lang_to_id": {"<|en|>": 5, "<|de|>": 6}, "task_to_id": {"transcribe": 8},
            "no_timestamps_token_id": 9, "forced_decoder_ids": [[1, 1]]});
        let only = WritingRules::read(&newer).0.only;
        assert_eq!(only[&1], BTreeSet::from([5, 6]));
        assert_eq!((only[&2].first(), only[&3].first()), (Some(&8), Some(&9)));
    }
}

//! How much longer a text may become in a tokenizer's hands.
//!
//! Replacements one after the other multiply: forty that write a letter twice make a terabyte of it.
//! Those of real models put three bytes in place of a blank, once.

use serde_json::Value;

/// What no text grows by in a tokenizer of a real model.
const MOST: u128 = 4096;

/// Why a tokenizer's file, a `tokenizer.json`, is not to be used on any text: its replacements
/// together can make a text longer than that of any real model.
pub fn objection(file: &Value) -> Option<String> {
    ["normalizer", "pre_tokenizer", "decoder"].iter().find_map(|part| {
        let growth = growth(file.get(part)?);
        (growth > MOST)
            .then(|| format!("a {part} whose replacements make a text {growth} times as long, or longer"))
    })
}

/// At most how many times as long a text becomes; capped, as it is a product.
fn growth(step: &Value) -> u128 {
    let parts = ["normalizers", "pretokenizers", "decoders"];
    if let Some(steps) = parts.iter().find_map(|name| step.get(name)?.as_array()) {
        return steps
            .iter()
            .map(growth)
            .fold(1, |all, one| all.saturating_mul(one).min(u128::from(u64::MAX)));
    }
    let length = |value: Option<&Value>| value.and_then(Value::as_str).map(|text| text.len() as u128);
    let Some(content) = length(step.get("content")).filter(|_| step["type"] == "Replace") else { return 1 };
    let pattern = step.get("pattern");
    match length(pattern.and_then(|pattern| pattern.get("String"))) {
        Some(replaced @ 1..) => content.div_ceil(replaced).max(1),
        // An expression may match one character, or stand between any two.
        _ => content + 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn replace(pattern: Value, content: &str) -> Value {
        json!({"type": "Replace", "pattern": pattern, "content": content})
    }

    #[test]
    fn replacements_multiply() {
        let blank = replace(json!({"String": " "}), "▁");
        assert_eq!(growth(&blank), 3);
        assert_eq!(growth(&replace(json!({"String": "``"}), "\"")), 1);
        assert_eq!(growth(&replace(json!({"Regex": ""}), "xx")), 3);
        assert_eq!(growth(&json!({"type": "Sequence", "normalizers": [blank, blank, {"type": "NFC"}]})), 9);
        assert_eq!(growth(&Value::Null), 1);
    }

    #[test]
    fn what_doubles_forty_times_is_not_used() {
        let twice = replace(json!({"String": "x"}), "xx");
        let sequence = |count: usize| json!({"type": "Sequence", "normalizers": vec![twice.clone(); count]});
        assert_eq!(objection(&json!({"normalizer": sequence(12)})), None);
        let objection = objection(&json!({"normalizer": sequence(40)})).unwrap();
        assert!(objection.contains("normalizer") && objection.contains("1099511627776"), "{objection}");
        assert!(
            super::objection(&json!({"decoder": {"type": "Sequence", "decoders": vec![twice; 400]}}))
                .is_some()
        );
    }
}

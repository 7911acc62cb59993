//! Patterns of a `tokenizer.json`, put so that they mean here what they mean to its makers.
//!
//! The reference builds of the tokenizers library match with Oniguruma in Ruby's syntax, this one with
//! fancy-regex. They differ in one thing that patterns in use have: `{1,3}+`, as in newer forms of
//! OpenAI's cl100k pattern, is a possessive repetition to fancy-regex; to Oniguruma it is the
//! repetition of `{1,3}`, since ONIG_SYNTAX_RUBY lacks ONIG_SYN_OP2_PLUS_POSSESSIVE_INTERVAL.

use serde_json::Value;

/// Puts every pattern in `file` into this library's words; whether any changed.
pub fn translate(file: &mut Value) -> bool {
    match file {
        Value::Object(members) => {
            let mut changed = false;
            for (name, member) in members.iter_mut() {
                match (name.as_str(), &member) {
                    ("Regex", Value::String(pattern)) => {
                        if let Some(translated) = repeated_intervals(pattern) {
                            *member = Value::String(translated);
                            changed = true;
                        }
                    }
                    // A vocabulary has no patterns, and many members.
                    ("vocab" | "merges", _) => {}
                    _ => changed |= translate(member),
                }
            }
            changed
        }
        Value::Array(items) => items.iter_mut().fold(false, |changed, item| translate(item) | changed),
        _ => false,
    }
}

/// `pattern` with `x{n,m}+` as `(?:x{n,m})+`; `None` where there is none.
fn repeated_intervals(pattern: &str) -> Option<String> {
    let characters: Vec<char> = pattern.chars().collect();
    let mut out: Vec<char> = Vec::with_capacity(characters.len() + 8);
    // Where the last whole item begins in `out`, and those that open groups enclose.
    let (mut item, mut groups) = (0, Vec::new());
    let (mut at, mut changed) = (0, false);
    while at < characters.len() {
        let length = match characters[at] {
            '{' => interval(&characters[at..]),
            _ => None,
        };
        if let Some(length) = length {
            out.extend(&characters[at..at + length]);
            at += length;
            if characters.get(at) == Some(&'+') {
                out.splice(item..item, "(?:".chars());
                out.push(')');
                changed = true;
            }
            continue;
        }
        let end = at + item_length(&characters[at..]);
        match characters[at] {
            '(' => groups.push(out.len()),
            ')' => item = groups.pop().unwrap_or(out.len()),
            '*' | '+' | '?' => {}
            _ => item = out.len(),
        }
        out.extend(&characters[at..end]);
        at = end;
    }
    changed.then(|| out.into_iter().collect())
}

/// The length of `{n}`, `{n,}`, `{,m}` or `{n,m}` where one begins.
fn interval(rest: &[char]) -> Option<usize> {
    let end = rest.iter().position(|&character| character == '}')?;
    let inside = &rest[1..end];
    let digits = inside.iter().all(|character| character.is_ascii_digit() || *character == ',');
    let commas = inside.iter().filter(|&&character| character == ',').count();
    (digits && commas <= 1 && inside.len() > commas).then_some(end + 1)
}

/// The length of the item that begins here: an escape with its braces, a class, or one character.
fn item_length(rest: &[char]) -> usize {
    match rest[0] {
        '\\' => match (rest.get(1), rest.get(2)) {
            (Some('p' | 'P' | 'x' | 'k' | 'g'), Some('{')) => {
                rest.iter().position(|&character| character == '}').map_or(rest.len(), |end| end + 1)
            }
            _ => rest.len().min(2),
        },
        '[' => class_length(rest),
        _ => 1,
    }
}

/// The length of a class, with those inside it.
fn class_length(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 1,
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(r"\p{N}{1,3}+", r"(?:\p{N}{1,3})+")]
    #[case(r"a|[^\r\n\p{L}]{2}+b", r"a|(?:[^\r\n\p{L}]{2})+b")]
    #[case(r"(?:ab(c)){1,}+|x", r"(?:(?:ab(c)){1,})+|x")]
    #[case(r"a\{{2}+", r"a(?:\{{2})+")]
    #[case(r"[\]a[b]]{,3}+", r"(?:[\]a[b]]{,3})+")]
    fn a_repeated_interval_is_repeated(#[case] pattern: &str, #[case] expected: &str) {
        assert_eq!(repeated_intervals(pattern).as_deref(), Some(expected));
    }

    #[rstest]
    #[case(r" ?[^\s\p{L}\p{N}]++[\r\n]*")]
    #[case(r"\p{N}{1,3}")]
    #[case(r"\p{L}?+")]
    #[case(r"\{1,3}+")]
    #[case(r"[{1,3}+]")]
    #[case("{")]
    #[case("a{x}+")]
    #[case("")]
    #[case("[")]
    #[case("\\")]
    fn other_patterns_stay_as_they_are(#[case] pattern: &str) {
        assert_eq!(repeated_intervals(pattern), None);
    }

    #[test]
    fn patterns_are_found_wherever_they_stand() {
        let mut file = json!({"pre_tokenizer": {"pretokenizers": [{"pattern": {"Regex": "a{1,2}+"}}]},
            "model": {"vocab": {"Regex": 3}}});
        assert!(translate(&mut file));
        assert_eq!(file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"], "(?:a{1,2})+");
        assert!(!translate(&mut file), "once is enough");
    }
}

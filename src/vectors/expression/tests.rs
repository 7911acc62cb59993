use proptest::prelude::*;

use super::*;
use crate::vectors::formats::{Flaws, Parts};
use crate::vectors::{Rows, Vocabulary};

fn parsed(text: &str) -> Expression {
    Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn weights(text: &str) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    parsed(text).root.visit(1.0, &mut |weight, leaf| found.push((leaf.to_string(), weight)));
    found
}

fn error(text: &str) -> (usize, String) {
    match Expression::parse(text) {
        Err(VectorsError::Syntax { column, message }) => (column, message),
        other => panic!("{text}: {other:?}"),
    }
}

fn named(pairs: &[(&str, f64)]) -> Vec<(String, f64)> {
    pairs.iter().map(|(word, weight)| ((*word).to_owned(), *weight)).collect()
}

#[test]
fn sums_weights_and_signs() {
    assert_eq!(weights("king - man + woman"), named(&[("king", 1.0), ("man", -1.0), ("woman", 1.0)]));
    assert_eq!(weights("2*king"), named(&[("king", 2.0)]));
    assert_eq!(weights("0.5 king"), named(&[("king", 0.5)]));
    assert_eq!(weights("king * 2 / 4"), named(&[("king", 0.5)]));
    assert_eq!(
        weights("-(king - 2 (man + woman))/2"),
        named(&[("king", -0.5), ("man", 1.0), ("woman", 1.0)])
    );
    assert_eq!(weights("2 * -king"), named(&[("king", -2.0)]));
    assert_eq!(weights("king \u{2212} man"), named(&[("king", 1.0), ("man", -1.0)]));
    assert_eq!(weights("--king"), named(&[("king", 1.0)]));
}

#[test]
fn hyphens_inside_words_and_numbers_as_words() {
    assert_eq!(weights("mother-in-law -mother"), named(&[("mother-in-law", 1.0), ("mother", -1.0)]));
    assert_eq!(weights("king- man"), named(&[("king", 1.0), ("man", -1.0)]));
    assert_eq!(
        weights("1999 - 1998 + 2012"),
        named(&[("\"1999\"", 1.0), ("\"1998\"", -1.0), ("\"2012\"", 1.0)])
    );
    assert_eq!(weights("'New York' + food"), named(&[("\"New York\"", 1.0), ("food", 1.0)]));
    assert_eq!(weights("'s + 'c++' - 'll"), named(&[("'s", 1.0), ("\"c++\"", 1.0), ("'ll", -1.0)]));
    assert_eq!(weights("inf + nan + 's"), named(&[("inf", 1.0), ("nan", 1.0), ("'s", 1.0)]));
}

#[test]
fn quotes_take_everything() {
    assert_eq!(parsed("\"new york\"").as_word(), Some("new york"));
    assert_eq!(parsed(r#""a\"b\\c""#).as_word(), Some(r#"a"b\c"#));
    assert_eq!(parsed("\"c++\" - \"and/or\"").words(), ["c++", "and/or"]);
}

#[test]
fn errors_name_the_column_and_the_way_out() {
    let cases = [
        ("2*(king - man", 3, "open parenthesis at column 3 is never closed"),
        ("king man", 6, "operator is missing"),
        ("king)", 5, "never opened"),
        ("king -", 7, "missing at the end"),
        ("king * man", 8, "cannot be multiplied"),
        ("and/or", 5, "\"and/or\""),
        ("king / 0", 8, "divides by zero"),
        ("\"king", 1, "never closed"),
        ("[0.1, x]", 7, "not a number"),
        ("[0.1", 1, "never closed"),
        ("2 * 3", 1, "no word"),
        ("\"\"", 1, "empty"),
        ("* king", 1, "missing before *"),
    ];
    for (text, column, part) in cases {
        let (found, message) = error(text);
        assert_eq!(found, column, "{text}: {message}");
        assert!(message.contains(part), "{text}: {message}");
    }
    assert!(matches!(Expression::parse(" \t"), Err(VectorsError::EmptyQuery)));
    assert!(Expression::parse(&"(".repeat(100_000)).is_err());
    assert!(Expression::parse(&format!("{}king", "-".repeat(100_000))).is_ok());
    assert!(Expression::parse(&format!("2*{}king", "-".repeat(100_000))).is_ok());
}

fn small() -> WordVectors {
    let rows = ndarray::array![[3.0, 0.0], [0.0, 0.5], [0.0, 0.0], [1.0, 1.0], [-2.0, -2.0]];
    let parts = Parts {
        format: "word2vec binary".into(),
        vocabulary: Vocabulary::from_words(["east", "north", "nothing", "both", "not-both"]),
        rows: Rows::Owned(rows),
        subwords: None,
        flaws: Flaws::default(),
    };
    WordVectors::from_parts("small", None, parts)
}

#[test]
fn words_count_as_unit_vectors() {
    let evaluated = parsed("east + north - 0 * both").evaluate(&small()).unwrap();
    let half = 0.5f32.sqrt();
    assert!((evaluated.vector[0] - half).abs() < 1e-6 && (evaluated.vector[1] - half).abs() < 1e-6);
    assert!((evaluated.length - 2f64.sqrt()).abs() < 1e-6);
    assert_eq!(evaluated.rows, [0, 1, 3]);
    let literal = parsed("[0, 2] + east").evaluate(&small()).unwrap();
    assert!((f64::from(literal.vector[1]) - 2.0 / 5f64.sqrt()).abs() < 1e-6);
}

#[test]
fn what_has_no_direction_says_why() {
    for (text, part) in [
        ("east - east", "cancel"),
        ("both + not-both", "cancel"),
        ("nothing", "all zero"),
        ("[1, 2, 3]", "3 dimensions"),
        ("east-north", "did you mean east - north"),
        ("1e300*east + 1e308*1e300*0*north", "too large"),
    ] {
        let message = match Expression::parse(text).and_then(|expression| expression.evaluate(&small())) {
            Err(error) => error.to_string(),
            Ok(evaluated) => panic!("{text}: {evaluated:?}"),
        };
        assert!(message.contains(part), "{text}: {message}");
    }
}

fn nodes() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        "[a-z0-9.\"\\\\ +*/()\\[\\]'\u{e9}-]{1,6}".prop_map(Node::Word),
        prop::collection::vec(-1e30f64..1e30, 1..4).prop_map(Node::Literal),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (-1e6f64..1e6, inner.clone()).prop_map(|(factor, node)| node.scaled(factor)),
            inner.clone().prop_map(|node| node.scaled(-1.0)),
            prop::collection::vec((any::<bool>(), inner), 2..4).prop_map(|mut parts| {
                parts[0].0 = false;
                Node::Sum(parts)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_shown_reads_the_same(root in nodes()) {
        let expression = Expression { root };
        let shown = expression.to_string();
        let again = Expression::parse(&shown);
        prop_assert!(again.is_ok(), "{shown}: {again:?}");
        prop_assert_eq!(again.unwrap(), expression, "{}", shown);
    }

    #[test]
    fn no_text_panics(text in "[ -~\u{e9}\u{2212}\t]{0,40}") {
        if let Ok(expression) = Expression::parse(&text) {
            prop_assert_eq!(Expression::parse(&expression.to_string()).unwrap(), expression);
        }
    }

    #[test]
    fn no_character_panics(text in any::<String>()) {
        let _ = Expression::parse(&text);
    }
}

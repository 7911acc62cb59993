//! Neighbours, analogies, similarities and the odd one out against gensim's answers.

mod support;

use lexiscope::progress::Progress;
use lexiscope::vectors::analogy::{self, Method};
use lexiscope::vectors::compare::{odd_one_out, similarity};
use lexiscope::vectors::expression::Expression;
use lexiscope::vectors::neighbours::{Options, neighbours};
use lexiscope::vectors::search::Hit;
use lexiscope::vectors::{WordVectors, open};
use serde_json::Value;
use support::{golden, json};

const TOLERANCE: f64 = 1e-4;

fn model() -> (WordVectors, Value) {
    let vectors = open::open(&golden("vectors/word2vec.bin"), &Progress::unobserved()).unwrap();
    (vectors, json(&golden("vectors/expected.json"))["word2vec"].clone())
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// The same words in the same order with the same scores.
fn assert_same(vectors: &WordVectors, hits: &[Hit], expected: &Value, what: &str) {
    let expected = expected.as_array().unwrap();
    assert_eq!(hits.len(), expected.len(), "{what}");
    for (hit, expected) in hits.iter().zip(expected) {
        assert_eq!(vectors.vocabulary().display(hit.row), expected[0].as_str().unwrap(), "{what}");
        let gap = (hit.score - expected[1].as_f64().unwrap()).abs();
        assert!(gap < TOLERANCE, "{what}: {} {expected}", hit.score);
    }
}

#[test]
fn neighbours_are_those_of_gensim() {
    let (vectors, expected) = model();
    for (word, expected) in expected["neighbors"].as_object().unwrap() {
        let options = Options { count: expected.as_array().unwrap().len(), ..Options::default() };
        let answer =
            neighbours(&vectors, &Expression::word(word), &options, &Progress::unobserved()).unwrap();
        assert_same(&vectors, &answer.hits, expected, word);
    }
}

#[test]
fn analogies_are_those_of_gensim() {
    let (vectors, expected) = model();
    for (key, method) in [("analogy_3cosadd", Method::CosAdd), ("analogy_3cosmul", Method::CosMul)] {
        for question in expected[key].as_array().unwrap() {
            let [a, b, c] = texts(&question[0])[..] else { panic!("{question}") };
            let options = Options { count: question[1].as_array().unwrap().len(), ..Options::default() };
            let solved =
                analogy::solve(&vectors, a, b, c, method, &options, &Progress::unobserved()).unwrap();
            assert_same(&vectors, &solved.answer.hits, &question[1], &format!("{key} {b} - {a} + {c}"));
        }
    }
}

#[test]
fn an_expression_is_the_analogy_that_it_spells() {
    let (vectors, expected) = model();
    for question in expected["analogy_3cosadd"].as_array().unwrap() {
        let [a, b, c] = texts(&question[0])[..] else { panic!("{question}") };
        let expression = Expression::parse(&format!("\"{b}\" - \"{a}\" + \"{c}\"")).unwrap();
        let options = Options { count: question[1].as_array().unwrap().len(), ..Options::default() };
        let answer = neighbours(&vectors, &expression, &options, &Progress::unobserved()).unwrap();
        assert_same(&vectors, &answer.hits, &question[1], &expression.to_string());
    }
}

#[test]
fn similarities_are_those_of_gensim() {
    let (vectors, expected) = model();
    for triple in expected["similarity"].as_array().unwrap() {
        let (first, second) = (triple[0].as_str().unwrap(), triple[1].as_str().unwrap());
        let found = similarity(&vectors, first, second).unwrap();
        assert!((found - triple[2].as_f64().unwrap()).abs() < TOLERANCE, "{triple} {found}");
    }
}

#[test]
fn the_odd_one_out_is_that_of_gensim() {
    let (vectors, expected) = model();
    for question in expected["doesnt_match"].as_array().unwrap() {
        let words = texts(&question[0]);
        let found = odd_one_out(&vectors, &words).unwrap();
        assert_eq!(words[found.index], question[1].as_str().unwrap());
    }
}

#[test]
fn shares_add_up_to_the_score() {
    let (vectors, expected) = model();
    let options = Options::default();
    for question in expected["analogy_3cosadd"].as_array().unwrap() {
        let [a, b, c] = texts(&question[0])[..] else { panic!("{question}") };
        let solved =
            analogy::solve(&vectors, a, b, c, Method::CosAdd, &options, &Progress::unobserved()).unwrap();
        let best = solved.answer.hits[0];
        let why = analogy::explain(&vectors, a, b, c, best.row, &options, &Progress::unobserved()).unwrap();
        assert!((why.score - best.score).abs() < 1e-6);
        let terms: f64 = why.terms.iter().map(|term| term.share).sum();
        let dimensions: f64 = why.dimensions.iter().map(|dimension| dimension.share).sum();
        assert!((terms - best.score).abs() < 1e-6 && (dimensions - best.score).abs() < 1e-6);
        assert!(why.dimensions.windows(2).all(|pair| pair[0].share.abs() >= pair[1].share.abs()));
        assert!(why.with_asked.len() == 10 && why.with_asked[0].score >= best.score);
        let c_neighbours = neighbours(
            &vectors,
            &Expression::word(c),
            &Options { count: vectors.len(), exclude_query: false, ..Options::default() },
            &Progress::unobserved(),
        )
        .unwrap();
        // As `neighbors` counts them: the word itself is none of its neighbours.
        let others = c_neighbours.hits.iter().filter(|hit| Some(hit.row) != solved.asked[2].row);
        let place =
            others.collect::<Vec<_>>().iter().position(|hit| hit.row == best.row).map(|place| place + 1);
        assert_eq!(why.rank_for_c, place);
        assert!(why.rank_for_offset.is_some());
    }
}

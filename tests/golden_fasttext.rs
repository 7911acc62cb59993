//! fastText models against the answers of fastText itself (and of gensim where it says more).

mod support;

use lexiscope::progress::Progress;
use lexiscope::vectors::expression::Expression;
use lexiscope::vectors::formats::fasttext;
use lexiscope::vectors::neighbours::{Options, neighbours};
use lexiscope::vectors::search::Hit;
use lexiscope::vectors::{VectorsError, WordVectors, analogy};
use serde_json::Value;
use support::{assert_close, golden, json, read, vector};

const TOLERANCE: f64 = 1e-4;

/// The expected answers' names, and the files that they are about.
const MODELS: [(&str, &str); 4] = [
    ("fasttext_skipgram", "fasttext_skipgram.bin"),
    ("fasttext_cbow_no_subwords", "fasttext_cbow_no_subwords.bin"),
    ("fasttext_quantized", "fasttext_quantized.ftz"),
    ("fasttext_quantized_qnorm_cutoff", "fasttext_quantized_qnorm_cutoff.ftz"),
];

/// Calls `check` with every model, its name and what is expected of it.
fn each_model(check: impl Fn(&str, &WordVectors, &Value)) {
    let expected = json(&golden("vectors/expected.json"));
    assert!(MODELS.iter().any(|(name, _)| expected.get(name).is_some()), "no fastText model is expected");
    for (name, file) in MODELS.into_iter().filter(|(name, _)| expected.get(name).is_some()) {
        let vectors = read(fasttext::read, &golden("vectors").join(file));
        check(name, &vectors, &expected[name]);
    }
}

fn entries<'a>(expected: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    expected[key].as_object().into_iter().flatten()
}

fn length(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|number| number * number).sum::<f64>().sqrt()
}

/// Some expected vectors are given with length 1, others as the model has them.
fn in_the_length_of(expected: &Value, mut found: Vec<f32>) -> Vec<f32> {
    let wanted = length(expected.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()));
    if (wanted - 1.0).abs() < 1e-6 {
        let own = length(found.iter().map(|&number| f64::from(number)));
        found.iter_mut().for_each(|number| *number = (f64::from(*number) / own) as f32);
    }
    found
}

fn is_zero(numbers: &Value) -> bool {
    numbers.as_array().unwrap().iter().all(|number| number.as_f64() == Some(0.0))
}

/// The same words in the same order, with their scores to the tolerance.
fn assert_answers(vectors: &WordVectors, hits: &[Hit], expected: &Value, what: &str) {
    let expected = expected.as_array().unwrap();
    assert_eq!(hits.len(), expected.len(), "{what}");
    for (rank, (hit, expected)) in hits.iter().zip(expected).enumerate() {
        let (word, score) = (expected[0].as_str().unwrap(), expected[1].as_f64().unwrap());
        let found = vectors.vocabulary().display(hit.row);
        assert!(
            (hit.score - score).abs() <= TOLERANCE,
            "{what}, rank {rank}: {found} {} for {word} {score}",
            hit.score
        );
        assert_eq!(found, word, "{what}, rank {rank}");
    }
}

#[test]
fn vocabularies_are_the_same() {
    each_model(|name, vectors, expected| {
        assert_eq!(vectors.len() as u64, expected["words"].as_u64().unwrap(), "{name}");
        for (row, word) in expected["first"].as_array().into_iter().flatten().enumerate() {
            assert_eq!(vectors.vocabulary().display(row), word.as_str().unwrap(), "{name}");
        }
        if let (Some(subwords), Some(shortest)) = (vectors.subwords(), expected["minn"].as_u64()) {
            assert_eq!(subwords.scheme().shortest as u64, shortest, "{name}");
            assert_eq!(Some(subwords.scheme().longest as u64), expected["maxn"].as_u64(), "{name}");
        }
    });
}

#[test]
fn word_vectors_are_the_same() {
    each_model(|name, vectors, expected| {
        for (word, numbers) in entries(expected, "vectors") {
            match vector(vectors, word) {
                Some(found) => {
                    let found = in_the_length_of(numbers, found);
                    assert_close(&found, numbers, TOLERANCE, &format!("{name}: {word}"));
                }
                // fastText gives a zero vector to what it cannot know; we give none.
                None => assert!(is_zero(numbers), "{name}: no vector for {word}"),
            }
        }
    });
}

/// fastText lists the word itself first, by its row; then its n-grams, by the rows of their buckets.
#[test]
fn subwords_and_their_rows_are_the_same() {
    each_model(|name, vectors, expected| {
        for (word, listed) in entries(expected, "subwords") {
            let row = vectors.vocabulary().row(word);
            let ngrams = vectors.subwords().map_or_else(Vec::new, |model| model.ngrams(word.as_bytes()));
            let own = row.map(|row| (word.clone(), row));
            let others = ngrams
                .iter()
                .map(|ngram| (String::from_utf8(ngram.bytes.clone()).unwrap(), ngram.row.unwrap()));
            let (texts, rows): (Vec<String>, Vec<usize>) = own.into_iter().chain(others).unzip();
            assert_eq!(serde_json::to_value(texts).unwrap(), listed[0], "{name}: {word}");
            assert_eq!(serde_json::to_value(rows).unwrap(), listed[1], "{name}: {word}");
        }
    });
}

#[test]
fn neighbours_are_the_same() {
    each_model(|name, vectors, expected| {
        for key in ["neighbors", "gensim_neighbors"] {
            for (word, answers) in entries(expected, key) {
                let what = format!("{name}, {key}: {word}");
                let count = answers.as_array().unwrap().len();
                let options = Options { count, ..Options::default() };
                let found = neighbours(vectors, &Expression::word(word), &options, &Progress::unobserved());
                match found {
                    Ok(answer) => assert_answers(vectors, &answer.hits, answers, &what),
                    // fastText lists words at 0.0 for a zero vector; to us the word is unknown.
                    Err(VectorsError::UnknownWord { .. }) => {
                        assert!(is_zero(&expected["vectors"][word]), "{what}");
                    }
                    Err(error) => panic!("{what}: {error}"),
                }
            }
        }
    });
}

/// fastText asks A - B + C; that is b : a :: c : ? here.
#[test]
fn analogies_are_the_same() {
    each_model(|name, vectors, expected| {
        for question in expected["analogies"].as_array().into_iter().flatten() {
            let [a, b, c] = [0, 1, 2].map(|index| question[0][index].as_str().unwrap());
            let options = Options { count: question[1].as_array().unwrap().len(), ..Options::default() };
            let found =
                analogy::solve(vectors, b, a, c, analogy::Method::CosAdd, &options, &Progress::unobserved())
                    .unwrap();
            assert_answers(vectors, &found.answer.hits, &question[1], &format!("{name}: {a} - {b} + {c}"));
        }
    });
}

#[test]
fn a_word_that_no_subword_knows_is_an_unknown_word() {
    let vectors = read(fasttext::read, &golden("vectors/fasttext_cbow_no_subwords.bin"));
    let asked = Expression::word("kingliness");
    let error = neighbours(&vectors, &asked, &Options::default(), &Progress::unobserved()).unwrap_err();
    assert!(matches!(error, VectorsError::UnknownWord { .. }), "{error}");
}

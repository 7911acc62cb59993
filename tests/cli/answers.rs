//! What every command answers, in all four formats, from the shipped vectors and from files.

use std::fs;

use serde_json::Value;

use super::{answer, golden, json, lexiscope};

const FORMATS: [&str; 4] = ["plain", "json", "csv", "tsv"];

/// Path of a fixture of these tests.
fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/cli/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn path(name: &str) -> String {
    golden(name).to_str().unwrap().to_owned()
}

fn words(answer: &Value) -> Vec<&str> {
    answer["results"].as_array().unwrap().iter().map(|result| result["word"].as_str().unwrap()).collect()
}

/// Lines of a separated answer, split; only for answers without quoted fields.
fn fields(text: &str, separator: char) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(separator).collect()).collect()
}

#[test]
fn man_is_to_king_as_woman_is_to_queen() {
    let text = answer(&["analogy", "man", "king", "woman"]);
    let first = text.lines().find(|line| line.trim_start().starts_with('1')).unwrap();
    assert_eq!(first.split_whitespace().nth(1), Some("queen"), "{text}");
}

#[test]
fn lists_have_the_documented_json_shape() {
    let found = json(&["analogy", "man", "king", "woman", "-k", "3"]);
    let keys: Vec<&String> = found.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["query", "method", "results"]);
    assert_eq!(found["method"], "3cosadd");
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for (index, result) in results.iter().enumerate() {
        let keys: Vec<&String> = result.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["rank", "word", "score"]);
        assert_eq!(result["rank"], index + 1);
    }
    // One byte a number costs less than a hundredth.
    assert!((results[0]["score"].as_f64().unwrap() - 0.770).abs() < 0.01, "{found}");
}

#[test]
fn every_list_says_the_same_in_every_format() {
    let commands: [&[&str]; 4] = [
        &["neighbors", "king"],
        &["analogy", "man", "king", "woman"],
        &["query", "king - man + woman"],
        &["odd-one-out", "breakfast", "cereal", "dinner", "lunch", "volcano"],
    ];
    for command in commands {
        let [plain, json, csv, tsv] =
            FORMATS.map(|format| answer(&[command, &["--format", format]].concat()));
        let json: Value = serde_json::from_str(&json).unwrap();
        let expected: Vec<(String, f64)> = json["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| (result["word"].as_str().unwrap().to_owned(), result["score"].as_f64().unwrap()))
            .collect();
        for (text, separator) in [(csv, ','), (tsv, '\t')] {
            let lines = fields(&text, separator);
            assert_eq!(lines[0], ["rank", "word", "score"], "{command:?}");
            let found: Vec<(String, f64)> =
                lines[1..].iter().map(|line| (line[1].to_owned(), line[2].parse().unwrap())).collect();
            assert_eq!(found, expected, "{command:?}");
        }
        for (word, score) in &expected {
            let line = plain.lines().rfind(|line| line.split_whitespace().nth(1) == Some(word));
            let line = line.unwrap_or_else(|| panic!("{command:?}: {word} is missing\n{plain}"));
            assert!(line.ends_with(&format!("{score:.4}")), "{line} {score}");
        }
    }
}

#[test]
fn neighbours_of_a_file_are_those_of_gensim() {
    let expected: Value = serde_json::from_slice(&fs::read(golden("expected.json")).unwrap()).unwrap();
    for (word, neighbours) in expected["word2vec"]["neighbors"].as_object().unwrap() {
        let found = json(&["neighbors", word, "--vectors", &path("word2vec.bin")]);
        for (result, neighbour) in
            found["results"].as_array().unwrap().iter().zip(neighbours.as_array().unwrap())
        {
            assert_eq!(result["word"], neighbour[0], "neighbours of {word}");
            let difference = result["score"].as_f64().unwrap() - neighbour[1].as_f64().unwrap();
            assert!(difference.abs() < 1e-4, "{word}: {result} {neighbour}");
        }
    }
}

#[test]
fn the_environment_names_the_vectors_and_the_option_wins() {
    let mut command = lexiscope();
    command.env("LEXISCOPE_VECTORS", golden("word2vec.bin")).args(["info", "--format", "json"]);
    let found: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(found["words"], 2383);
    let mut command = lexiscope();
    command.env("LEXISCOPE_VECTORS", "/nowhere").args(["similarity", "earth", "heavens"]);
    command.arg("--vectors").arg(golden("word2vec.bin")).assert().success();
}

#[test]
fn a_folder_with_one_vector_file_is_that_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(golden("word2vec.bin"), folder.path().join("w.bin")).unwrap();
    fs::write(folder.path().join("README.md"), "not vectors\n").unwrap();
    let found = json(&["neighbors", "offerings", "--vectors", folder.path().to_str().unwrap()]);
    assert_eq!(words(&found)[0], "sacrifices");
}

#[test]
fn methods_have_their_names_and_aliases() {
    for (typed, name) in
        [("3cosmul", "3cosmul"), ("mul", "3cosmul"), ("add", "3cosadd"), ("direction", "pair-direction")]
    {
        let found = json(&["analogy", "man", "king", "woman", "--method", typed]);
        assert_eq!(found["method"], name);
    }
    let mul = json(&["analogy", "man", "king", "woman", "--method", "3cosmul"]);
    assert_eq!(words(&mul)[0], "queen");
}

#[test]
fn asked_words_win_only_when_allowed() {
    let found = json(&["analogy", "man", "king", "woman", "--include-query"]);
    assert_eq!(words(&found)[..2], ["king", "queen"]);
    assert_eq!(words(&json(&["neighbors", "king", "--include-query", "-k", "1"])), ["king"]);
    assert!(!words(&json(&["neighbors", "king", "-k", "50"])).contains(&"king"));
    let found = json(&["query", "king - man + woman", "--include-query", "-k", "1"]);
    assert_eq!(words(&found), ["king"]);
}

#[test]
fn filters_narrow_the_answers() {
    let found = json(&["neighbors", "king", "--pattern", "^qu", "-k", "3"]);
    assert!(words(&found).iter().all(|word| word.starts_with("qu")), "{found}");
    let only = fixture("words.txt");
    let found = json(&["neighbors", "queen", "--only", &only]);
    assert_eq!(words(&found)[0], "king");
    assert_eq!(words(&found).len(), 5, "the list has five words");
    // The most frequent thousand words: some neighbours are rarer, so the list changes.
    let frequent = json(&["neighbors", "king", "--ranks", "1..1000", "-k", "5"]);
    let anywhere = json(&["neighbors", "king", "-k", "5"]);
    assert_eq!(words(&frequent).len(), 5);
    assert_ne!(words(&frequent), words(&anywhere));
}

#[test]
fn a_query_may_be_numbers_or_a_file_with_numbers() {
    let vectors = path("word2vec.txt");
    let text = fs::read_to_string(&vectors).unwrap();
    let line = text.lines().find(|line| line.starts_with("earth ")).unwrap();
    let numbers = line.strip_prefix("earth ").unwrap();
    let expected = json(&["query", "earth", "--include-query", "--vectors", &vectors]);
    assert_eq!(words(&expected)[0], "earth");
    let literal = json(&["query", &format!("[{numbers}]"), "--vectors", &vectors]);
    assert_eq!(literal["results"], expected["results"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vector.txt");
    fs::write(&file, numbers.replace(' ', ",\n")).unwrap();
    let from_file = json(&["query", &format!("@{}", file.display()), "--vectors", &vectors]);
    assert_eq!(from_file["results"], expected["results"]);
}

#[test]
fn similarity_is_one_number() {
    let found = json(&["similarity", "king", "queen"]);
    // 0.751 in f32.
    assert!((found["similarity"].as_f64().unwrap() - 0.751).abs() < 0.01, "{found}");
    let csv = answer(&["similarity", "king", "queen", "--format", "csv"]);
    assert!(csv.starts_with("a,b,similarity\nking,queen,0.7"), "{csv}");
    let plain = answer(&["similarity", "king", "queen"]);
    assert!(plain.lines().last().unwrap().starts_with("similarity  0.7"), "{plain}");
}

#[test]
fn the_odd_one_is_named() {
    let found = json(&["odd-one-out", "breakfast", "cereal", "dinner", "lunch", "volcano"]);
    assert_eq!(found["odd_one_out"], "volcano");
    assert_eq!(found["results"][0]["word"], "volcano");
}

#[test]
fn subwords_show_ngrams_buckets_and_shares() {
    let arguments = ["subwords", "kingliness", "--vectors", &path("fasttext_skipgram.bin")];
    let found = json(&arguments);
    assert_eq!(found["in_vocabulary"], false);
    let ngrams = found["ngrams"].as_array().unwrap();
    assert_eq!(ngrams.len(), 34);
    assert_eq!(ngrams[0]["ngram"], "<ki");
    assert!(ngrams.iter().all(|ngram| ngram["bucket"].is_u64()));
    let shares: f64 = ngrams.iter().map(|ngram| ngram["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-4, "{shares}");
    for format in FORMATS {
        assert!(answer(&[&arguments[..], &["--format", format]].concat()).contains("<kin"));
    }
    let few = json(&[&arguments[..], &["-k", "3"]].concat());
    assert_eq!(few["ngrams"].as_array().unwrap().len(), 3);
}

#[test]
fn an_unseen_word_is_answered_through_subwords() {
    let found = json(&["neighbors", "kingliness", "--vectors", &path("fasttext_skipgram.bin")]);
    assert_eq!(words(&found)[0], "greatness");
}

#[test]
fn an_evaluation_counts_in_integers() {
    let found = json(&["evaluate", &fixture("questions.txt")]);
    let sections = found["sections"].as_array().unwrap();
    assert_eq!(sections[0]["name"], "family");
    assert_eq!((&sections[0]["total"], &sections[1]["total"]), (&Value::from(3), &Value::from(2)));
    let count =
        |name: &str| (found[name]["correct"].as_u64().unwrap(), found[name]["total"].as_u64().unwrap());
    assert_eq!((count("semantic").1, count("syntactic").1, count("total").1), (3, 2, 5));
    assert_eq!(count("semantic").0 + count("syntactic").0, count("total").0);
    assert!(count("total").0 >= 3, "{found}");
    assert_eq!((&found["protocol"], &found["method"]), (&Value::from("glove"), &Value::from("3cosadd")));
    let honest = json(&["evaluate", &fixture("questions.txt"), "--protocol", "honest"]);
    assert_eq!(honest["total"]["total"], 6, "an unknown word is wrong, not left out");
    let csv = answer(&["evaluate", &fixture("questions.txt"), "--format", "csv"]);
    let lines = fields(&csv, ',');
    assert_eq!(lines[0][..3], ["name", "correct", "total"]);
    assert_eq!(lines.last().unwrap()[0], "total");
    assert!(answer(&["evaluate", &fixture("questions.txt"), "--format", "tsv"]).starts_with("name\tcorrect"));
    assert!(answer(&["evaluate", &fixture("questions.txt")]).contains("semantic"));
}

#[test]
fn word_pairs_are_recognised_by_content() {
    let found = json(&["evaluate", &fixture("pairs.txt")]);
    assert_eq!((&found["pairs"], &found["missing"]), (&Value::from(5), &Value::from(1)));
    for name in ["spearman", "pearson"] {
        let correlation = found[name].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&correlation), "{name} {correlation}");
    }
    for format in FORMATS {
        assert!(answer(&["evaluate", &fixture("pairs.txt"), "--format", format]).contains("spearman"));
    }
}

#[test]
fn conversions_keep_the_answers() {
    let source = path("word2vec.bin");
    let expected = json(&["neighbors", "offerings", "--vectors", &source]);
    let folder = tempfile::tempdir().unwrap();
    let targets = [
        ("a.bin", "word2vec binary"),
        ("a.vec", "word2vec text"),
        ("a.txt", "GloVe text"),
        ("a.safetensors", "safetensors"),
        ("a.fifu", "finalfusion"),
    ];
    for (name, format) in targets {
        let file = folder.path().join(name);
        let file = file.to_str().unwrap();
        answer(&["convert", &source, file]);
        assert_eq!(json(&["info", file])["format"], format);
        let found = json(&["neighbors", "offerings", "--vectors", file]);
        assert_eq!(found["results"], expected["results"], "{name}");
    }
    let small = folder.path().join("small.safetensors");
    let small = small.to_str().unwrap();
    let report = json(&["convert", &source, small, "--int8"]);
    assert_eq!(report["words"], 2383);
    assert_eq!(words(&json(&["neighbors", "offerings", "--vectors", small]))[0], "sacrifices");
    let odd = folder.path().join("named.bin");
    answer(&["convert", &source, odd.to_str().unwrap(), "--to", "glove"]);
    assert_eq!(json(&["info", odd.to_str().unwrap()])["format"], "GloVe text");
}

#[test]
fn info_shows_the_directions_of_most_variance() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cross.vec");
    // Variance over n - 1: 2 x 3² / 3 = 6 along x, 2 x 1² / 3 along y.
    std::fs::write(&file, "a 3 0 5\nb -3 0 5\nc 0 1 5\nd 0 -1 5\n").unwrap();
    let found = json(&["info", file.to_str().unwrap(), "--components", "5"]);
    let number = |row: usize, key: &str| found["components"][row][key].as_f64().unwrap();
    let close = |found: f64, expected: f64| (found - expected).abs() < 1e-6;
    assert_eq!(found["components"].as_array().unwrap().len(), 3, "as many as dimensions");
    assert!(close(number(0, "variance"), 6.0) && close(number(0, "share"), 0.9), "{found}");
    assert!(close(number(1, "variance"), 2.0 / 3.0) && close(number(1, "together"), 1.0), "{found}");
    assert!(close(number(2, "variance"), 0.0) && close(number(2, "share"), 0.0), "{found}");
}

#[test]
fn info_tells_what_is_wrong_with_a_file_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flawed.txt");
    let text = b"4 3\ngood 1 2 3\nbad\xff 1 2 3\ngood 4 5 6\nzero 0 0 0\n";
    fs::write(&file, text).unwrap();
    let found = json(&["info", file.to_str().unwrap()]);
    assert_eq!((&found["words"], &found["dimensions"]), (&Value::from(4), &Value::from(3)));
    assert_eq!(found["duplicate_words"], 1);
    assert_eq!(found["broken_utf8"], 1);
    assert_eq!(found["zero_rows"], 1);
    for format in FORMATS {
        assert!(
            answer(&["info", "--format", format]).contains("30000"),
            "the shipped vectors have 30,000 words"
        );
    }
}

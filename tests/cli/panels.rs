//! The commands that say what the panels of the screens show.

use std::path::Path;

use serde_json::Value;

use super::refusals::{NO_ANSWER, USAGE, refusal};
use super::{answer, json, lexiscope};

const TEXT: &str = "the cat sat on the mat because it was tired";

pub(super) fn golden(family: &str) -> String {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    let root = std::env::var_os("LEXISCOPE_GOLDEN").map_or(copy, Into::into);
    root.join("transformers").join(family).display().to_string()
}

pub(super) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 2e-5 * expected.abs().max(1.0), "{found} is not {expected}");
}

#[test]
fn a_cell_is_made_step_by_step() {
    let map = json(&["attend", TEXT, "--layer", "5", "--head", "11"]);
    let cell = json(&["attend", TEXT, "--layer", "5", "--head", "11", "--cell", "8,2"]);
    assert_eq!((cell["from"].as_str(), cell["to"].as_str()), (Some("it"), Some("cat")));
    let of = |key: &str| number(&cell[key]);
    close(of("weight"), number(&map["values"][8][2]));
    close(of("dot") * of("scale"), of("scaled"));
    close(of("scaled") + of("position_bias"), of("score"));
    close((of("score") - of("row_maximum")).exp(), of("exponential"));
    close(of("exponential") / of("row_sum"), of("weight"));
    let components = cell["components"].as_array().unwrap();
    assert_eq!(components.len(), 32);
    let column = |name: &str| -> Vec<f64> { components.iter().map(|one| number(&one[name])).collect() };
    let (query, key, product) = (column("query"), column("key"), column("product"));
    for index in 0..32 {
        assert!((query[index] * key[index] - product[index]).abs() < 1e-5);
    }
    assert!(product.windows(2).all(|pair| pair[0].abs() >= pair[1].abs()), "largest first");
    close(*column("sum").last().unwrap(), of("dot"));
    let length = column("value").iter().map(|x| x * x).sum::<f64>().sqrt();
    close(length, of("value_length"));
    // By the words themselves, and in the other formats.
    let words = ["attend", TEXT, "--layer", "5", "--head", "11", "--cell", "it,cat"];
    assert_eq!(json(&words), cell);
    for (format, separator) in [("csv", ","), ("tsv", "\t")] {
        let text = answer(&[&words[..], &["--format", format]].concat());
        assert_eq!(text.lines().count(), 33);
        assert!(text.starts_with(&["component", "query", "key", "product"].join(separator)), "{text}");
    }
    let plain = answer(&words);
    assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
}

#[test]
fn a_cell_says_why_it_is_masked() {
    let causal = json(&[
        "attend",
        "--ids",
        "5,6,7",
        "--model",
        &golden("gpt2"),
        "--layer",
        "0",
        "--head",
        "0",
        "--cell",
        "0,2",
    ]);
    assert_eq!(causal["masked_because"], "it comes later");
    assert_eq!((causal["weight"].as_f64(), causal["score"].as_f64()), (Some(0.0), None));
    let hidden = json(&["attend", TEXT, "--layer", "0", "--head", "0", "--hide", "2", "--cell", "8,2"]);
    assert_eq!(hidden["masked_because"], "it was hidden");
}

#[test]
fn a_difference_is_after_minus_before() {
    let common = ["attend", TEXT, "--layer", "5", "--head", "11", "--off", "0.2"];
    let both = json(&common);
    let change = json(&[&common[..], &["--view", "difference"]].concat());
    assert!(change.get("before").is_none());
    for (row, column) in [(8, 2), (0, 0), (11, 3)] {
        let of = |name: &str| number(&both[name][row][column]);
        assert!((number(&change["values"][row][column]) - (of("values") - of("before"))).abs() < 2e-6);
    }
    let (by, at) = (number(&change["most_changed_by"]), &change["most_changed_at"]);
    assert!(by > 0.0 && at.as_array().unwrap().len() == 2, "{change}");
    let most = change["most_changed_head"].as_str().unwrap().split_once('.').unwrap();
    let there =
        json(&["attend", TEXT, "--layer", most.0, "--head", most.1, "--off", "0.2", "--view", "difference"]);
    let cell = &there["values"][at[0].as_u64().unwrap() as usize][at[1].as_u64().unwrap() as usize];
    assert!((number(cell).abs() - by).abs() < 2e-6, "{cell} {by}");
}

#[test]
fn every_change_of_the_screen_can_be_asked_for() {
    let map = |more: &[&str]| json(&[&["attend", TEXT, "--layer", "1", "--head", "3"], more].concat());
    let plain = map(&[])["values"].clone();
    // A uniform head looks at all twelve tokens alike.
    let uniform = map(&["--uniform", "1.3"]);
    for weight in uniform["values"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap()) {
        assert!((number(weight) - 1.0 / 12.0).abs() < 1e-6, "{weight}");
    }
    for change in [
        &["--mean", "0.5"][..],
        &["--keep-only", "0.5"],
        &["--positions", "shuffled"],
        &["--positions", "removed"],
        &["--hide", "it"],
    ] {
        let changed = map(change);
        assert_eq!(changed["before"], plain, "{change:?}");
        assert_ne!(changed["values"], plain, "{change:?}");
        assert!(number(&changed["sentence_cosine"]) < 1.0, "{change:?}");
    }
    // Keeping one head is switching off the other eleven.
    let others: Vec<String> = (0..12).filter(|head| *head != 5).map(|head| format!("0.{head}")).collect();
    assert_eq!(map(&["--keep-only", "0.5"])["values"], map(&["--off", &others.join(",")])["values"]);
}

#[test]
fn importance_is_what_is_lost_without_each_head() {
    let found = json(&["heads", TEXT, "--importance"]);
    assert!(found["measure"].as_str().unwrap().contains("1 - cosine"), "{}", found["measure"]);
    let heads = found["heads"].as_array().unwrap();
    assert_eq!((heads.len(), number(&found["baseline"])), (72, 1.0));
    let change = |one: &Value| number(&one["change"]);
    assert!(heads.windows(2).all(|pair| change(&pair[0]) >= change(&pair[1])));
    // The same as switching it off by hand.
    let first = format!("{}.{}", heads[0]["layer"], heads[0]["head"]);
    let off = json(&["attend", TEXT, "--off", &first]);
    assert!((change(&heads[0]) - (1.0 - number(&off["sentence_cosine"]))).abs() < 2e-6);
    // A head that is off already is not missed.
    let beside = json(&["heads", TEXT, "--importance", "--off", &first]);
    let (layer, head) = (&heads[0]["layer"], &heads[0]["head"]);
    let same =
        beside["heads"].as_array().unwrap().iter().find(|one| one["layer"] == *layer && one["head"] == *head);
    assert_eq!(change(same.unwrap()), 0.0);
}

#[test]
fn singular_values_need_no_text() {
    let found = json(&["heads", "--singular-values", "--model", &golden("bert")]);
    let values = found["singular_values"].as_array().unwrap();
    for pair in values.windows(2).filter(|pair| pair[0]["head"] == pair[1]["head"]) {
        assert!(number(&pair[0]["query_key"]) >= number(&pair[1]["query_key"]));
        assert!(number(&pair[0]["output_value"]) >= number(&pair[1]["output_value"]));
    }
    // No text is run, so none is taken.
    lexiscope().args(["heads", "text", "--singular-values"]).assert().code(USAGE);
    for format in ["plain", "csv", "tsv"] {
        let text = answer(&["heads", "--singular-values", "--format", format, "--model", &golden("bert")]);
        assert!(text.lines().count() > values.len(), "{text}");
    }
}

#[test]
fn the_stacks_of_an_encoder_decoder_have_heads_and_maps() {
    let t5 = golden("t5");
    let of = |arguments: &[&str]| json(&[arguments, &["--model", &t5]].concat());
    for stack in ["encoder", "decoder", "cross"] {
        let heads = of(&["heads", "a cat sat", "--stack", stack]);
        assert_eq!(heads["stack"], stack);
        assert_eq!(heads["heads"].as_array().unwrap().len(), 8);
        let map = of(&["attend", "a cat sat", "--stack", stack, "--layer", "0", "--head", "1"]);
        assert_eq!(map["stack"], stack);
        // The figures are those of this stack's maps: the mean weight on the first token.
        let rows = map["values"].as_array().unwrap();
        let first = rows.iter().map(|row| number(&row[0])).sum::<f64>() / rows.len() as f64;
        assert!((first - number(&heads["heads"][1]["first_token"])).abs() < 2e-6, "{stack}");
    }
    let spectra = of(&["heads", "--singular-values", "--stack", "cross"]);
    assert_ne!(spectra["singular_values"], of(&["heads", "--singular-values"])["singular_values"]);
}

#[test]
fn order_and_places_are_asked_of_a_text() {
    let shuffle = json(&["positions", "--shuffle", "the dog bit the old man"]);
    let words = |text: &str| {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words.sort();
        words
    };
    assert_eq!(words(shuffle["shuffled"].as_str().unwrap()), words("the dog bit the old man"));
    assert!(number(&shuffle["similarity"]) < 0.999);
    assert!((number(&shuffle["similarity_without_positions"]) - 1.0).abs() < 1e-5);
    assert_eq!(shuffle["causal_mask"], false);
    let text = "she deposited money at the bank then sat on the river bank";
    let bank = json(&["positions", "--word", "Bank", text]);
    let places = bank["places"].as_array().unwrap();
    assert_eq!(places.len(), 7, "the embedding and six layers");
    assert_eq!(
        (places[0]["first_position"].as_u64(), places[0]["second_position"].as_u64()),
        (Some(6), Some(12))
    );
    assert_eq!(places[0]["first_context"], "money at the bank then sat");
    assert!(number(&places[6]["similarity"]) < number(&places[0]["similarity"]));
    for format in ["plain", "csv", "tsv"] {
        assert!(answer(&["positions", "--word", "bank", text, "--format", format]).lines().count() >= 8);
        assert!(answer(&["positions", "--shuffle", text, "--format", format]).contains("bank"));
    }
}

#[test]
fn what_cannot_be_asked_of_a_panel_is_refused() {
    let check = |code, arguments: &[&str], part: &str| {
        let message = refusal(code, arguments);
        assert!(message.contains(part), "{arguments:?}: {message}");
    };
    let head = ["attend", TEXT, "--layer", "0", "--head", "0"];
    let with = |more: &[&'static str]| -> Vec<&str> { [&head[..], more].concat() };
    check(USAGE, &with(&["--cell", "8"]), "FROM,TO");
    check(USAGE, &with(&["--cell", "8,99"]), "position from 0 to 11");
    check(USAGE, &with(&["--cell", "it,the"]), "several");
    check(USAGE, &with(&["--cell", "8,2", "--format", "svg"]), "drawing");
    check(USAGE, &with(&["--view", "difference"]), "--off");
    check(USAGE, &with(&["--uniform", "9.0"]), "0 to 5");
    check(USAGE, &["positions", "a text"], "--shuffle");
    check(USAGE, &["positions", "--shuffle", "a b", "--format", "svg"], "--format svg");
    check(NO_ANSWER, &["positions", "--shuffle", "word"], "two");
    check(NO_ANSWER, &["positions", "--word", "cat", "a cat and a dog"], "words that do: a");
}

/// A change named for one stack is what that stack's own view of it says.
#[test]
fn heads_of_a_decoder_are_missed_and_switched_off_like_others() {
    let model = golden("t5");
    let json = |arguments: &[&str]| json(&[arguments, &["--model", &model]].concat());
    for stack in ["decoder", "cross"] {
        let found = json(&["heads", "--ids", "5,6,7,1", "--importance", "--stack", stack]);
        let first = &found["heads"][0];
        let head = format!("{}.{}", first["layer"], first["head"]);
        let (own, named) = (head.clone(), format!("{stack}.{head}"));
        let off = json(&["attend", "--ids", "5,6,7,1", "--stack", stack, "--off", &own]);
        let same = json(&["attend", "--ids", "5,6,7,1", "--stack", stack, "--off", &named]);
        assert_eq!(off, same);
        assert!(number(&off["largest_logit_change"]) > 0.0, "{stack}: {off}");
    }
}

#[test]
fn ids_are_analysed_as_the_text_that_they_are() {
    let (text, ids) = (json(&["heads", "hello"]), json(&["heads", "--ids", "101,7592,102"]));
    assert_eq!(text["heads"], ids["heads"]);
}

#[test]
fn a_word_and_an_expression_say_what_stands_behind_their_neighbours() {
    let plain = json(&["neighbors", "king", "-k", "4"]);
    let found = json(&["neighbors", "king", "-k", "4", "--explain"]);
    let (all, listed) = (found["results"].as_array().unwrap(), plain["results"].as_array().unwrap());
    for (one, other) in all.iter().zip(listed) {
        assert_eq!((&one["word"], &one["score"]), (&other["word"], &other["score"]));
        assert!(one["x"].is_number() && one["y"].is_number(), "{one}");
    }
    assert_eq!(found["origin"], "a word of the file");
    assert!(number(&found["length"]) > 0.0 && number(&found["rows_scanned"]) > 0.0);
    assert!((0.0..=1.0).contains(&number(&found["plane_keeps"])));
    let sizes = found["largest_components"].as_array().unwrap();
    assert!(sizes.windows(2).all(|pair| number(&pair[0]).abs() >= number(&pair[1]).abs()));
    let sum = json(&["query", "king - man + woman", "-k", "2", "--explain"]);
    assert_eq!((&sum["origin"], &sum["frequency_rank"]), (&"an expression".into(), &Value::Null));
    assert!(refusal(USAGE, &["query", "[0.5, 0.25]", "--explain"]).contains("--explain"));
}

#[test]
fn an_analogy_and_a_similarity_say_what_they_are_made_of() {
    let found = json(&["analogy", "man", "king", "woman", "-k", "3", "--explain"]);
    let first = &found["results"][0];
    assert_eq!(first["word"], "queen");
    // The rank without the offset is the one that `neighbors` gives.
    let neighbours = json(&["neighbors", "woman", "-k", "1000"]);
    let rank = neighbours["results"].as_array().unwrap().iter().find(|one| one["word"] == "queen").unwrap();
    assert_eq!(found["rank_without_offset"], rank["rank"]);
    for (letter, word) in [("cosine_a", "man"), ("cosine_b", "king"), ("cosine_c", "woman")] {
        let cosine = json(&["similarity", word, "queen"]);
        assert!((number(&first[letter]) - number(&cosine["similarity"])).abs() < 2e-6, "{letter}");
    }
    assert_eq!(found["plane"].as_array().unwrap().len(), 4);
    let similar = json(&["similarity", "king", "queen", "--explain"]);
    let dimensions = similar["dimensions"].as_array().unwrap();
    assert_eq!(dimensions.len(), 100);
    let shares: f64 = dimensions.iter().map(|one| number(&one["share"])).sum();
    assert!((shares - number(&similar["similarity"])).abs() < 1e-4, "{shares}");
}

#[test]
fn the_lens_looks_from_any_token_and_follows_one() {
    let gpt2 = golden("gpt2");
    let of = |more: &[&str]| {
        json(&[&["predict", "--ids", "5,6,7,8", "--model", &gpt2, "--lens", "-k", "2"], more].concat())
    };
    let last = of(&[]);
    assert_eq!(of(&["--at", "3"])["results"], last["results"]);
    let earlier = of(&["--at", "1"]);
    assert_eq!(earlier["results"][0]["position"], 2);
    // What the first two tokens alone predict is what the second one predicts: nothing later is seen.
    let alone = json(&["predict", "--ids", "5,6", "--model", &gpt2, "--lens", "-k", "2"]);
    assert_eq!(earlier["results"], alone["results"]);
    assert!(
        refusal(USAGE, &["predict", "--ids", "5", "--model", &gpt2, "--at", "9"]).contains("no such token")
    );
}

#[test]
fn the_norm_of_a_layer_is_of_all_its_heads() {
    let all = json(&["attend", TEXT, "--layer", "2", "--view", "norm"]);
    let one = json(&["attend", TEXT, "--layer", "2", "--view", "norm", "--head", "3"]);
    assert_eq!(all["head"], Value::Null);
    assert_ne!(all["values"], one["values"]);
}

//! The small networks that the program carries: what `models/stories/README.md` says of them.

use assert_cmd::Command;
use lexiscope::analysis::heads::{HeadKind, all_heads, repeated};
use lexiscope::analysis::names;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::{Model, loss, open, shipped};
use lexiscope::progress::Progress;

const NETWORKS: [&str; 6] =
    ["stories-causal", "stories-simplified", "stories-hybrid", "stories-lstm", "stories-gru", "stories-rnn"];

/// From "Snow-White and Rose-Red" of the brothers Grimm, which none of them has read.
const TALE: &str = "As they crossed the heath again on their way home they surprised the dwarf, who had emptied \
    out his bag of precious stones in a clean spot, and had not thought that anyone would come there so late. The \
    evening sun shone upon the brilliant stones; they glittered and sparkled with all colours so beautifully that \
    the children stood still and stared at them.";

fn model(name: &str) -> Model {
    open::open(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn loss_on(model: &Model, text: &str) -> f64 {
    let ids = model.encode(text).expect("tokens").ids;
    loss::judge(&model.network, &Input::Tokens(&ids), &[], &Progress::unobserved()).expect("runs").loss
}

fn labels(model: &Model, ids: &[u32]) -> Vec<HeadKind> {
    let (input, options) = (Input::Tokens(ids), PassOptions::default());
    let trace = forward(&model.network, &input, &options, &Progress::unobserved()).expect("runs");
    let tokens = names::described(model, ids);
    all_heads(&model.network, &trace, &tokens).iter().map(|figures| figures.label.kind).collect()
}

#[test]
fn they_are_small_and_read_alike() {
    let cut = model(NETWORKS[0]).encode(TALE).expect("tokens").ids;
    let mut parameters = 0;
    for name in NETWORKS {
        let model = model(name);
        assert!((1_000_000..3_000_000).contains(&model.parameters), "{name}: {}", model.parameters);
        assert_eq!(model.encode(TALE).expect("tokens").ids, cut, "{name}");
        assert!(model.remarks.is_empty(), "{name}: {:?}", model.remarks);
        parameters += model.parameters;
    }
    assert!(2 * parameters < 16_000_000, "{parameters} numbers of two bytes");
    assert!(shipped::named(shipped::WRITER).is_some());
}

/// Knowing only how often each token is used costs more than 6 nats a token.
#[test]
fn all_have_learned_to_read() {
    for name in NETWORKS {
        let loss = loss_on(&model(name), TALE);
        assert!(loss < 4.8, "{name}: {loss}");
    }
}

#[test]
fn the_transformer_reads_better_than_the_lstm() {
    let (causal, lstm) = (loss_on(&model("stories-causal"), TALE), loss_on(&model("stories-lstm"), TALE));
    assert!(causal < lstm, "{causal} {lstm}");
}

#[test]
fn the_transformer_looks_at_the_token_before_and_at_what_followed_before() {
    let model = model("stories-causal");
    let ids = model.encode(TALE).expect("tokens").ids;
    let once = labels(&model, &ids);
    assert!(once.contains(&HeadKind::PreviousToken), "{once:?}");
    assert!(!once.contains(&HeadKind::Induction), "nothing is said twice: {once:?}");
    let twice = labels(&model, &repeated(&ids));
    assert!(twice.contains(&HeadKind::Induction), "{twice:?}");
}

/// What heads that look back are for; a state of fixed size holds no text word for word.
#[test]
fn a_text_said_twice_costs_the_transformer_less_than_the_lstm() {
    let twice = format!("{TALE} {TALE}");
    let saved = |name| {
        let model = model(name);
        loss_on(&model, TALE) - loss_on(&model, &twice)
    };
    let (causal, lstm) = (saved("stories-causal"), saved("stories-lstm"));
    assert!((causal - 0.141).abs() < 0.01 && (lstm - 0.003).abs() < 0.01, "{causal} {lstm}");
}

fn told(arguments: &[&str]) -> String {
    let output = Command::cargo_bin("lexiscope").expect("the binary").args(arguments).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn without_a_model_the_shipped_one_writes_and_a_seed_fixes_what() {
    let written = |seed: &str| told(&["generate", "The old king", "--count", "20", "--seed", seed]);
    let first = written("1");
    assert!(first.starts_with("The old king ") && first.len() > 40, "{first}");
    assert_eq!(first, written("1"));
    assert_ne!(first, written("2"));
    let named = ["--model", "stories-causal"];
    assert_eq!(
        first,
        told(&[&["generate", "The old king", "--count", "20", "--seed", "1"], &named[..]].concat())
    );
    let json = told(&["predict", "Once upon a", "-k", "1", "--format", "json"]);
    assert!(json.contains("\"model\": \"stories-causal\"") && json.contains("probability"), "{json}");
}

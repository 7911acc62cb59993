//! What a text of growing length costs a model, and what would be saved.

use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, doubling, text};
use super::super::outcome::Cell;
use crate::analysis::costs::of_pass;
use crate::model::Network;
use crate::model::error::Result;
use crate::model::network::Mask;

/// As it is listed.
pub struct Resources;

static CARD: Card = Card {
    name: "resources",
    question: "What does a longer text cost, and what saves how much?",
    method: "Counted from the description of the model, not measured: operations of a pass (2 a \
        multiplication with its addition), bytes of the weights, of what is kept for the next token (keys and \
        values, states) and of all attention maps, each number in 4 bytes. Halved: each number in 2. Window: \
        every token sees 256. Shared: four heads share keys and values (their maps not counted smaller). The \
        budget is the longest text.",
    known: "Attention takes n^2 d operations and n^2 weights a head (Vaswani et al. 2017, table 1); sharing \
        keys and values shrinks what is kept as often as heads share (Ainslie et al. 2023).",
    budget: Budget { unit: "tokens", usual: 4096, most: 1 << 20 },
    model: Some("minilm-l6"),
    columns: &["setting", "tokens", "gigaoperations", "parameter_bytes", "kept_bytes", "attention_bytes"],
    chart: Chart { series: "setting", across: "tokens", up: "attention_bytes", curves: &[] },
};

const SHORTEST: u64 = 64;
const WINDOW: usize = 256;
const SHARING: usize = 4;

/// What is changed.
struct Setting {
    name: &'static str,
    bytes: u64,
    change: fn(&mut Network),
}

static SETTINGS: [Setting; 4] = [
    Setting { name: "as it is", bytes: 4, change: |_| () },
    Setting { name: "halved", bytes: 2, change: |_| () },
    Setting { name: "window", bytes: 4, change: look_near },
    Setting { name: "shared", bytes: 4, change: share },
];

fn look_near(network: &mut Network) {
    for attention in network.attentions_mut() {
        let mask = attention.mask;
        let back = if mask.ahead == Some(0) { WINDOW - 1 } else { WINDOW / 2 };
        let back = mask.back.map_or(back, |before| before.min(back));
        let ahead = WINDOW - 1 - back.min(WINDOW - 1);
        let ahead = mask.ahead.map_or(ahead, |before| before.min(ahead));
        attention.mask = Mask { back: Some(back), ahead: Some(ahead), ..mask };
    }
}

fn share(network: &mut Network) {
    for attention in network.attentions_mut() {
        attention.key_value_heads = (attention.heads / SHARING).clamp(1, attention.key_value_heads);
    }
}

impl Experiment for Resources {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        let model = run.reader()?;
        let lengths = doubling(SHORTEST, run.budget);
        for setting in &SETTINGS {
            let mut network = model.network.clone();
            (setting.change)(&mut network);
            for &length in &lengths {
                run.progress.check()?;
                let costs = of_pass(&network, length);
                let bytes = |numbers: u64| Cell::Count(setting.bytes * numbers);
                run.row(vec![
                    text(setting.name),
                    count(length),
                    Cell::Number(costs.operations as f64 / 1e9),
                    bytes(model.parameters as u64),
                    bytes(costs.kept),
                    bytes(costs.weights),
                ]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn maps_grow_with_the_square_and_every_setting_saves_what_it_should() {
        let outcome = run_of(&Resources, 2048);
        let found = |setting: &'static str, tokens: usize, column: &str| {
            outcome.find(&[("setting", text(setting)), ("tokens", count(tokens))], column).unwrap()
        };
        // 6 layers of 12 heads (transformers.md gives 75 MB and 1.2 GB for these).
        assert_eq!(found("as it is", 512, "attention_bytes"), 6.0 * 12.0 * 512.0 * 512.0 * 4.0);
        assert_eq!(
            found("as it is", 2048, "attention_bytes"),
            16.0 * found("as it is", 512, "attention_bytes")
        );
        assert_eq!(found("halved", 512, "kept_bytes") * 2.0, found("as it is", 512, "kept_bytes"));
        assert_eq!(found("window", 2048, "kept_bytes"), found("as it is", 256, "kept_bytes"));
        assert_eq!(found("shared", 512, "kept_bytes") * 4.0, found("as it is", 512, "kept_bytes"));
        assert!(found("window", 2048, "gigaoperations") < found("as it is", 2048, "gigaoperations"));
    }
}

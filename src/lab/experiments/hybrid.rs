//! What a few heads give a recurrent network.

use super::super::blueprint::NetworkKind;
use super::super::contest::Contestant;
use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, text};
use super::super::outcome::Cell;
use super::super::passage;
use super::{extrapolation, recall};
use crate::model::error::Result;
use crate::model::forward::Input;
use crate::model::{loss, open, shipped};
use crate::progress::Progress;

/// Some of it can be left out, for less time.
pub struct Hybrid {
    /// How far back the first symbol stands.
    pub distance: usize,
    /// The lengths of texts that are read.
    pub lengths: [usize; 2],
}

/// As it is listed.
pub static USUAL: Hybrid = Hybrid { distance: 50, lengths: [64, 256] };

static CARD: Card = Card {
    name: "hybrid",
    question: "What does one attention head give an LSTM?",
    method: "An LSTM, the same with one head on top, and two transformer blocks, 64 wide: how many parameters, \
        how well and after how many steps the first symbol is said again 50 later (see recall), and the \
        perplexity on texts of the learned length and four times that (see extrapolation). Story perplexity: \
        of the shipped networks of that kind, on a tale that none has read.",
    known: "A single head is enough to bring an LSTM near a transformer: 1.076 bits a character on enwik8 \
        against about 1.06 (Merity 2019).",
    budget: Budget { unit: "steps", usual: 1000, most: 100_000 },
    model: None,
    columns: &[
        "network",
        "parameters",
        "recall_accuracy",
        "recall_steps",
        "perplexity",
        "perplexity_of_longer",
        "story_perplexity",
    ],
    chart: Chart { series: "", across: "parameters", up: "recall_accuracy", curves: &["accuracy", "loss"] },
};

/// The contestants, with the shipped networks that are most alike.
static CONTESTANTS: [(Contestant, &str); 3] = [
    (Contestant::usual("lstm", NetworkKind::Lstm), "stories-lstm"),
    (Contestant::usual("hybrid", NetworkKind::Hybrid), "stories-hybrid"),
    (Contestant::usual("transformer", NetworkKind::Causal), "stories-causal"),
];

/// As many tokens as the shipped networks read at a time when they learned.
const STORY: usize = 256;

impl Experiment for Hybrid {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        run.progress.start(2 * CONTESTANTS.len() as u64 * run.budget);
        for (contestant, shipped) in &CONTESTANTS {
            let learned = recall::learned(run, contestant, self.distance, run.budget)?;
            let found = extrapolation::perplexities(run, contestant, &self.lengths, run.budget)?;
            let parameters = learned.network.parameter_count();
            run.row(vec![
                text(contestant.name),
                count(parameters),
                Cell::Number(learned.judgement.accuracy),
                count(learned.steps),
                Cell::Number(found[0]),
                Cell::Number(found[1]),
                story_perplexity(shipped)?,
            ]);
        }
        Ok(())
    }
}

/// The perplexity of a shipped network on a tale.
fn story_perplexity(name: &str) -> Result<Cell> {
    if shipped::named(name).is_none() {
        return Ok(Cell::Nothing);
    }
    let model = open::open(name)?;
    let ids = model.encode(passage::TALE)?.ids;
    let ids = &ids[..ids.len().min(STORY)];
    let judged = loss::judge(&model.network, &Input::Tokens(ids), &[], &Progress::unobserved())?;
    Ok(Cell::Number(judged.loss.exp()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn one_head_finds_what_an_lstm_forgets_with_fewer_parameters_than_a_transformer() {
        static SMALL: Hybrid = Hybrid { distance: 20, lengths: [64, 128] };
        let outcome = run_of(&SMALL, 120);
        let found = |name: &'static str, column| outcome.find(&[("network", text(name))], column).unwrap();
        assert!(found("hybrid", "recall_accuracy") > 0.99 && found("lstm", "recall_accuracy") < 0.5);
        assert!(found("hybrid", "parameters") < 0.6 * found("transformer", "parameters"));
        assert!(found("hybrid", "perplexity_of_longer") < 1.3 * found("hybrid", "perplexity"));
    }
}

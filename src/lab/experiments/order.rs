//! The same words in another order.

use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, text};
use super::super::outcome::Cell;
use crate::analysis::positions::{self, shuffle};
use crate::model::error::{ModelError, Result};
use crate::model::forward::PassOptions;
use crate::model::interventions::PositionChange;

/// As it is listed.
pub struct Order;

static CARD: Card = Card {
    name: "order",
    question: "Does a transformer know the order of words without positions?",
    method: "The words of a sentence in other orders: cosine of the two sentences' vectors (the mean over \
        tokens), with positions as they are and with positions taken out of both passes. The budget is the \
        number of orders of each sentence.",
    known: "Attention alone treats words as a set, so positions are added (Vaswani et al. 2017, section 3.5). \
        A causal mask tells some order (Haviv et al. 2022).",
    budget: Budget { unit: "orders", usual: 3, most: 100 },
    model: Some("minilm-l6"),
    columns: &["sentence", "order", "shuffled", "with_positions", "without_positions"],
    chart: Chart { series: "sentence", across: "order", up: "with_positions", curves: &[] },
};

/// What is shuffled; the words of the second mean something else in another order.
static SENTENCES: [&str; 3] = [
    "the cat sat on the mat because it was tired",
    "the dog bit the man",
    "she gave him the book that he had lost in the garden",
];

impl Experiment for Order {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        let model = run.reader()?;
        run.progress.start(SENTENCES.len() as u64 * run.budget);
        let limit = PassOptions::default().memory_limit;
        for sentence in SENTENCES {
            let tokens = model.tokenizer()?.encode(sentence)?;
            let keep = PositionChange::Keep;
            let trace = positions::streams::run(model, &tokens.ids, keep, limit, run.progress)?;
            for order in 0..run.budget {
                run.progress.check()?;
                let asked = (run.seed.wrapping_add(order), limit);
                let found = shuffle(model, &tokens, sentence, &trace, asked, run.progress)?;
                let found = found.ok_or_else(|| ModelError::Request("a sentence of one word".into()))?;
                run.row(vec![
                    text(sentence),
                    count(order + 1),
                    text(found.shuffled),
                    Cell::Number(found.with_positions),
                    Cell::Number(found.without_positions),
                ]);
                run.progress.advance(1);
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
    fn without_positions_a_sentence_is_a_set_of_words() {
        let outcome = run_of(&Order, 2);
        let [without, with] = ["without_positions", "with_positions"].map(|name| outcome.numbers(name));
        assert_eq!((without.len(), with.len()), (outcome.rows.len(), outcome.rows.len()));
        assert!(without.iter().all(|cosine| (cosine - 1.0).abs() < 1e-5));
        assert!(with.iter().all(|&cosine| cosine < 0.999));
        assert_eq!(outcome.rows[0][0], text(SENTENCES[0]));
    }
}

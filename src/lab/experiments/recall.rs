//! How far back a network finds what it is asked for.

use super::super::blueprint::NetworkKind;
use super::super::contest::{Contestant, Course, Learned, learn, usual_settings};
use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, text};
use super::super::lessons::{Lessons, MadeUp};
use super::super::outcome::Cell;
use crate::model::error::Result;
use crate::random::Random;

/// Some of it can be left out, for less time.
#[derive(Debug, Clone, Copy)]
pub struct Recall {
    /// Who takes part.
    pub contestants: &'static [Contestant],
    /// How many symbols stand between what is asked for and the question.
    pub distances: &'static [usize],
}

/// As it is listed.
pub static USUAL: Recall = Recall {
    contestants: &[
        Contestant::usual("rnn", NetworkKind::Rnn),
        Contestant::usual("gru", NetworkKind::Gru),
        Contestant::usual("lstm", NetworkKind::Lstm),
        Contestant::usual("lstm-forget-3", NetworkKind::Lstm).forgetting(3.0),
        Contestant::usual("hybrid", NetworkKind::Hybrid),
        Contestant::usual("transformer", NetworkKind::Causal),
    ],
    distances: &[5, 10, 20, 50, 100],
};

static CARD: Card = Card {
    name: "recall",
    question: "After how many words does a network forget the first one?",
    method: "Texts of random symbols, 16 kinds; after the last comes a sign that asks for the first. Every \
        network is 64 wide and sees 64 new texts a step (Adam, 0.003). Accuracy is that on 256 texts that \
        it has not seen, steps are those after which it passed 99 %. By chance 1 in 16 is right.",
    known: "An LSTM that reads uses some 200 words, and their order only within 50 (Khandelwal et al. 2018); \
        with a forget gate that starts open it keeps much more (Gers et al. 2000; Jozefowicz et al. 2015).",
    budget: Budget { unit: "steps", usual: 1500, most: 100_000 },
    model: None,
    columns: &["network", "distance", "accuracy", "steps"],
    chart: Chart { series: "network", across: "distance", up: "accuracy", curves: &["accuracy", "loss"] },
};

impl Experiment for Recall {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        run.progress.start((self.contestants.len() * self.distances.len()) as u64 * run.budget);
        // Near ones first, of all networks: that is where most of them can be told apart soon.
        for &distance in self.distances {
            for contestant in self.contestants {
                let learned = learned(run, contestant, distance, run.budget)?;
                let accuracy = Cell::Number(learned.judgement.accuracy);
                run.row(vec![text(contestant.name), count(distance), accuracy, count(learned.steps)]);
            }
        }
        Ok(())
    }
}

/// What a network has learned after at most `steps` steps.
pub(super) fn learned(
    run: &mut Run<'_>,
    contestant: &Contestant,
    distance: usize,
    steps: u64,
) -> Result<Learned> {
    let network = contestant.build(SYMBOLS + 1, run.seed)?;
    let lessons = first_symbol(distance, run.seed);
    let name = format!("{} {distance}", contestant.name);
    let course = Course {
        is_enough: |judgement| judgement.accuracy > 0.99,
        ..Course::of_steps(name, &lessons, usual_settings(run.seed, steps))
    };
    learn(run, network, &course)
}

/// How many kinds of symbols there are; the sign that asks comes after them.
const SYMBOLS: usize = 16;

/// How many texts are looked at to see what was learned.
const HELD_OUT: usize = 256;

/// A symbol, `distance` random ones, and a sign that asks for the first.
fn first_symbol(distance: usize, seed: u64) -> impl Lessons {
    let make = move |mut random: Random, many: usize| {
        let question = |_| {
            let symbols = (0..=distance).map(|_| random.below(SYMBOLS) as u32);
            let text: Vec<u32> = symbols.chain([SYMBOLS as u32]).collect();
            let answer = text[0];
            (text, answer)
        };
        (0..many).map(question).unzip()
    };
    MadeUp { seed, held_out: HELD_OUT, make }
}

#[cfg(test)]
mod tests {
    use super::super::super::lessons::Batch;
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn attention_finds_what_a_plain_network_has_forgotten() {
        static SMALL: Recall = Recall {
            contestants: &[
                Contestant::usual("rnn", NetworkKind::Rnn),
                Contestant::usual("transformer", NetworkKind::Causal),
            ],
            distances: &[20],
        };
        let outcome = run_of(&SMALL, 150);
        let accuracy = |name: &'static str| outcome.find(&[("network", text(name))], "accuracy").unwrap();
        assert!(accuracy("transformer") > 0.99, "{}", accuracy("transformer"));
        assert!(accuracy("rnn") < 0.3, "{}", accuracy("rnn"));
        let points: usize = outcome.curves.iter().map(|curve| curve.points.len()).sum();
        assert!(points >= 4 && outcome.curves.len() == 4);
    }

    #[test]
    fn the_answer_is_the_first_symbol_and_texts_are_not_seen_twice() {
        let lessons = first_symbol(3, 5);
        let Batch::Questions(texts, answers) = lessons.batch(5, 1, 40) else { panic!("questions") };
        assert!(texts.iter().zip(&answers).all(|(text, answer)| text.len() == 5 && text[0] == *answer));
        assert!(texts.iter().all(|text| text[4] == 16 && text[..4].iter().all(|&symbol| symbol < 16)));
        assert_ne!(lessons.batch(5, 2, 40).labels(), &answers[..]);
    }
}

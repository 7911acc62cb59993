//! How much of a network's last state is due to each earlier token.

use super::super::blueprint::{FirstWeights, NetworkKind, TransformerChoices};
use super::super::contest::Contestant;
use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, text};
use super::super::fresh::{FARTHEST, by_distance};
use super::super::outcome::Cell;
use super::super::passage;
use crate::model::error::Result;
use crate::model::{Network, open, shipped};
use crate::random::Random;

/// As it is listed.
pub struct Influence;

static CARD: Card = Card {
    name: "influence",
    question: "How much does the state at the end still depend on earlier words?",
    method: "The length of the gradient of the last state at the token k places before, divided by that at \
        the last token; horizon is the first k below 1 %. Untrained: 64 wide, one layer, random tokens. \
        Trained: the small networks inside the program, on a tale. The budget is the number of random \
        directions and texts that are averaged.",
    known: "In a plain network the gradient fades by a factor a step (Hochreiter 1991; Bengio et al. 1994); \
        an LSTM's forget gate at sigmoid(bias) sets how fast (Gers et al. 2000).",
    budget: Budget { unit: "texts", usual: 8, most: 1000 },
    model: None,
    columns: &["network", "trained", "distance", "influence", "horizon"],
    chart: Chart { series: "network", across: "distance", up: "influence", curves: &[] },
};

const LSTM: Contestant = Contestant::usual("lstm-forget-1", NetworkKind::Lstm);

static UNTRAINED: &[(Contestant, Change)] = &[
    (Contestant::usual("rnn", NetworkKind::Rnn), Change::None),
    (Contestant::usual("rnn-orthogonal", NetworkKind::Rnn), Change::Orthogonal),
    (Contestant::usual("gru", NetworkKind::Gru), Change::None),
    (Contestant { name: "lstm-forget-0", ..LSTM.forgetting(0.0) }, Change::None),
    (LSTM, Change::None),
    (Contestant { name: "lstm-forget-2", ..LSTM.forgetting(2.0) }, Change::None),
    (Contestant { name: "lstm-forget-4", ..LSTM.forgetting(4.0) }, Change::None),
    (
        Contestant::usual("transformer", NetworkKind::Causal)
            .with(TransformerChoices { first_weights: FirstWeights::Plain, ..TransformerChoices::USUAL }),
        Change::None,
    ),
];

/// What is done to first weights.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    None,
    /// The map from state to state keeps lengths (Saxe et al. 2014).
    Orthogonal,
}

/// The distances that are told.
const TOLD: [usize; 11] = [0, 1, 2, 3, 5, 10, 20, 35, 50, 80, 120];

const VOCABULARY: usize = 256;

/// Random directions a text.
const DRAWS: usize = 4;

impl Experiment for Influence {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        run.progress.start((UNTRAINED.len() + shipped::of_stories().count()) as u64);
        for (contestant, change) in UNTRAINED {
            let mut network = contestant.build(VOCABULARY, run.seed)?;
            if *change == Change::Orthogonal {
                keep_lengths(&mut network, contestant.blueprint.width, run.seed);
            }
            let mut random = Random::new(run.seed);
            let texts = (0..run.budget)
                .map(|_| (0..=FARTHEST).map(|_| random.below(VOCABULARY) as u32).collect())
                .collect();
            tell(run, contestant.name, false, &network, texts)?;
        }
        for model in shipped::of_stories() {
            let model = open::open(model.name)?;
            let ids = model.encode(passage::TALE)?.ids;
            let starts = ids.len().saturating_sub(FARTHEST + 1).max(1) as u64;
            let texts = (0..run.budget)
                .map(|text| (text * starts / run.budget.max(1)) as usize)
                .map(|start| ids.iter().skip(start).take(FARTHEST + 1).copied().collect())
                .collect();
            tell(run, &model.name, true, &model.network, texts)?;
        }
        Ok(())
    }
}

/// One row a distance.
fn tell(run: &mut Run<'_>, name: &str, trained: bool, network: &Network, texts: Vec<Vec<u32>>) -> Result<()> {
    run.progress.name_stage(name);
    let influence = by_distance(network, texts, DRAWS, run.seed, run.progress)?;
    let horizon = influence.iter().position(|&share| share < 0.01).map_or(Cell::Nothing, count);
    for distance in TOLD {
        let share = Cell::Number(influence[distance]);
        run.row(vec![text(name.to_owned()), Cell::Flag(trained), count(distance), share, horizon.clone()]);
    }
    run.progress.advance(1);
    Ok(())
}

/// Makes the map from state to state one that keeps lengths.
fn keep_lengths(network: &mut Network, width: usize, seed: u64) {
    let mut random = Random::of_step(seed, 2);
    network.change_parameters(|name, numbers| {
        if name.ends_with("weight_hh_l0") {
            numbers.iter_mut().for_each(|number| *number = random.normal() as f32);
            orthogonalise(numbers, width);
        }
    });
}

/// Rows of length 1 that stand at right angles to each other (Gram and Schmidt).
fn orthogonalise(matrix: &mut [f32], width: usize) {
    for row in 0..matrix.len() / width {
        let (before, rest) = matrix.split_at_mut(row * width);
        let current = &mut rest[..width];
        for other in before.chunks_exact(width) {
            let along: f32 = other.iter().zip(&*current).map(|(a, b)| a * b).sum();
            current.iter_mut().zip(other).for_each(|(number, other)| *number -= along * other);
        }
        let length = current.iter().map(|number| number * number).sum::<f32>().sqrt();
        current.iter_mut().for_each(|number| *number /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn open_forget_gates_keep_more_and_attention_reaches_all() {
        let outcome = run_of(&Influence, 2);
        let horizon = |name: &'static str| outcome.find(&[("network", text(name))], "horizon");
        let influence = |name: &'static str, distance: usize| {
            outcome.find(&[("network", text(name)), ("distance", count(distance))], "influence").unwrap()
        };
        assert!(horizon("rnn").unwrap() < 12.0);
        assert!(horizon("rnn-orthogonal").unwrap() > horizon("rnn").unwrap());
        assert!(horizon("lstm-forget-2").unwrap() > 3.0 * horizon("lstm-forget-0").unwrap());
        assert_eq!(horizon("lstm-forget-4"), None);
        assert_eq!(influence("gru", 0), 1.0);
        let (near, far) = (influence("transformer", 10), influence("transformer", 120));
        assert!(near / far < 5.0 && far > 1e-4, "{near} {far}");
    }

    #[test]
    fn rows_made_orthogonal_keep_lengths() {
        let mut random = Random::new(3);
        let mut matrix: Vec<f32> = (0..36).map(|_| random.normal() as f32).collect();
        orthogonalise(&mut matrix, 6);
        for (one, a) in matrix.chunks(6).enumerate() {
            for (other, b) in matrix.chunks(6).enumerate() {
                let product: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                assert!((product - f32::from(u8::from(one == other))).abs() < 1e-5);
            }
        }
    }
}

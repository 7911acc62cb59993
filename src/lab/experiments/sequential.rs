//! One token after the other, or all at once: what that is worth on this machine.

use std::time::Instant;

use rayon::ThreadPoolBuilder;

use super::super::blueprint::NetworkKind;
use super::super::contest::Contestant;
use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, doubling, text};
use super::super::outcome::Cell;
use crate::analysis::costs::of_pass;
use crate::model::Network;
use crate::model::error::{ModelError, Result};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::keep::Keep;
use crate::progress::Progress;
use crate::random::Random;

/// As it is listed.
pub struct Sequential;

static CARD: Card = Card {
    name: "sequential",
    question: "What is it worth to read all words at once?",
    method: "One layer, 512 wide, reads texts of growing length on one thread and on all: steps that wait for \
        the one before, operations (2 a multiplication with its addition), time (the middle of five), and \
        operations a second. The budget is the longest text.",
    known: "A recurrent layer needs n steps in a row and n d^2 operations, self-attention 1 step and n^2 d \
        (Vaswani et al. 2017, table 1). On few cores the operations decide, not the steps.",
    budget: Budget { unit: "tokens", usual: 1024, most: 8192 },
    model: None,
    columns: &[
        "network",
        "tokens",
        "threads",
        "steps_in_a_row",
        "gigaoperations",
        "milliseconds",
        "gigaoperations_per_second",
    ],
    chart: Chart { series: "network", across: "tokens", up: "milliseconds", curves: &[] },
};

const CONTESTANTS: [Contestant; 4] = [
    wide(Contestant::usual("rnn", NetworkKind::Rnn)),
    wide(Contestant::usual("gru", NetworkKind::Gru)),
    wide(Contestant::usual("lstm", NetworkKind::Lstm)),
    wide(Contestant::usual("transformer", NetworkKind::Causal)),
];

const fn wide(mut contestant: Contestant) -> Contestant {
    contestant.blueprint.width = 512;
    contestant.blueprint.layers = 1;
    contestant.blueprint.heads = 8;
    contestant
}

const SHORTEST: u64 = 32;

/// So small that the output map hardly counts.
const VOCABULARY: usize = 16;

const TIMES: usize = 5;

impl Experiment for Sequential {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        let lengths = doubling(SHORTEST, run.budget);
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        let threads: &[usize] = if all > 1 { &[1, all] } else { &[1] };
        run.progress.start((lengths.len() * threads.len() * CONTESTANTS.len()) as u64);
        for contestant in CONTESTANTS {
            let network = contestant.build(VOCABULARY, run.seed)?;
            for &threads in threads {
                for &length in &lengths {
                    run.progress.check()?;
                    let costs = of_pass(&network, length);
                    let seconds = time(&network, length as usize, threads, run.seed)?;
                    let billions = costs.operations as f64 / 1e9;
                    run.row(vec![
                        text(contestant.name),
                        count(length),
                        count(threads),
                        count(costs.steps_in_a_row),
                        Cell::Number(billions),
                        Cell::Number(1e3 * seconds),
                        Cell::Number(billions / seconds),
                    ]);
                    run.progress.advance(1);
                }
            }
        }
        Ok(())
    }
}

/// The middle of several times in seconds, after one that is not counted.
fn time(network: &Network, length: usize, threads: usize, seed: u64) -> Result<f64> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool =
        pool.map_err(|error| ModelError::Request(format!("{threads} threads cannot be had: {error}")))?;
    let mut random = Random::new(seed);
    let ids: Vec<u32> = (0..length).map(|_| random.below(VOCABULARY) as u32).collect();
    let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
    let mut times = Vec::with_capacity(TIMES);
    for turn in 0..=TIMES {
        let start = Instant::now();
        pool.install(|| forward(network, &Input::Tokens(&ids), &options, &Progress::unobserved()))?;
        if turn > 0 {
            times.push(start.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times[TIMES / 2])
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn steps_and_operations_are_those_of_the_table_of_vaswani() {
        let outcome = run_of(&Sequential, 64);
        let found = |name: &'static str, tokens: usize, column: &str| {
            outcome.find(&[("network", text(name)), ("tokens", count(tokens))], column).unwrap()
        };
        // One more step is the output map.
        assert_eq!((found("lstm", 64, "steps_in_a_row"), found("lstm", 32, "steps_in_a_row")), (65.0, 33.0));
        assert_eq!(found("transformer", 64, "steps_in_a_row"), found("transformer", 32, "steps_in_a_row"));
        let (d, n) = (512.0, 64.0);
        let output = 2.0 * n * d * 16.0;
        let billions = |operations: f64| (operations + output) / 1e9;
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(found("lstm", 64, "gigaoperations"), billions(16.0 * n * d * d));
        close(found("transformer", 64, "gigaoperations"), billions(24.0 * n * d * d + 4.0 * n * n * d));
        assert!(outcome.rows.iter().all(|row| row[5].number().is_some_and(|time| time > 0.0)));
    }
}

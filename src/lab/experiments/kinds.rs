//! Vector to sequence, sequence to vector, sequence to sequence: a tiny task of each.

use super::super::blueprint::NetworkKind;
use super::super::contest::{Contestant, Course, learn, usual_settings};
use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, text};
use super::super::lessons::{Lessons, MadeUp};
use super::super::outcome::Cell;
use crate::model::Network;
use crate::model::error::{ModelError, Result};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::generate::likeliest;
use crate::model::keep::Keep;
use crate::progress::Progress;
use crate::random::Random;

/// As it is listed.
pub struct Kinds;

static CARD: Card = Card {
    name: "kinds",
    question: "What are vector to sequence, sequence to vector, sequence to sequence?",
    method: "Three tasks for an LSTM, one with a head, and a transformer, 64 wide (64 texts a step, Adam, \
        0.003): spell the number that one vector stands for; say which number a spelt word is, with two \
        letters changed; say eight letters backwards. An answer is right when all of it is, in 200 that were \
        not seen (the numbers are ten). The example is one of them.",
    known: "The kinds go back to Karpathy (2015), \"The Unreasonable Effectiveness of Recurrent Neural \
        Networks\"; sequence to sequence to Sutskever et al. (2014), who read backwards.",
    budget: Budget { unit: "steps", usual: 1000, most: 100_000 },
    model: None,
    columns: &["kind", "network", "input", "output", "expected", "accuracy", "steps"],
    chart: Chart { series: "network", across: "kind", up: "accuracy", curves: &["loss", "accuracy"] },
};

static CONTESTANTS: [Contestant; 3] = [
    Contestant::usual("lstm", NetworkKind::Lstm),
    Contestant::usual("hybrid", NetworkKind::Hybrid),
    Contestant::usual("transformer", NetworkKind::Causal),
];

static TASKS: [Task; 3] = [
    Task { name: "vector to sequence", kind: Kind::Spell },
    Task { name: "sequence to vector", kind: Kind::Read },
    Task { name: "sequence to sequence", kind: Kind::Reverse },
];

static NUMBERS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// Letters are 0 to 25; then the numbers, and what ends a word and asks for an answer.
const LETTERS: usize = 26;
const END: u32 = (LETTERS + NUMBERS.len()) as u32;
const VOCABULARY: usize = END as usize + 1;

/// Letters that are said backwards.
const REVERSED: usize = 8;

/// How many answers are looked at.
const ASKED: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Spell,
    Read,
    Reverse,
}

/// A task, and what is to be said.
struct Task {
    name: &'static str,
    kind: Kind,
}

/// A text whose end is the answer.
struct Exercise {
    text: Vec<u32>,
    /// Where the answer begins.
    answer: usize,
}

impl Experiment for Kinds {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        run.progress.start((TASKS.len() * CONTESTANTS.len()) as u64 * run.budget);
        for task in &TASKS {
            for contestant in &CONTESTANTS {
                let network = contestant.build(VOCABULARY, run.seed)?;
                let lessons = texts_of(task.kind, run.seed);
                let name = format!("{}, {}", contestant.name, task.name);
                let course = Course::of_steps(name, &lessons, usual_settings(run.seed, run.budget));
                let learned = learn(run, network, &course)?;
                let exercises = exercises(task.kind, Random::of_step(!run.seed, 1), ASKED);
                let mut right = 0;
                let mut example = String::new();
                for exercise in &exercises {
                    run.progress.check()?;
                    let said = answer(&learned.network, exercise)?;
                    right += usize::from(said == exercise.text[exercise.answer..]);
                    if example.is_empty() {
                        example = spelt(&said);
                    }
                }
                let first = &exercises[0];
                run.row(vec![
                    text(task.name),
                    text(contestant.name),
                    text(spelt(&first.text[..first.answer])),
                    text(example),
                    text(spelt(&first.text[first.answer..])),
                    Cell::Number(right as f64 / ASKED as f64),
                    count(learned.steps),
                ]);
            }
        }
        Ok(())
    }
}

fn letters(word: &str) -> impl Iterator<Item = u32> + '_ {
    word.bytes().map(|letter| u32::from(letter - b'a'))
}

/// Letters as they are, a number as such, nothing for the end.
fn spelt(ids: &[u32]) -> String {
    let one = |&id: &u32| match id as usize {
        letter @ 0..LETTERS => char::from(b'a' + letter as u8).to_string(),
        number if id < END => format!("({})", number - LETTERS),
        _ => String::new(),
    };
    ids.iter().map(one).collect()
}

fn exercises(kind: Kind, mut random: Random, count: usize) -> Vec<Exercise> {
    let mut exercise = || {
        let number = random.below(NUMBERS.len());
        let sign = (LETTERS + number) as u32;
        match kind {
            Kind::Spell => Exercise {
                text: [sign].into_iter().chain(letters(NUMBERS[number])).chain([END]).collect(),
                answer: 1,
            },
            Kind::Read => {
                let mut text: Vec<u32> = letters(NUMBERS[number]).collect();
                // A third of the letters of short words are enough to tell them apart.
                for _ in 0..2.min(text.len() / 2) {
                    let place = random.below(text.len());
                    text[place] = random.below(LETTERS) as u32;
                }
                let answer = text.len() + 1;
                text.extend([END, sign]);
                Exercise { text, answer }
            }
            Kind::Reverse => {
                let word: Vec<u32> = (0..REVERSED).map(|_| random.below(LETTERS) as u32).collect();
                let answer = word.len() + 1;
                let text = word.iter().copied().chain([END]).chain(word.iter().rev().copied()).collect();
                Exercise { text, answer }
            }
        }
    };
    (0..count).map(|_| exercise()).collect()
}

/// The likeliest token again and again, as many as the answer has.
fn answer(network: &Network, exercise: &Exercise) -> Result<Vec<u32>> {
    let mut ids = exercise.text[..exercise.answer].to_vec();
    let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
    while ids.len() < exercise.text.len() {
        let trace = forward(network, &Input::Tokens(&ids), &options, &Progress::unobserved())?;
        let logits = trace.last_logits().ok_or_else(|| ModelError::Request("nothing is said".into()))?;
        let best = likeliest(&logits.to_vec(), 1);
        let best = best.first().ok_or_else(|| ModelError::Request("the output is not finite".into()))?;
        ids.push(best.id);
    }
    Ok(ids.split_off(exercise.answer))
}

/// Exercises as texts to learn from.
fn texts_of(kind: Kind, seed: u64) -> impl Lessons {
    let make = move |random: Random, many: usize| {
        let texts = exercises(kind, random, many).into_iter().map(|exercise| exercise.text);
        (texts.collect(), Vec::new())
    };
    MadeUp { seed, held_out: ASKED, make }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn words_are_spelt_and_read_and_the_example_shows_it() {
        let outcome = run_of(&Kinds, 100);
        let found = |kind: &'static str, name: &'static str| {
            outcome.find(&[("kind", text(kind)), ("network", text(name))], "accuracy").unwrap()
        };
        assert_eq!(found("vector to sequence", "lstm"), 1.0);
        assert!(found("sequence to vector", "lstm") > 0.7, "{:?}", outcome.rows);
        assert_eq!(outcome.rows.len(), 9);
        let first = &outcome.rows[0];
        assert_eq!(first[3], first[4], "the example");
    }

    #[test]
    fn exercises_end_in_their_answers() {
        for kind in [Kind::Spell, Kind::Read, Kind::Reverse] {
            for exercise in exercises(kind, Random::new(1), 20) {
                assert!(exercise.answer < exercise.text.len());
                assert!(exercise.text.iter().all(|&id| (id as usize) < VOCABULARY));
                let (question, answer) = exercise.text.split_at(exercise.answer);
                match kind {
                    Kind::Spell => assert!(NUMBERS.contains(&spelt(answer).as_str())),
                    Kind::Read => assert_eq!(answer.len(), 1),
                    Kind::Reverse => {
                        assert_eq!(spelt(question).chars().rev().collect::<String>(), spelt(answer));
                    }
                }
            }
        }
    }
}

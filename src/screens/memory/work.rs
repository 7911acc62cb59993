//! Background work of the screen *Memory*, and what its results change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ndarray::Array1;

use super::state::{Memory, Read, Side};
use crate::analysis::influence::Felt;
use crate::analysis::{influence, reading};
use crate::app::{Answers, Frame};
use crate::jobs::{Failure, Job, Reporter, Slot};
use crate::lab::fresh;
use crate::model::forward::Input;
use crate::model::{Model, open};

/// What one pass may take, in bytes.
const MEMORY_LIMIT: u64 = 1 << 30;

/// Longer texts are cut: leaving out every token takes a pass each.
const MOST_TOKENS: usize = 256;

/// Lets two networks read a text.
pub struct ReadText {
    /// Their names.
    pub networks: [String; 2],
    /// Those that are open already, by name.
    pub models: BTreeMap<String, Arc<Model>>,
    /// The text.
    pub text: String,
}

impl Job for ReadText {
    type Output = (Read, BTreeMap<String, Arc<Model>>);
    type Note = ();
    const SLOT: Slot = Slot::front("memory.read");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<Self::Output, Failure> {
        let Self { networks, mut models, text } = self;
        let mut side = |name: &str| -> Result<Result<Side, String>, Failure> {
            reporter.progress().check()?;
            let found = match models.get(name) {
                Some(model) => Ok(Arc::clone(model)),
                None => open::open(name).map(Arc::new).map_err(Failure::from),
            };
            let read = found.and_then(|model| {
                models.insert(name.to_owned(), Arc::clone(&model));
                read_with(&model, &text, reporter)
            });
            match read {
                Ok(side) => Ok(Ok(side)),
                Err(Failure::Refused(message)) => Ok(Err(message)),
                Err(other) => Err(other),
            }
        };
        let sides = [side(&networks[0])?, side(&networks[1])?];
        Ok((Read { text, sides }, models))
    }
}

fn read_with(model: &Arc<Model>, text: &str, reporter: &Reporter<'_, ()>) -> Result<Side, Failure> {
    let (tokens, target) = model.encode_with_target(text)?;
    let longest = model.network.usual_tokens().unwrap_or(MOST_TOKENS).min(MOST_TOKENS);
    let cut = |ids: Vec<u32>| ids.into_iter().take(longest).collect::<Vec<u32>>();
    let (ids, target) = (cut(tokens.ids), target.map(cut));
    let input = match &target {
        Some(target) => Input::Pair(&ids, target),
        None => Input::Tokens(&ids),
    };
    let reading = reading::read(&model.network, &input, MEMORY_LIMIT, reporter.progress())?;
    Ok(Side::new(Arc::clone(model), reading, target.is_some()))
}

impl Answers<ReadText> for Memory {
    fn answered(&mut self, (read, models): (Read, BTreeMap<String, Arc<Model>>), frame: &mut Frame) {
        self.models = models;
        self.show_read(read, frame);
    }
}

/// A network with the texts that it reads up to a step.
pub type Reader = (Arc<Model>, Vec<Vec<u32>>);

/// Finds how much a step depends on every token before.
pub struct Feel {
    /// The networks.
    pub sides: [Option<Reader>; 2],
    /// The step.
    pub step: usize,
}

impl Job for Feel {
    type Output = (usize, [Felt; 2]);
    type Note = ();
    const SLOT: Slot = Slot::front("memory.feel");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<(usize, [Felt; 2]), Failure> {
        let mut both: [Felt; 2] = Default::default();
        for (felt, side) in both.iter_mut().zip(&self.sides) {
            let Some((model, texts)) = side else { continue };
            let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
            *felt = influence::felt(&model.network, &texts, reporter.progress())?;
        }
        Ok((self.step, both))
    }
}

impl Answers<Feel> for Memory {
    fn answered(&mut self, (step, felt): (usize, [Felt; 2]), _: &mut Frame) {
        self.felt = felt;
        self.felt_at = Some(step);
    }
}

/// Finds how far back an LSTM feels that has learned nothing.
pub struct TryFresh {
    /// What its forget gate starts from.
    pub forget_bias: f32,
}

impl Job for TryFresh {
    type Output = (f32, Array1<f64>);
    type Note = ();
    const SLOT: Slot = Slot::front("memory.fresh");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<(f32, Array1<f64>), Failure> {
        Ok((self.forget_bias, fresh::influence_of_lstm(self.forget_bias, reporter.progress())?))
    }
}

impl Answers<TryFresh> for Memory {
    fn answered(&mut self, found: (f32, Array1<f64>), _: &mut Frame) {
        self.fresh = Some(found);
    }
}

/// Waits for the next step while the text is played.
pub struct Wait;

/// How long every token is looked at.
const STEP: Duration = Duration::from_millis(400);

impl Job for Wait {
    type Output = ();
    type Note = ();
    const SLOT: Slot = Slot::background("memory.play").quietly();

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<(), Failure> {
        Ok(reporter.progress().pause(STEP)?)
    }
}

impl Answers<Wait> for Memory {
    fn answered(&mut self, (): (), frame: &mut Frame) {
        self.play_on(frame);
    }
}

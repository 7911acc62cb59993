//! From a trajectory to the residual stream.

use ndarray::{Array2, s};

use super::trace::FrontTrace;
use crate::model::error::{ModelError, Result};
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::linear::Linear;
use crate::model::normalisation::{Norm, normalise};
use crate::model::parameters::{Parameter, parameters_in};
use crate::model::trajectory::{TOKENS_OF_STEP, Trajectory};

/// A token for the return, the state and the action of every step, each with a vector of the step (Chen et
/// al. 2021).
#[derive(Debug, Clone)]
pub struct TrajectoryEmbedding {
    /// From a return to D.
    pub returns: Linear,
    /// From a state to D.
    pub states: Linear,
    /// From an action to D.
    pub actions: Linear,
    /// A row a step `[steps, D]`.
    pub timesteps: Parameter,
    /// Over the sum of both.
    pub norm: Norm,
    /// `[positions, D]`: the first row is added to every token behind the norm.
    pub positions: Parameter,
}

parameters_in!(TrajectoryEmbedding: returns, states, actions, timesteps, norm, positions);

impl TrajectoryEmbedding {
    /// The stream `[3 x steps, D]` of a trajectory.
    ///
    /// # Errors
    /// [`ModelError::Request`] for numbers of other shapes, a step outside the table, or a token that is
    /// told another place.
    pub fn embed(
        &self,
        trajectory: &Trajectory,
        interventions: &Interventions,
        keep: Keep,
    ) -> Result<(Array2<f32>, FrontTrace)> {
        self.check(trajectory)?;
        let count = TOKENS_OF_STEP * trajectory.steps();
        let told: Vec<Option<usize>> = (0..count).map(|token| interventions.position(token)).collect();
        if told.iter().enumerate().any(|(token, place)| place.is_some_and(|place| place != token)) {
            let message = "a token of a trajectory belongs to its step: no other place can be told";
            return Err(ModelError::Request(message.into()));
        }
        let table = self.timesteps.to_matrix();
        let mut tokens = Array2::zeros((count, table.ncols()));
        let maps = [
            (&self.returns, &trajectory.returns),
            (&self.states, &trajectory.states),
            (&self.actions, &trajectory.actions),
        ];
        for (place, (map, numbers)) in maps.into_iter().enumerate() {
            tokens.slice_mut(s![place..;TOKENS_OF_STEP, ..]).assign(&map.apply(numbers.view()));
        }
        let mut positions = Array2::zeros(tokens.raw_dim());
        for (token, mut position) in positions.rows_mut().into_iter().enumerate() {
            if told[token].is_some() {
                position.assign(&table.row(trajectory.timesteps[token / TOKENS_OF_STEP] as usize));
            }
        }
        let sum = &tokens + &positions;
        let mut stream = sum.clone();
        normalise(&self.norm, &mut stream);
        stream += &self.positions.to_matrix().row(0);
        Ok((stream, FrontTrace::looked_at(keep, tokens, positions, &sum)))
    }

    fn check(&self, trajectory: &Trajectory) -> Result<()> {
        let steps = trajectory.steps();
        let numbers = [
            ("returns_to_go", &trajectory.returns, &self.returns),
            ("states", &trajectory.states, &self.states),
            ("actions", &trajectory.actions, &self.actions),
        ];
        for (name, given, map) in numbers {
            let expected = [steps, map.matrix().ncols()];
            if *given.shape() != expected {
                return Err(ModelError::Request(format!(
                    "{name} of {steps} steps must be {} x {}, not {} x {}",
                    expected[0],
                    expected[1],
                    given.nrows(),
                    given.ncols()
                )));
            }
        }
        let rows = self.timesteps.shape()[0];
        match trajectory.timesteps.iter().find(|&&step| step as usize >= rows) {
            Some(step) => {
                Err(ModelError::Request(format!("step {step} is outside the {rows} that the model knows")))
            }
            None if steps == 0 => Err(ModelError::Request("the trajectory has no step".into())),
            None => Ok(()),
        }
    }
}

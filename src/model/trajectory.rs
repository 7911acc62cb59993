//! Trajectories: what was seen and done step by step, and what was still to be gained; and what a network
//! foresees of them.

use ndarray::{Array2, ArrayView2, Axis, s};

use super::linear::Linear;
use super::parameters::parameters_in;
use super::tokenizer::Tokens;
use crate::elementary::tanh;

/// Some steps of a trajectory.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// What is still to be gained `[steps, 1]`.
    pub returns: Array2<f32>,
    /// What was seen `[steps, numbers]`.
    pub states: Array2<f32>,
    /// What was done `[steps, numbers]`.
    pub actions: Array2<f32>,
    /// What was gained `[steps, 1]`, where that is given; no network looks at it.
    pub rewards: Option<Array2<f32>>,
    /// The number of each step.
    pub timesteps: Vec<u32>,
}

/// Tokens of a step: its return, its state, its action.
pub const TOKENS_OF_STEP: usize = 3;

impl Trajectory {
    /// How many steps it has.
    pub fn steps(&self) -> usize {
        self.timesteps.len()
    }

    /// Its tokens by name: `return 0`, `state 0`, `action 0`, `return 1`, ...
    pub fn tokens(&self) -> Tokens {
        let of_step = |step: &u32| ["return", "state", "action"].map(|what| format!("{what} {step}"));
        let names: Vec<String> = self.timesteps.iter().flat_map(of_step).collect();
        Tokens::unmarked((0..names.len() as u32).collect(), names)
    }
}

/// From the stream to what comes next (Chen et al. 2021): from a state what is done, from an action what is
/// seen and gained after it.
#[derive(Debug, Clone)]
pub struct TrajectoryHead {
    /// From a state to the action.
    pub action: Linear,
    /// Whether actions lie between -1 and 1: a tanh.
    pub is_bounded: bool,
    /// From an action to the next state.
    pub state: Linear,
    /// From an action to the next return.
    pub returns: Linear,
}

parameters_in!(TrajectoryHead: action, state, returns);

/// What a network foresees after every step.
#[derive(Debug, Clone)]
pub struct Foreseen {
    /// `[steps, numbers of an action]`.
    pub actions: Array2<f32>,
    /// `[steps, numbers of a state]`.
    pub states: Array2<f32>,
    /// `[steps, 1]`.
    pub returns: Array2<f32>,
}

impl TrajectoryHead {
    /// What is foreseen from a stream `[3 x steps, D]`.
    pub fn run(&self, stream: &Array2<f32>) -> Foreseen {
        let of_tokens = |place: usize, map: &Linear| {
            let rows: ArrayView2<'_, f32> = stream.slice(s![place..;TOKENS_OF_STEP, ..]);
            map.apply(rows.select(Axis(0), &Vec::from_iter(0..rows.nrows())).view())
        };
        let mut actions = of_tokens(1, &self.action);
        if self.is_bounded {
            actions.mapv_inplace(tanh);
        }
        Foreseen { actions, states: of_tokens(2, &self.state), returns: of_tokens(2, &self.returns) }
    }
}

//! The Decision Transformer (Chen et al. 2021): a GPT-2 over what was gained, seen and done, which foresees
//! what to do.

use super::gpt2;
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::fronts::TrajectoryEmbedding;
use crate::model::network::{Activation, Front, Kind, Network, Stack};
use crate::model::trajectory::TrajectoryHead;
use crate::model::weights::Weights;

/// Binds a Decision Transformer.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["", "encoder."]);
    let hidden = config.size(&["hidden_size"])?;
    let heads = config.optional_size(&["n_head"])?.unwrap_or(1);
    config.require_multiple("hidden_size", hidden, "n_head", heads)?;
    // The words of the GPT-2 within are not used.
    ["vocab_size", "add_cross_attention"].iter().for_each(|key| _ = config.states(key));
    let size =
        |key: &str, default: usize| -> Result<usize> { Ok(config.optional_size(&[key])?.unwrap_or(default)) };
    let (state, action) = (size("state_dim", 17)?, size("act_dim", 4)?);
    let epsilon = config.epsilon(&["layer_norm_epsilon"], 1e-5)?;
    let front = TrajectoryEmbedding {
        returns: binder.linear("embed_return", hidden, 1, Bias::Yes)?,
        states: binder.linear("embed_state", hidden, state, Bias::Yes)?,
        actions: binder.linear("embed_action", hidden, action, Bias::Yes)?,
        timesteps: binder.tensor("embed_timestep.weight", &[size("max_ep_len", 4096)?, hidden])?,
        // Its epsilon is PyTorch's own, whatever the configuration says.
        norm: binder.layer_norm("embed_ln", hidden, 1e-5)?,
        positions: binder.tensor("wpe.weight", &[size("n_positions", 1024)?, hidden])?,
    };
    let layers = config.optional_size(&["n_layer"])?.unwrap_or(3);
    let blocks = (0..layers)
        .map(|layer| gpt2::block(&binder, [hidden, heads], epsilon, Activation::Relu, layer))
        .collect::<Result<Vec<_>>>()?;
    let final_norm = binder.layer_norm("ln_f", hidden, epsilon)?;
    let stack = Stack::new("trajectory", hidden, Front::Trajectory(front), blocks, Some(final_norm));
    let mut network = Network::new(family, Kind::Trajectory, vec![stack], None);
    network.trajectory_head = Some(TrajectoryHead {
        action: binder.linear("predict_action.0", action, hidden, Bias::Yes)?,
        is_bounded: config.flag("action_tanh", true)?,
        state: binder.linear("predict_state", state, hidden, Bias::Yes)?,
        returns: binder.linear("predict_return", 1, hidden, Bias::Yes)?,
    });
    Ok(network)
}

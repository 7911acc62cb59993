//! Recurrent layers: Elman's network, the gated recurrent unit, the long short-term memory.
//!
//! PyTorch's tensors and gate order (`torch.nn.RNN`, `GRU`, `LSTM`): `weight_ih [G H, E]`,
//! `weight_hh [G H, H]`, a bias of each. Shapes: T tokens, E input size, H hidden size, G gates.

mod backward;
mod description;
mod run;
mod trace;

pub use backward::RecurrentGradient;
pub use description::{Cell, Direction, Recurrent};
pub use trace::{DirectionTrace, RecurrentState, RecurrentTrace};

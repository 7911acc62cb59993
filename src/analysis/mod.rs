//! What can be read off a trace.
//!
//! ```text
//! Trace --+-> statistics   entropy, distance, mass on a token      --+
//!         +-> heads        what a head does: its label and figures   +-> ranking: where to look next
//!         +-> difference   two traces, before and after a change   --+
//!         +-> rollout      all heads and layers in one map; flow: the same, as pipes
//!         +-> maps         a head or a layer in every view
//!         +-> cell         the making of one weight
//!         +-> similarity   one word at two places, layer by layer
//!         +-> thumbnails   all maps, small
//! Trace + Network -> norms (what a weight moves), lens (what each layer would predict)
//! Network + text -> reading (what is expected after every token, gates and states)
//! Model -> names (how tokens read), positions (what a network is told about order, and what it does)
//! Network -> spectra (what a head can do), importance (what is lost without it), attribution (what an
//!            output is due to), influence (how much a place depends on each token before), costs
//! ```
//!
//! Indices: `layer`, `head` and tokens count from 0; i is the token that looks (a row of a map), j
//! the one looked at (a column). Nothing here panics on an index that does not exist: functions
//! return `None` or an error that says so.

pub mod attribution;
pub mod cell;
pub mod classes;
pub mod costs;
pub mod detectors;
pub mod difference;
pub mod flow;
pub mod head_maps;
pub mod heads;
pub mod importance;
pub mod influence;
pub mod lens;
pub mod maps;
pub mod names;
pub mod norms;
pub mod place;
pub mod positions;
pub mod ranking;
pub mod reading;
pub mod rollout;
pub mod similarity;
pub mod spectra;
pub mod statistics;
pub mod thumbnails;

pub use place::{HeadPlace, Stack};

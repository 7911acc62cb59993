//! How what was chosen is written down where its types belong to rooms that keep nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::analysis::maps::View;
use crate::analysis::{HeadPlace, Stack};
use crate::model::interventions::{HeadChange, PositionChange};

/// A [`View`] by its name.
#[derive(Serialize, Deserialize)]
#[serde(remote = "View", rename_all = "kebab-case")]
pub(super) enum KeptView {
    Weights,
    Scores,
    Difference,
    Norm,
    Mean,
    Rollout,
}

/// A [`Stack`] by its name.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Stack", rename_all = "kebab-case")]
pub(super) enum KeptStack {
    Text,
    Decoder,
    Cross,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HeadChange", rename_all = "kebab-case")]
enum KeptHeadChange {
    Zero,
    Mean,
    Uniform,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PositionChange", rename_all = "kebab-case")]
enum KeptPositionChange {
    Keep,
    Permute(Vec<usize>),
    Remove,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptHead {
    #[serde(default, with = "KeptStack")]
    stack: Stack,
    layer: usize,
    head: usize,
    #[serde(with = "KeptHeadChange")]
    change: HeadChange,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KeptChanges {
    heads: Vec<KeptHead>,
    hidden_tokens: BTreeSet<usize>,
    #[serde(with = "KeptPositionChange")]
    positions: PositionChange,
}

/// [`Interventions`](crate::model::interventions::Interventions), the heads as a list.
pub(super) mod changes {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{HeadPlace, KeptChanges, KeptHead};
    use crate::model::interventions::{Interventions, PositionChange};

    pub(in super::super) fn serialize<S: Serializer>(
        changes: &Interventions,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let head = |(place, change): (&HeadPlace, &_)| {
            let HeadPlace { stack, layer, head } = *place;
            KeptHead { stack, layer, head, change: Clone::clone(change) }
        };
        let kept = KeptChanges {
            heads: changes.heads.iter().map(head).collect(),
            hidden_tokens: changes.hidden_tokens.clone(),
            positions: changes.positions.clone(),
        };
        kept.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Interventions, D::Error> {
        let KeptChanges { heads, hidden_tokens, positions } = KeptChanges::deserialize(deserializer)?;
        if let PositionChange::Permute(places) = &positions {
            let mut sorted = places.clone();
            sorted.sort_unstable();
            if !sorted.iter().copied().eq(0..sorted.len()) {
                let count = places.len();
                let text = format!("positions: expected each number below {count} once, found {places:?}");
                return Err(D::Error::custom(text));
            }
        }
        let kept = |KeptHead { stack, layer, head, change }| (HeadPlace { stack, layer, head }, change);
        let heads = heads.into_iter().map(kept).collect();
        Ok(Interventions { heads, hidden_tokens, positions })
    }
}

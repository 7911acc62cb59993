//! Keys and values of earlier tokens, so that writing one more token costs one token.

use ndarray::{Array3, ArrayView3, Axis, s};

/// What one attention remembers of the tokens before.
#[derive(Debug, Clone, Default)]
pub struct KeyValueCache {
    key: Growing,
    value: Growing,
}

impl KeyValueCache {
    /// Appends the keys (after rotation) and values `[G, T, E]` of further tokens.
    ///
    /// # Panics
    /// When their G or E are not those of the tokens before.
    pub fn append(&mut self, key: &Array3<f32>, value: &Array3<f32>) {
        self.key.append(key);
        self.value.append(value);
    }

    /// How many tokens it has.
    pub fn tokens(&self) -> usize {
        self.key.tokens
    }

    /// All keys so far, `[G, S, E]`.
    pub fn key(&self) -> ArrayView3<'_, f32> {
        self.key.view()
    }

    /// All values so far, `[G, S, E]`.
    pub fn value(&self) -> ArrayView3<'_, f32> {
        self.value.view()
    }
}

/// An array that grows along its middle axis, with room to spare so that most appends copy only
/// what is new.
#[derive(Debug, Clone, Default)]
struct Growing {
    /// `[G, room, E]`; the first `tokens` of the room are filled.
    room: Array3<f32>,
    tokens: usize,
}

impl Growing {
    fn append(&mut self, new: &Array3<f32>) {
        let (groups, added, size) = new.dim();
        let tokens = self.tokens + added;
        if tokens > self.room.len_of(Axis(1)) {
            let mut larger = Array3::zeros((groups, tokens.next_power_of_two(), size));
            if self.tokens > 0 {
                larger.slice_mut(s![.., ..self.tokens, ..]).assign(&self.view());
            }
            self.room = larger;
        }
        self.room.slice_mut(s![.., self.tokens..tokens, ..]).assign(new);
        self.tokens = tokens;
    }

    fn view(&self) -> ArrayView3<'_, f32> {
        self.room.slice(s![.., ..self.tokens, ..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_appended_is_there_in_order() {
        let new = |first: usize, tokens: usize| {
            Array3::from_shape_fn((2, tokens, 3), |(g, t, e)| (100 * g + 10 * (first + t) + e) as f32)
        };
        let mut cache = KeyValueCache::default();
        let mut past = 0;
        for tokens in [3, 1, 1, 7, 1] {
            cache.append(&new(past, tokens), &(new(past, tokens) * 2.0));
            past += tokens;
            assert_eq!(cache.key(), new(0, past));
            assert_eq!(cache.value(), new(0, past) * 2.0);
        }
    }
}

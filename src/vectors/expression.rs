//! Vector arithmetic as text: `king - man + woman`.

//! The image that a vision model looks at, beside the map: how strongly the patch of the cursor's
//! row looks at every other is how bright they are drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::state::MapScale;
use super::{GAP, Looked};
use crate::analysis::Stack;
use crate::model::image::Prepared;
use crate::theme::Theme;
use crate::widgets::heatmap::largest;
use crate::widgets::picture::{Patches, size};
use crate::widgets::text::{fit, put, visible};

/// The most columns of an image on a narrow screen; a wide one has larger ones.
const USUAL_WIDTH: u16 = 24;
/// From this width on the image stands beside it as it is.
const WIDTH_FOR_BOTH: u16 = 140;
/// What a map, and what stands beside the image when something is changed, needs at least.
const WIDTH_FOR_OTHERS: u16 = 24;
/// An image of fewer rows says nothing.
const LEAST_ROWS: u16 = 4;

/// How much room the image gets.
pub(super) struct Place {
    /// Columns of one image.
    one: u16,
    /// Whether it stands there a second time, as it is.
    both: bool,
}

impl Place {
    /// Where the image fits into `area` beside a map; `None` for a text, and where there is no room.
    pub(super) fn new(looked: &Looked, area: Rect) -> Option<Self> {
        let image = shown(looked)?;
        let most = USUAL_WIDTH.max((area.width / 4).saturating_sub(2));
        let (one, rows) = size(image.across, most, area.height.saturating_sub(2));
        let place = Self { one, both: area.width >= WIDTH_FOR_BOTH };
        (rows >= LEAST_ROWS && area.width >= place.columns() + WIDTH_FOR_OTHERS).then_some(place)
    }

    /// The columns that it takes, the gaps before it included.
    pub(super) fn columns(&self) -> u16 {
        (self.one + GAP) * if self.both { 2 } else { 1 }
    }
}

fn shown<'a>(looked: &'a Looked) -> Option<&'a Prepared> {
    looked.pass.image.as_deref().filter(|_| looked.state.chosen.stack == Stack::Text)
}

/// Draws the image at the left of `area`. Returns the columns that it took, the gap behind it
/// included; none where before and after need the room.
pub(super) fn draw(looked: &Looked, place: &Place, theme: &Theme, buffer: &mut Buffer, area: Rect) -> u16 {
    let state = looked.state;
    let needed = if state.after.is_some() { place.one + GAP + WIDTH_FOR_OTHERS } else { place.one };
    let Some(image) = shown(looked).filter(|_| area.width >= needed) else { return 0 };
    let light = light(looked, image.before_patches);
    let attended = Patches {
        picture: &image.picture,
        across: image.across,
        light: Some(&light),
        from: state.chosen.query.checked_sub(image.before_patches),
        to: state.chosen.key.checked_sub(image.before_patches),
        stale: looked.stale,
    };
    let title = format!("{} looks at", visible(looked.row_label(state.chosen.query)));
    draw_one(looked, &title, &attended, theme, buffer, Rect { width: place.one, ..area });
    let rows = size(image.across, place.one, area.height.saturating_sub(2)).1;
    let legend = Rect { width: area.width.min(place.one + GAP), ..area };
    put(buffer, legend, 0, 1 + rows, "> looks  [] looked at", theme.roles().faint);
    // What is changed shows its maps in the place of the second image.
    let kept_free = if state.after.is_some() { WIDTH_FOR_OTHERS } else { 0 };
    if !place.both || area.width < place.columns() + kept_free {
        return place.one + GAP;
    }
    let plain = Patches { light: None, from: None, to: None, ..attended };
    let beside = Rect { x: area.x + place.one + GAP, width: place.one, ..area };
    draw_one(looked, "the image", &plain, theme, buffer, beside);
    place.columns()
}

fn draw_one(looked: &Looked, title: &str, patches: &Patches, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let heading = if looked.stale { theme.roles().stale } else { theme.roles().heading };
    put(buffer, area, 0, 0, &fit(title, usize::from(area.width)), heading);
    // A line for the title, and one for the legend.
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    patches.draw(theme, buffer, below);
}

/// How bright every patch is, row by row: the cursor's row of the map without the tokens before them, in
/// proportion to its largest. Of a view with signs, the weights.
fn light(looked: &Looked, before_patches: usize) -> Vec<f32> {
    let state = looked.state;
    let weights = state.weights(looked.pass, state.chosen.layer, state.chosen.head);
    let row = match &looked.map {
        Some(map) if !state.chosen.view.is_signed() && state.chosen.query < map.nrows() => {
            map.row(state.chosen.query).to_vec()
        }
        _ => weights
            .filter(|weights| state.chosen.query < weights.nrows())
            .map_or_else(Vec::new, |weights| weights.row(state.chosen.query).to_vec()),
    };
    let patches = row.get(before_patches..).unwrap_or_default();
    let full = largest(patches);
    let share = |value: &f32| match state.chosen.scale {
        MapScale::SquareRoot => (value / full).max(0.0).sqrt(),
        MapScale::Linear | MapScale::Row => value / full,
    };
    patches.iter().map(share).collect()
}

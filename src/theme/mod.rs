//! How things look: styles by meaning, colour maps, colour depth, and the files that set them.
//!
//! Screens draw with the theme's roles and maps at full colour; at the very end
//! [`Theme::finish`] lowers the whole frame to what the terminal shows, in one place.

pub mod colour;
pub mod colour_map;
pub mod depth;
pub mod load;
pub mod roles;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Style};

pub use colour_map::{Background, Diverging, HeatCell, Sequential};
pub use depth::ColourDepth;
pub use load::{ThemeError, load, load_or_default, names};
pub use roles::Roles;

/// The theme when nothing is known of the terminal's background.
pub const DEFAULT_THEME: &str = "terminal";

/// Everything that a screen needs to know about looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    name: String,
    roles: Roles,
    background: Background,
    sequential: Sequential,
    diverging: Diverging,
    depth: ColourDepth,
}

impl Default for Theme {
    /// No styles at all: what a theme file without a parent starts from.
    fn default() -> Self {
        Self {
            name: String::new(),
            roles: Roles::default(),
            background: Background::Unknown,
            sequential: Sequential::Greys,
            diverging: Diverging::BlueOrange,
            depth: ColourDepth::TrueColour,
        }
    }
}

impl Theme {
    /// The name of the theme for a background: `None` where it could not be found out.
    pub fn name_for(background: Option<Background>) -> &'static str {
        match background {
            Some(Background::Dark) => "dark",
            Some(Background::Light) => "light",
            Some(Background::Unknown) | None => DEFAULT_THEME,
        }
    }

    /// The theme for a terminal that shows `depth`; a theme that wants less (mono) keeps it.
    ///
    /// Without colour a theme's roles become those of the theme mono: what was told apart by
    /// colour alone is then told apart by bold, dim, reverse and underline.
    #[must_use]
    pub fn with_depth(mut self, depth: ColourDepth) -> Self {
        if depth == ColourDepth::Mono && self.depth != depth {
            self.roles = load("mono", None).map_or(self.roles, |mono| mono.roles);
        }
        self.depth = self.depth.min(depth);
        self
    }

    /// The name that the theme was loaded by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Styles by meaning.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Whether it is made for a light page.
    pub fn is_light(&self) -> bool {
        self.background == Background::Light
    }

    /// How many colours are drawn with.
    pub fn depth(&self) -> ColourDepth {
        self.depth
    }

    /// The cell of a value from 0 to 1.
    pub fn heat(&self, value: f64) -> HeatCell {
        self.on_background(self.sequential.cell(value, self.depth, self.background))
    }

    /// The cell of a signed value from -1 to 1.
    pub fn signed_heat(&self, value: f64) -> HeatCell {
        self.on_background(self.diverging.cell(value, self.depth, self.background))
    }

    /// Two values from 0 to 1 in one cell, one above the other, where the theme has ramps; the
    /// larger of the two where values are glyphs. NaN stays off the ramp.
    pub fn heat_pair(&self, top: f64, bottom: f64) -> HeatCell {
        self.pair([top, bottom], [self.heat(top), self.heat(bottom)])
    }

    /// The same for signed values from -1 to 1; the one farther from zero where values are glyphs.
    pub fn signed_heat_pair(&self, top: f64, bottom: f64) -> HeatCell {
        self.pair([top, bottom], [self.signed_heat(top), self.signed_heat(bottom)])
    }

    fn pair(&self, [top, bottom]: [f64; 2], [above, below]: [HeatCell; 2]) -> HeatCell {
        let larger = if top.abs() >= bottom.abs() || bottom.is_nan() { above } else { below };
        if !self.has_ramps() || (top.is_nan() && bottom.is_nan()) {
            return larger;
        }
        let (above, below) =
            (above.style.bg.filter(|_| !top.is_nan()), below.style.bg.filter(|_| !bottom.is_nan()));
        let style = match (above, below) {
            (Some(above), Some(below)) => Style::new().fg(above).bg(below),
            (Some(one), None) | (None, Some(one)) => self.roles.text.fg(one),
            (None, None) => return larger,
        };
        HeatCell { glyph: if above.is_some() { "▀" } else { "▄" }, style }
    }

    /// Whether values are shown by background colours rather than by glyphs.
    pub fn has_ramps(&self) -> bool {
        self.depth >= ColourDepth::C256
    }

    /// Black or white, whichever reads better on the background of `style`; `style` itself where it
    /// has none.
    pub fn readable_on(&self, style: Style) -> Style {
        let Some(ground) = style.bg.and_then(colour::to_rgb) else { return style };
        let (black, white) = ((0, 0, 0), (255, 255, 255));
        let dark = colour::contrast(ground, black) > colour::contrast(ground, white);
        style.fg(if dark { Color::Rgb(0, 0, 0) } else { Color::Rgb(255, 255, 255) })
    }

    /// Lets a cell without a background of its own stand on the theme's.
    fn on_background(&self, mut cell: HeatCell) -> HeatCell {
        cell.style = self.roles.text.patch(cell.style);
        cell
    }

    /// The background that the theme paints everywhere; most paint none.
    pub fn ground(&self) -> Style {
        Style::new().bg(self.roles.text.bg.unwrap_or(Color::Reset))
    }

    /// The last step of every frame: lowers all its colours to the theme's depth.
    pub fn finish(&self, buffer: &mut Buffer) {
        depth::degrade(buffer, self.depth);
    }
}

//! The map that is shown, as a file.

use super::state::Attention;
use crate::analysis::names::labels;
use crate::app::overlay::{Field, Form};
use crate::app::{Effect, Frame, Overlay};
use crate::export::Map;
use crate::widgets::line::Line;

/// The form that asks for the file.
const SAVE_MAP: &str = "save-map";

impl Attention {
    /// Asks where to.
    pub(super) fn ask_where_to_save(&mut self, frame: &mut Frame) {
        let (layer, head) = (self.chosen.layer, self.chosen.head);
        let view = self.chosen.view.title().replace(' ', "-");
        let name = match self.chosen.view.is_per_layer() {
            true => format!("layer-{layer}-{view}.svg"),
            false => format!("head-{layer}-{head}-{view}.svg"),
        };
        let fields = vec![Field { label: "file", example: "head.svg or head.csv", line: Line::new(name) }];
        let (title, note) = ("Write this map", "A file that is there already is replaced.");
        frame.overlay = Some(Overlay::Form(Form { id: SAVE_MAP, title, fields, note, ..Form::default() }));
    }

    /// Writes the map to the file of the form, where it is the one that asks for it.
    pub(super) fn save_map(&self, form: &Form, frame: &mut Frame) -> Result<(), String> {
        if form.id != SAVE_MAP {
            return Ok(());
        }
        let name = form.fields.first().map_or("", |field| field.line.text().trim()).to_owned();
        let map = self.exported(frame).ok_or("this map is not known yet")?;
        let text = match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
            Some("svg") => map.svg(),
            Some("csv") => map.csv().map_err(|error| error.to_string())?,
            _ => return Err("the name must end in .svg or .csv".into()),
        };
        frame.ask(Effect::Save { name, text });
        Ok(())
    }

    /// The map that is shown. (The command `attend` writes the same, with the same numbers.)
    fn exported(&self, frame: &Frame) -> Option<Map> {
        let view = self.chosen.view;
        let (layer, head) = (self.chosen.layer, self.chosen.head);
        let map = self.map(layer, head)?;
        let model = frame.model.open().map_or("", |model| model.name.as_str());
        let title = match view.is_per_layer() {
            true => format!("{model}: layer {layer}, {}", view.title()),
            false => format!("{model}: layer {layer} head {head}, {}", view.title()),
        };
        Some(Map {
            title,
            quantity: view.quantity(),
            row: "query",
            column: "key",
            rows: labels(self.query_tokens()?),
            columns: labels(self.key_tokens()?),
            values: map.mapv(f64::from),
            before: None,
        })
    }
}

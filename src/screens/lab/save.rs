//! What came out, as a file; and the forms of this screen.

use super::state::Lab;
use super::table::series;
use super::work::Show;
use crate::app::overlay::{Field, Form};
use crate::app::{Effect, Frame, Overlay};
use crate::export::Lines;
use crate::widgets::line::Line;

const SAVE: &str = "save-result";
const SETTINGS: &str = "lab-settings";
const REPLAY: &str = "lab-replay";

impl Lab {
    /// Asks for seed and budget.
    pub(super) fn ask_settings(&mut self, frame: &mut Frame) {
        let fields = vec![
            Field { label: "seed", example: "1", line: Line::new(self.chosen.seed.to_string()) },
            Field {
                label: "budget",
                example: self.card().budget.unit,
                line: Line::new(self.budget().to_string()),
            },
        ];
        let note = "The same seed and budget give the same numbers, times apart.";
        let title = "Seed and budget of the next run";
        frame.overlay = Some(Overlay::Form(Form { id: SETTINGS, title, fields, note, ..Form::default() }));
    }

    /// Asks where to write what came out.
    pub(super) fn ask_where_to_save(&mut self, frame: &mut Frame) {
        let name = format!("{}.csv", self.card().name);
        let example = "recall.csv, recall.json or recall.svg";
        let fields = vec![Field { label: "file", example, line: Line::new(name) }];
        let (title, note) = ("Write what came out", "A file that is there already is replaced.");
        frame.overlay = Some(Overlay::Form(Form { id: SAVE, title, fields, note, ..Form::default() }));
    }

    /// Asks for a file that holds a run.
    pub(super) fn ask_what_to_show(&mut self, frame: &mut Frame) {
        let example = "recall.json";
        let fields = vec![Field { label: "file", example, line: Line::default() }];
        let note = "A file that w or `lexiscope lab NAME --format json` wrote.";
        let title = "Show a run from a file";
        frame.overlay = Some(Overlay::Form(Form { id: REPLAY, title, fields, note, ..Form::default() }));
    }

    pub(super) fn take_form(&mut self, form: &Form, frame: &mut Frame) -> Result<(), String> {
        let field = |index: usize| form.fields.get(index).map_or("", |field| field.line.text().trim());
        match form.id {
            SETTINGS => self.take_settings(field(0), field(1)),
            SAVE => self.save(field(0), frame),
            REPLAY => {
                if field(0).is_empty() {
                    return Err("which file?".into());
                }
                frame.start::<Self, _>(Show::File(field(0).into()));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_settings(&mut self, seed: &str, budget: &str) -> Result<(), String> {
        let number = |what: &str, typed: &str| {
            typed.parse::<u64>().map_err(|_| format!("{what} is a whole number, not \"{typed}\""))
        };
        let (seed, budget) = (number("the seed", seed)?, number("the budget", budget)?);
        let card = self.card();
        if budget == 0 || budget > card.budget.most {
            return Err(format!("the budget is from 1 to {} {}", card.budget.most, card.budget.unit));
        }
        self.chosen.seed = seed;
        if budget == card.budget.usual {
            self.chosen.budgets.remove(card.name);
        } else {
            self.chosen.budgets.insert(card.name.to_owned(), budget);
        }
        Ok(())
    }

    /// Writes what came out, as the ending of the name says.
    fn save(&self, name: &str, frame: &mut Frame) -> Result<(), String> {
        let outcome = self.shown().ok_or("nothing came out yet")?;
        let text = match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
            Some("csv") => outcome.csv().map_err(|error| error.to_string())?,
            Some("json") => format!("{:#}\n", outcome.json()),
            Some("svg") => self.picture().ok_or("nothing in it can be drawn")?.svg(),
            _ => return Err("the name must end in .csv, .json or .svg".into()),
        };
        frame.ask(Effect::Save { name: name.to_owned(), text });
        Ok(())
    }

    /// The lines that the screen draws, with their names.
    fn picture(&self) -> Option<Lines> {
        let (card, outcome) = (self.card(), self.shown()?);
        let found = series(card, outcome);
        let lines: Vec<_> = found.lines.into_iter().map(|line| (line.name, line.points)).collect();
        (!lines.is_empty()).then(|| Lines {
            title: card.question.to_owned(),
            across: card.chart.across,
            up: card.chart.up,
            places: found.places,
            lines,
        })
    }
}

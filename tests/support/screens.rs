//! What tests of the screens need: an application, and its screens by name.
#![allow(dead_code)]

use lexiscope::app::{App, Screen};
use lexiscope::screens;
use lexiscope::screens::analogy::Analogy;
use lexiscope::screens::attention::Attention;
use lexiscope::screens::lab::Lab;
use lexiscope::screens::memory::Memory;
use lexiscope::screens::positions::Positions;
use lexiscope::screens::words::Words;

/// An application before anything was read.
pub fn app() -> App {
    App::new(screens::all(), None)
}

/// Brings a screen to the front, without opening what it needs.
pub fn show(app: &mut App, id: &str) {
    let index = app.screens.iter().position(|screen| screen.place().id == id).expect("a screen");
    app.screens.show(index, &mut app.frame);
    app.frame.model = Default::default();
}

/// The screens by their names.
pub trait Look {
    fn words(&self) -> &Words;
    fn words_mut(&mut self) -> &mut Words;
    fn analogy(&self) -> &Analogy;
    fn analogy_mut(&mut self) -> &mut Analogy;
    fn attention(&self) -> &Attention;
    fn attention_mut(&mut self) -> &mut Attention;
    fn lab(&self) -> &Lab;
    fn lab_mut(&mut self) -> &mut Lab;
    fn memory_screen(&self) -> &Memory;
    fn memory_screen_mut(&mut self) -> &mut Memory;
    fn positions(&self) -> &Positions;
    fn positions_mut(&mut self) -> &mut Positions;
}

fn of<S: Screen>(app: &App) -> &S {
    app.screen()
}

impl Look for App {
    fn words(&self) -> &Words {
        of(self)
    }

    fn words_mut(&mut self) -> &mut Words {
        self.screen_mut()
    }

    fn analogy(&self) -> &Analogy {
        of(self)
    }

    fn analogy_mut(&mut self) -> &mut Analogy {
        self.screen_mut()
    }

    fn attention(&self) -> &Attention {
        of(self)
    }

    fn attention_mut(&mut self) -> &mut Attention {
        self.screen_mut()
    }

    fn lab(&self) -> &Lab {
        of(self)
    }

    fn lab_mut(&mut self) -> &mut Lab {
        self.screen_mut()
    }

    fn memory_screen(&self) -> &Memory {
        of(self)
    }

    fn memory_screen_mut(&mut self) -> &mut Memory {
        self.screen_mut()
    }

    fn positions(&self) -> &Positions {
        of(self)
    }

    fn positions_mut(&mut self) -> &mut Positions {
        self.screen_mut()
    }
}

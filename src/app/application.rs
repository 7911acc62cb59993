//! The whole application without its terminal.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::entry::Scope;
use super::frame::Frame;
use super::keymap::{Keymap, Place};
use super::registry::{Listed, Registry};
use super::screen::{AnyScreen, Screen};
use super::screens::Screens;

/// Everything that is drawn.
#[derive(Debug, Clone)]
pub struct App {
    /// The screens.
    pub screens: Screens,
    /// What is around them.
    pub frame: Frame,
    /// The commands.
    pub registry: Arc<Registry>,
}

impl App {
    /// The state before anything was read: `screens`, of the vectors of `path` (the shipped ones
    /// for `None`), with the default keys.
    pub fn new(screens: Vec<Box<dyn AnyScreen>>, path: Option<PathBuf>) -> Self {
        let registry = Registry::new(&screens);
        let keymap = Keymap::new(&registry.groups(&screens));
        let frame = Frame::new(path, keymap);
        Self { screens: Screens::new(screens), frame, registry: Arc::new(registry) }
    }

    /// The state of a screen.
    ///
    /// # Panics
    /// The application was made without it: a mistake in a test.
    pub fn screen<S: Screen>(&self) -> &S {
        self.screens.get().unwrap_or_else(|| panic!("no screen {}", S::PLACE.title))
    }

    /// The state of a screen, to be changed.
    ///
    /// # Panics
    /// The application was made without it: a mistake in a test.
    pub fn screen_mut<S: Screen>(&mut self) -> &mut S {
        self.screens.get_mut().unwrap_or_else(|| panic!("no screen {}", S::PLACE.title))
    }

    /// What outlives the program: an object with the memory of every screen that has one.
    pub fn memory(&self) -> Value {
        let of_screen = |screen: &dyn AnyScreen| (screen.place().id.to_owned(), screen.memory());
        self.screens.iter().map(of_screen).filter(|(_, memory)| !memory.is_null()).collect()
    }

    /// Takes back the memory of an earlier run.
    ///
    /// # Errors
    /// What in it is not understood; all else is taken back.
    pub fn remember(&mut self, memory: Value) -> Result<(), String> {
        let Value::Object(mut memories) = memory else { return Err("expected an object".into()) };
        let mut mistakes = Vec::new();
        for screen in self.screens.iter_mut() {
            let id = screen.place().id;
            if let Some(Err(mistake)) = memories.remove(id).map(|memory| screen.remember(memory)) {
                mistakes.push(format!("{id}: {mistake}"));
            }
        }
        mistakes.extend(memories.keys().map(|id| format!("there is no screen {id}")));
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("; ")) }
    }

    /// Whether printable keys are text now.
    pub fn is_typing(&self) -> bool {
        match &self.frame.overlay {
            Some(overlay) => overlay.is_typing(),
            None => self.screens.front().is_typing(),
        }
    }

    /// Where keys are looked up now.
    pub fn place(&self) -> Place<'static> {
        let place = self.screens.place();
        let scopes: &[Scope] = match (self.is_typing(), self.frame.overlay.is_some(), place.is_list) {
            (true, _, _) => &[Scope::Typing, Scope::Everywhere],
            (false, true, _) => &[Scope::Reading, Scope::Everywhere],
            (false, false, true) => &[Scope::Own, Scope::Lists, Scope::Browsing, Scope::Everywhere],
            (false, false, false) => &[Scope::Own, Scope::Browsing, Scope::Everywhere],
        };
        Place { scopes, screen: place.id }
    }

    /// The commands of the footer, each with its key and its title of the moment.
    pub fn footer(&self) -> Vec<(String, String)> {
        let told = |listed: &Listed| {
            let key = self.frame.keymap.key_for(listed.entry.id, self.place())?;
            Some((key.to_string(), self.registry.title(listed, &self.screens, &self.frame)))
        };
        let Some(overlay) = &self.frame.overlay else {
            return self.registry.footer(&self.screens, &self.frame).into_iter().filter_map(told).collect();
        };
        let ids: &[&str] = match overlay.is_typing() {
            true => &["accept", "complete", "cancel"],
            false => &["down", "up", "cancel"],
        };
        ids.iter().filter_map(|id| told(self.registry.find(id, &self.screens)?)).collect()
    }
}

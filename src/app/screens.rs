//! The screens as the frame keeps them: one after the other, one of them in front.

use super::frame::Frame;
use super::news::News;
use super::opened::Opened;
use super::screen::{AnyScreen, Needs, Place, Screen};

/// All screens, in the order of their tabs.
pub struct Screens {
    all: Vec<Box<dyn AnyScreen>>,
    front: usize,
}

impl Clone for Screens {
    fn clone(&self) -> Self {
        Self { all: self.all.iter().map(|screen| screen.boxed()).collect(), front: self.front }
    }
}

impl std::fmt::Debug for Screens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.all.iter().map(|screen| screen.place().id)).finish()
    }
}

impl Screens {
    /// `all`, the first in front.
    ///
    /// # Panics
    /// `all` is empty: a mistake in the program.
    pub fn new(all: Vec<Box<dyn AnyScreen>>) -> Self {
        assert!(!all.is_empty(), "a program without screens");
        Self { all, front: 0 }
    }

    /// The screen in front.
    pub fn front(&self) -> &dyn AnyScreen {
        &*self.all[self.front]
    }

    /// The screen in front, to be changed.
    pub fn front_mut(&mut self) -> &mut dyn AnyScreen {
        &mut *self.all[self.front]
    }

    /// The index of the screen in front.
    pub fn index(&self) -> usize {
        self.front
    }

    /// The place of the screen in front.
    pub fn place(&self) -> Place {
        self.front().place()
    }

    /// All screens.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &dyn AnyScreen> {
        self.all.iter().map(|screen| &**screen)
    }

    /// All screens, to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Box<dyn AnyScreen>> {
        self.all.iter_mut()
    }

    /// The screen of a type.
    pub fn get<S: Screen>(&self) -> Option<&S> {
        self.all.iter().find_map(|screen| screen.as_any().downcast_ref())
    }

    /// The screen of a type, to be changed.
    pub fn get_mut<S: Screen>(&mut self) -> Option<&mut S> {
        self.all.iter_mut().find_map(|screen| screen.as_any_mut().downcast_mut())
    }

    /// Brings the screen of an index to the front and opens what it needs.
    pub fn show(&mut self, index: usize, frame: &mut Frame) {
        if index >= self.all.len() {
            return;
        }
        self.front = index;
        if self.place().needs == Needs::Model && matches!(frame.model, Opened::Closed) {
            frame.open_model();
        }
        self.front_mut().news(News::InFront, frame);
    }

    /// Brings the next screen to the front, the first after the last.
    pub fn show_next(&mut self, frame: &mut Frame) {
        self.show((self.front + 1) % self.all.len(), frame);
    }
}

//! The boundary to readers of other crates: where one of them panics on input that it did not
//! foresee, that is an error like any other, told in one line, and the program goes on.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}
static HOOK: Once = Once::new();

/// Calls a reader of another crate. What it was given must not be used again after an error, since it
/// may have been left half changed.
///
/// # Errors
/// The message of its panic.
pub fn call<T>(reader: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |information| {
            if is_inside() {
                tracing::warn!(%information, "a reader of another crate panicked");
            } else {
                previous(information);
            }
        }));
    });
    let before = INSIDE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(reader));
    INSIDE.set(before);
    result.map_err(|payload| message(payload.as_ref()))
}

/// Whether this thread runs a reader of another crate, whose panic is caught.
pub fn is_inside() -> bool {
    INSIDE.get()
}

/// What a panic says, in one line.
pub fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.map_or_else(|| String::from("no message"), |text| text.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_next_call_is_as_before() {
        assert_eq!(call(|| 7), Ok(7));
        let broke: Result<(), String> = call(|| panic!("index {} out of\nbounds", 3));
        assert_eq!(broke, Err("index 3 out of bounds".into()));
        assert!(!is_inside());
        assert_eq!(call(|| call(|| panic!("inner")).is_err() && is_inside()), Ok(true));
    }
}

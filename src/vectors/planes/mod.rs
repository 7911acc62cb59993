//! Rows a second time, in fewer bytes: what a search reads first.
//!
//! A search over f32 rows waits for memory, not for arithmetic. A *plane* holds every row, brought to
//! length 1, as small integers with one scale, and beside them how far that is from the row. The
//! cosines that follow from it are intervals; the few rows whose interval reaches the best are scored
//! from their own numbers, so that the answer is the one that a search over those would give.
//!
//! ```text
//! row x, length 1:  |x - s c| <= rho     c: i8 codes, s: scale of the row, rho: its error
//! query q, length 1:  |q - t p| <= eps     p: integers of 15 bits
//! |x q - s t (c p)| <= |x - s c| |q| + |s c| |q - t p| <= rho + (1 + rho) eps
//! ```
//!
//! (Cauchy and Schwarz; c p is an exact integer.) A plane lies in the cache, made in the background
//! once a file is open; it is never needed, and is passed over where it does not belong to the rows.

//! Planes of eight and of four bits serve together: a row whose interval from four bits cannot reach the
//! best is done with, and of the others eight bits tell more.

pub mod code_plane;
pub mod int4;
pub mod int8;
pub mod scales;
pub mod stored;

use self::int4::Int4Plane;
use self::int8::Int8Plane;

/// The planes of some rows.
#[derive(Debug, Clone)]
pub struct Planes {
    /// One byte a component.
    pub int8: Int8Plane,
    /// Half a byte a component.
    pub int4: Option<Int4Plane>,
}

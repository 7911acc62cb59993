//! Dot products of rows as they lie in a file: little-endian f32 at any alignment.

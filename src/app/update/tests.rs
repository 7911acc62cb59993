//! Keys in, state and effects out: no terminal, no threads.

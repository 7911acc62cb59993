//! The weights of one head, cut out of however its family stores them.

//! Stories that cross crates, and the rules of the tree itself.

mod tidy;

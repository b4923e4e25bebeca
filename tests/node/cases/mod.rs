//! Test cases. Each uses `kubectl` and the shipped manifests.

mod load;
mod switching;

use crate::Case;

macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        vec![$((concat!(stringify!($module), "::", stringify!($case)),
            (|cluster| Box::pin($module::$case(cluster))) as Case)),*]
    };
}

/// All cases with their names.
pub fn all() -> Vec<(&'static str, Case)> {
    cases![
        switching::every_caller_gets_503_and_probes_stay_green,
        load::nothing_is_lost_during_a_switch,
    ]
}

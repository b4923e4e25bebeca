//! Cases, by the part that fails.

mod clock;
mod control_plane;
mod disk;
mod registry;
mod sidecar;
mod switches;
mod trap;

use crate::Case;

macro_rules! cases {
    ($($kind:ident $module:ident :: $case:ident),* $(,)?) => {
        vec![$((concat!(stringify!($module), "::", stringify!($case)), cases!($kind $module $case))),*]
    };
    (InMesh $module:ident $case:ident) => { Case::InMesh(|mesh| Box::pin($module::$case(mesh))) };
    (Alone $module:ident $case:ident) => { Case::Alone(|| Box::pin($module::$case())) };
}

/// All cases with their names.
pub fn all() -> Vec<(&'static str, Case)> {
    cases![
        InMesh sidecar::envoy_is_killed,
        InMesh sidecar::envoy_is_stopped,
        InMesh sidecar::the_agent_is_killed,
        InMesh sidecar::the_agent_is_stopped,
        InMesh control_plane::istiod_is_killed,
        InMesh control_plane::istiod_is_stopped,
        InMesh control_plane::the_api_server_is_killed,
        InMesh control_plane::the_api_server_is_stopped,
        InMesh control_plane::etcd_is_killed,
        InMesh control_plane::etcd_is_stopped,
        InMesh registry::it_is_cut_off_in_a_pull,
        InMesh registry::it_sends_1_byte_a_second,
        InMesh registry::it_sends_half_a_layer,
        InMesh registry::it_sends_another_layer,
        InMesh registry::it_answers_500,
        InMesh registry::an_upgrade_without_it_ends_standby,
        InMesh disk::it_is_full,
        InMesh trap::fail_reload_stays_shut,
        InMesh trap::fail_closed_stays_shut_for_good,
        InMesh trap::fail_open_lets_requests_through,
        InMesh trap::in_a_change_of_the_plugin_lets_requests_through,
        Alone clock::it_is_set_forward_and_back,
        Alone switches::a_thousand_lose_nothing,
    ]
}

//! Test cases. Each uses `kubectl` and the shipped manifests.

mod disruption;
mod kubectl_maintenance;
mod load;
mod mesh;
mod probes;
mod runbook;
mod switching;
mod without_registry;

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
        switching::maintenance_mode_is_applied_and_deleted,
        switching::standby_stops_every_caller_at_once,
        runbook::every_command_does_what_the_page_says,
        load::nothing_is_lost_during_a_switch,
        kubectl_maintenance::status_shows_every_pod,
        disruption::a_rollout_and_a_new_scale_let_nothing_through,
        disruption::a_deleted_and_an_evicted_pod_let_nothing_through,
        disruption::a_killed_agent_lets_nothing_through,
        disruption::without_the_registry_a_new_pod_is_closed,
        probes::probes_that_are_not_rewritten_end_in_a_crash_loop,
        probes::an_exemption_keeps_probes_that_are_not_rewritten,
        probes::tcp_exec_and_grpc_probes_stay_green,
        probes::an_exemption_keeps_grpc_probes_that_are_not_rewritten,
        without_registry::the_module_comes_from_a_config_map,
        without_registry::a_gateway_reads_the_module_from_a_config_map,
        without_registry::without_the_config_map_every_request_gets_500,
        mesh::external_authorization_goes_before_maintenance,
        mesh::a_retry_policy_for_rate_limits_retries,
    ]
}

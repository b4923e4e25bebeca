//! The cases, each through `kubectl` and the shipped files.

mod evidence;
mod idle;
mod istiod;
mod load;
mod module;
mod scope;
mod start;
mod switching;

use crate::Case;

macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        vec![$((concat!(stringify!($module), "::", stringify!($case)),
            (|mesh| Box::pin($module::$case(mesh))) as Case)),*]
    };
}

/// All of them, by name.
pub fn all() -> Vec<(&'static str, Case)> {
    cases![
        switching::maintenance_mode_is_applied_and_deleted,
        switching::traffic_extension_is_applied_and_deleted,
        switching::standby_is_patched,
        switching::maintenance_mode_goes_over_standby,
        idle::maintenance_mode_lets_an_open_connection_ask_once_more,
        idle::standby_stops_an_open_connection_at_once,
        load::maintenance_mode_twenty_times,
        load::traffic_extension_twenty_times,
        load::standby_twenty_times,
        scope::outbound_requests_are_untouched,
        scope::other_namespaces_are_untouched,
        scope::the_root_namespace_is_the_whole_mesh,
        start::the_first_answer_is_503,
        start::the_first_answer_is_503_with_standby_switched_on,
        module::the_digest_of_the_manifest_is_checked,
        module::a_wrong_digest_closes_maintenance_mode,
        module::without_a_registry_maintenance_mode_is_closed,
        module::without_a_registry_standby_is_open,
        module::a_pulled_module_needs_no_registry,
        module::a_forgotten_module_needs_the_registry_again,
        module::a_pull_secret_opens_a_closed_registry,
        module::a_registry_whose_realm_is_no_address_is_of_no_use,
        istiod::maintenance_holds_while_istiod_is_down,
        istiod::a_proxy_that_starts_without_istiod_waits_for_it,
        evidence::metrics_are_on_the_merged_page,
        evidence::the_access_log_says_maintenance_mode,
        evidence::a_deleted_plugin_leaves_the_page_once_drained,
    ]
}

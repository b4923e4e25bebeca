//! Test cases. Each uses `kubectl` and the shipped manifests.

mod admission;
mod admission_warn;
mod bad_configuration;
mod envoy_gateway;
mod evidence;
mod gateway;
mod gitops;
mod guard_rails;
mod guarded_api;
mod idle;
mod istiod;
mod kubectl_maintenance;
mod kustomize;
mod load;
mod maintenance_page;
mod module;
mod mtls;
mod on_call;
mod planned_night;
mod recipes;
mod retries;
mod root_namespace;
mod scope;
mod start;
mod switching;
mod verify;
mod waypoint;

use crate::Case;

macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        vec![$((concat!(stringify!($module), "::", stringify!($case)),
            (|mesh| Box::pin($module::$case(mesh))) as Case)),*]
    };
}

/// All cases with their names.
pub fn all() -> Vec<(&'static str, Case)> {
    cases![
        switching::maintenance_mode_is_applied_and_deleted,
        switching::traffic_extension_is_applied_and_deleted,
        switching::standby_is_patched,
        switching::maintenance_mode_takes_precedence_over_standby,
        switching::maintenance_goes_before_authorization,
        switching::maintenance_goes_before_the_check_of_a_token,
        idle::maintenance_mode_lets_an_open_connection_ask_once_more,
        idle::standby_stops_an_open_connection_at_once,
        load::maintenance_mode_twenty_times,
        load::traffic_extension_twenty_times,
        load::standby_twenty_times,
        load::an_upgrade_in_maintenance_lets_nothing_through,
        scope::outbound_requests_are_untouched,
        scope::other_namespaces_are_untouched,
        scope::the_root_namespace_is_the_whole_mesh,
        start::the_first_answer_is_503,
        start::the_first_answer_is_503_with_standby_switched_on,
        module::the_digest_of_the_manifest_is_checked,
        module::a_moved_tag_changes_nothing,
        module::a_wrong_digest_closes_maintenance_mode,
        module::a_wrong_digest_in_the_url_closes_maintenance_mode,
        module::without_a_registry_maintenance_mode_is_closed,
        module::without_a_registry_standby_is_open,
        module::a_pod_that_starts_without_a_registry_is_closed,
        module::a_pulled_module_needs_no_registry,
        module::a_forgotten_module_needs_the_registry_again,
        module::a_pull_secret_opens_a_closed_registry,
        module::a_registry_whose_realm_is_not_a_url_is_rejected,
        istiod::maintenance_holds_while_istiod_is_down,
        istiod::a_proxy_that_starts_without_istiod_waits_for_it,
        admission::the_policy_agrees_with_the_filter_on_the_table,
        admission::the_policy_recognizes_the_plugin_and_ignores_others,
        admission::the_policy_keeps_the_plugin_off_outbound_listeners,
        admission::the_policy_keeps_a_scope_by_host_to_gateways,
        admission::the_policy_accepts_the_shipped_manifests,
        admission::the_policy_accepts_the_recipes,
        admission::the_largest_configuration_is_within_the_cost_limit,
        admission_warn::an_invalid_plugin_is_accepted_with_a_warning,
        root_namespace::an_enabled_plugin_needs_a_label,
        root_namespace::a_patch_needs_the_label,
        root_namespace::the_root_namespace_can_have_another_name,
        on_call::the_role_is_limited_to_our_plugins,
        on_call::a_person_with_the_role_switches_and_changes_nothing_else,
        gitops::a_controller_that_owns_the_switch_ends_maintenance,
        gitops::a_controller_without_the_switch_keeps_maintenance,
        gitops::the_switch_is_removed_from_the_file_while_it_is_off,
        gateway::the_gateway_is_in_maintenance_and_the_mesh_is_not,
        gateway::one_host_of_the_gateway_is_in_maintenance,
        recipes::a_bypass_token_is_rotated_by_patches,
        recipes::operators_pass_with_a_token,
        recipes::reads_pass_in_read_only_mode,
        planned_night::maintenance_begins_and_is_extended_without_a_commit,
        waypoint::the_filter_is_in_the_waypoints_configuration,
        envoy_gateway::the_api_accepts_the_example,
        mtls::maintenance_reaches_callers_through_mutual_tls,
        retries::a_rejected_call_is_sent_once,
        retries::a_retry_policy_for_503_is_stopped,
        bad_configuration::a_bad_update_keeps_the_last_good_state,
        bad_configuration::a_bad_first_configuration_breaks_the_service,
        kubectl_maintenance::each_command_changes_the_sidecar_and_status_shows_it,
        kubectl_maintenance::until_is_merged_into_the_plugin_and_removed_again,
        kubectl_maintenance::the_shipped_role_is_enough,
        kubectl_maintenance::status_shows_sidecars_and_gateways_of_all_namespaces,
        kustomize::apply_k_and_apply_f_give_the_same_resources,
        kustomize::an_overlay_sets_image_namespace_and_retry_after,
        kustomize::one_command_sets_tag_and_digest_in_every_manifest,
        kustomize::an_unknown_image_leaves_every_manifest_as_it_is,
        maintenance_page::the_page_is_added_to_every_manifest,
        maintenance_page::a_browser_gets_the_page_while_it_is_applied,
        evidence::the_merged_metrics_contain_the_gauge_and_the_counters,
        evidence::the_access_log_says_maintenance_mode,
        evidence::a_deleted_plugin_leaves_the_metrics_once_drained,
    ]
}

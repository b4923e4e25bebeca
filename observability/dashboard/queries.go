package main

import "fmt"

// metric selects a metric of the filter in the chosen namespaces and workloads.
func metric(name string) string {
	return fmt.Sprintf(`maintenance_%s{namespace=~"$namespace", workload=~"$workload"}`, name)
}

// recorded selects a series that a rule of observability/prometheus/rules.yaml records.
func recorded(name string) string {
	return fmt.Sprintf(`workload:maintenance_%s{namespace=~"$namespace", workload=~"$workload"}`, name)
}

// perSecond is the rate of a counter, summed over all proxies.
func perSecond(counter string) string {
	return fmt.Sprintf(`sum(rate(%s[$__rate_interval]))`, metric(counter))
}

// perSecondBy is the rate of a counter, summed by labels.
func perSecondBy(labels, counter string) string {
	return fmt.Sprintf(`sum by (%s) (rate(%s[$__rate_interval]))`, labels, metric(counter))
}

// Values of proxyState. States of which only one can be true at a time are added up, so that each has a value of its own.
const (
	stateOff       = 0
	stateDryRun    = 1
	stateScheduled = 2
	stateOn        = 3
	// stateDisagree and above: workloadState adds it if the proxies of a workload are in different states.
	stateDisagree = 10
)

// proxyState is the state of each proxy.
func proxyState() string {
	return fmt.Sprintf(`(%s > bool 0) * %d + (%s > bool time()) * %d + (%s > bool 0) * %d`,
		metric("active"), stateOn,
		metric("window_start_timestamp_seconds"), stateScheduled,
		metric("dry_run_active"), stateDryRun)
}

// workloadState is the state of each workload.
func workloadState() string {
	by := func(aggregate string) string {
		return fmt.Sprintf(`%s by (namespace, workload) (%s)`, aggregate, proxyState())
	}
	return fmt.Sprintf(`%s + (%s > bool 0) * %d`, by("max"), by("stddev"), stateDisagree)
}

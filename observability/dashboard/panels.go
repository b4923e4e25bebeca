package main

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

const (
	byWorkload = "{{namespace}}/{{workload}}"
	byPod      = "{{namespace}}/{{pod}}"

	requestsPerSecond = "reqps"
	daysAndTime       = "dtdhms"
	fifteenMinutes    = 15 * 60
)

// --- now ---

func stateNow() *stat.PanelBuilder {
	return now("State", "Disagree: the proxies of the workload are in different states. See the table of proxies.").
		Span(24).
		WithTarget(current("A", byWorkload, "sort_desc("+workloadState()+")")).
		NoValue("no proxies").
		Mappings(stateNames()).
		Thresholds(steps("transparent")).
		TextMode(common.BigValueTextModeValueAndName).
		ColorMode(common.BigValueColorModeBackgroundSolid)
}

func proxiesNow() *stat.PanelBuilder {
	return now("Proxies in maintenance", "Proxies in which maintenance is in force, of all proxies that have the filter.").
		WithTarget(current("A", "on", "sum("+metric("active")+" > bool 0)")).
		WithTarget(current("B", "all", "count("+metric("active")+")")).
		Unit("short").
		Thresholds(steps("text", step(1, "orange"))).
		OverrideByName("all", fixedColour("text"))
}

func rejectedNow() *stat.PanelBuilder {
	return now("503s", "Requests per second that the filter rejects.").
		WithTarget(current("A", "503s", perSecond("rejected_requests_total"))).
		Unit(requestsPerSecond).
		Thresholds(steps("text", step(0.001, "orange")))
}

func windowNow() *stat.PanelBuilder {
	start, end := metric("window_start_timestamp_seconds"), metric("window_end_timestamp_seconds")
	return now("Window", "Time until the next start and the next end of a window. Overrun: the end has passed, and maintenance "+
		"stays in force because onEnd is Extend.").
		WithTarget(current("A", "starts in", "min("+start+" > time()) - time()")).
		WithTarget(current("B", "ends in", "min("+end+" > 0) - time()")).
		Unit(daysAndTime).
		NoValue("none").
		// Otherwise Grafana hides the name of a single value, and a start looks like an end.
		TextMode(common.BigValueTextModeValueAndName).
		WideLayout(false).
		Mappings([]dashboard.ValueMapping{{RangeMap: &dashboard.RangeMap{
			Type:    dashboard.MappingTypeRangeToText,
			Options: dashboard.DashboardRangeMapOptions{To: cog.ToPtr(0.0), Result: result("overrun", "red")},
		}}}).
		Thresholds(steps("text", step(0, "orange"), step(fifteenMinutes, "text")))
}

func refusedNow() *stat.PanelBuilder {
	return now("Refused configurations", "Configurations that proxies outside of Istio refused in the last 10 minutes. The last "+
		"good one stays in force.").
		WithTarget(current("A", "refused", "sum("+recorded("configuration_refused:increase10m")+")")).
		Unit("short").
		Decimals(0).
		NoValue("none").
		Thresholds(steps("text", step(0.5, "red")))
}

// --- over time ---

func requestsByDecision() *timeseries.PanelBuilder {
	panel := overTime("Requests", "Requests per second by what the filter decided. In a dry run no request is rejected.").Span(24)
	for index, decision := range []struct{ counter, name, colour string }{
		{"rejected_requests_total", "503", "orange"},
		{"exempted_requests_total", "exempt", "green"},
		{"bypassed_requests_total", "bypassed by a token", "purple"},
		{"out_of_scope_requests_total", "out of scope", "text"},
		{"dry_run_rejected_requests_total", "dry run: would be 503", "yellow"},
		{"dry_run_exempted_requests_total", "dry run: would be exempt", "blue"},
	} {
		panel.
			WithTarget(query(string(rune('A'+index)), decision.name, perSecond(decision.counter))).
			OverrideByName(decision.name, fixedColour(decision.colour))
	}
	return panel
}

func stateOverTime() *statetimeline.PanelBuilder {
	return statetimeline.NewPanelBuilder().
		Title("State over time").
		Description("State of each workload.").
		Datasource(dataSource()).
		Span(24).
		Height(6).
		WithTarget(query("A", byWorkload, workloadState())).
		Mappings(stateNames()).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		Legend(listedBelow()).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeSingle).Sort(common.SortOrderNone))
}

func rejectedByWorkload() *timeseries.PanelBuilder {
	return overTime("503s by workload", "Requests per second that the filter rejects.").
		WithTarget(query("A", byWorkload, perSecondBy("namespace, workload", "rejected_requests_total")))
}

func rejectedByPod() *timeseries.PanelBuilder {
	return overTime("503s by pod", "Requests per second that the filter rejects. A pod without any gets no traffic, or none "+
		"through its proxy.").
		WithTarget(query("A", byPod, perSecondBy("namespace, pod", "rejected_requests_total")))
}

// --- each proxy ---

func pods() *table.PanelBuilder {
	const state, pod, rejected, end = "State", "Pod", "503s", "Window ends"
	const narrow, wide = 100, 190
	ofEachPod := func(expression string) string { return "max by (namespace, workload, pod) (" + expression + ")" }
	// Grafana's units of time count milliseconds.
	endInMilliseconds := "(" + metric("window_end_timestamp_seconds") + " > 0) * 1000"
	return table.NewPanelBuilder().
		Title("Proxies").
		Description("State of each proxy now, its 503s per second, and the end of its window.").
		Datasource(dataSource()).
		Span(24).
		Height(10).
		WithTarget(row("A", ofEachPod(proxyState()))).
		WithTarget(row("B", perSecondBy("namespace, workload, pod", "rejected_requests_total"))).
		WithTarget(row("C", ofEachPod(endInMilliseconds))).
		WithTransformation(transformation("merge", map[string]any{})).
		WithTransformation(transformation("filterFieldsByName", map[string]any{
			"include": map[string]any{"names": []string{"namespace", "pod", "Value #A", "Value #B", "Value #C"}},
		})).
		WithTransformation(transformation("organize", map[string]any{
			// A phone shows the first columns.
			"indexByName":  map[string]any{"Value #A": 0, "pod": 1, "Value #B": 2, "Value #C": 3, "namespace": 4},
			"renameByName": map[string]any{"namespace": "Namespace", "pod": pod, "Value #A": state, "Value #B": rejected, "Value #C": end},
		})).
		SortBy([]cog.Builder[common.TableSortByFieldState]{
			common.NewTableSortByFieldStateBuilder().DisplayName(state).Desc(true),
			common.NewTableSortByFieldStateBuilder().DisplayName(pod),
		}).
		OverrideByName(state, []dashboard.DynamicConfigValue{
			{Id: "mappings", Value: stateNames()},
			{Id: "custom.align", Value: common.FieldTextAlignmentLeft},
			{Id: "custom.width", Value: narrow},
			{Id: "custom.cellOptions", Value: map[string]any{"type": "color-background", "mode": "basic"}},
		}).
		OverrideByName(pod, []dashboard.DynamicConfigValue{{Id: "custom.minWidth", Value: wide}}).
		OverrideByName(rejected, []dashboard.DynamicConfigValue{
			{Id: "unit", Value: requestsPerSecond},
			{Id: "custom.width", Value: narrow},
		}).
		OverrideByName(end, []dashboard.DynamicConfigValue{{Id: "unit", Value: "dateTimeAsIsoNoDateIfToday"}})
}

// --- parts ---

// now returns a panel for current values.
func now(title, description string) *stat.PanelBuilder {
	return stat.NewPanelBuilder().
		Title(title).
		Description(description).
		Datasource(dataSource()).
		Span(6).
		Height(4).
		GraphMode(common.BigValueGraphModeNone).
		Orientation(common.VizOrientationAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
}

func overTime(title, description string) *timeseries.PanelBuilder {
	return timeseries.NewPanelBuilder().
		Title(title).
		Description(description).
		Datasource(dataSource()).
		Span(12).
		Height(8).
		Unit(requestsPerSecond).
		Min(0).
		// Without it, Grafana draws an axis up to 100 if all values are 0.
		AxisSoftMax(1).
		LineWidth(2).
		FillOpacity(10).
		ShowPoints(common.VisibilityModeNever).
		Legend(listedBelow()).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
}

func query(id, legend, expression string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().RefId(id).Expr(expression).LegendFormat(legend).Range()
}

// current returns an instant query. A range query would also return series that have ended, for example a window that is over.
func current(id, legend, expression string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().RefId(id).Expr(expression).LegendFormat(legend).Instant()
}

// row is a query whose samples become rows of a table.
func row(id, expression string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().RefId(id).Expr(expression).Format(prometheus.PromQueryFormatTable).Instant()
}

func listedBelow() *common.VizLegendOptionsBuilder {
	return common.NewVizLegendOptionsBuilder().
		DisplayMode(common.LegendDisplayModeList).
		Placement(common.LegendPlacementBottom).
		ShowLegend(true)
}

func stateNames() []dashboard.ValueMapping {
	return []dashboard.ValueMapping{
		{ValueMap: &dashboard.ValueMap{
			Type: dashboard.MappingTypeValueToText,
			Options: map[string]dashboard.ValueMappingResult{
				fmt.Sprint(stateOff):       result("off", "green"),
				fmt.Sprint(stateDryRun):    result("dry run", "blue"),
				fmt.Sprint(stateScheduled): result("scheduled", "purple"),
				fmt.Sprint(stateOn):        result("ON", "orange"),
			},
		}},
		{RangeMap: &dashboard.RangeMap{
			Type: dashboard.MappingTypeRangeToText,
			Options: dashboard.DashboardRangeMapOptions{
				From:   cog.ToPtr(float64(stateDisagree)),
				Result: result("DISAGREE", "red"),
			},
		}},
	}
}

func result(text, colour string) dashboard.ValueMappingResult {
	return dashboard.ValueMappingResult{Text: &text, Color: &colour}
}

func steps(colour string, more ...dashboard.Threshold) *dashboard.ThresholdsConfigBuilder {
	return dashboard.NewThresholdsConfigBuilder().
		Mode(dashboard.ThresholdsModeAbsolute).
		Steps(append([]dashboard.Threshold{{Color: colour}}, more...))
}

func step(value float64, colour string) dashboard.Threshold {
	return dashboard.Threshold{Value: &value, Color: colour}
}

func fixedColour(colour string) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": colour}}}
}

func transformation(id string, options map[string]any) dashboard.DataTransformerConfig {
	return dashboard.DataTransformerConfig{Id: id, Options: options}
}

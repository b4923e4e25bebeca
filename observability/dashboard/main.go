// Command dashboard writes the Grafana dashboard into a file: `make dashboard` writes
// observability/grafana/dashboards/maintenance.json.
//
// Grafana shows the panels of a dashboard in one column on a phone, in the order of this file: the state first, then what
// clients get, then the details.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	encoded, err := encode()
	if err == nil {
		err = os.WriteFile(os.Args[1], encoded, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// encode returns the dashboard as JSON.
func encode() ([]byte, error) {
	built, err := build().Build()
	if err != nil {
		return nil, err
	}
	// Grafana can refer to a panel, for example from an alert, only by a number.
	for index := range built.Panels {
		built.Panels[index].Panel.Id = cog.ToPtr(uint32(index + 1))
	}
	encoded, err := json.MarshalIndent(built, "", "  ")
	return append(encoded, '\n'), err
}

func build() *dashboard.DashboardBuilder {
	return dashboard.NewDashboardBuilder("Maintenance").
		Uid("maintenance-filter").
		Description("State and effect of the maintenance filter, by namespace, workload and pod.").
		Tags([]string{"maintenance", "envoy", "istio"}).
		Readonly().
		Refresh("10s").
		Time("now-1h", "now").
		Timezone(common.TimeZoneBrowser).
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus")).
		WithVariable(labelVariable("namespace", "Namespace", `label_values(maintenance_active, namespace)`)).
		WithVariable(labelVariable("workload", "Workload", `label_values(maintenance_active{namespace=~"$namespace"}, workload)`)).
		WithPanel(stateNow()).
		WithPanel(proxiesNow()).
		WithPanel(rejectedNow()).
		WithPanel(windowNow()).
		WithPanel(refusedNow()).
		WithPanel(requestsByDecision()).
		WithPanel(stateOverTime()).
		WithPanel(rejectedByWorkload()).
		WithPanel(rejectedByPod()).
		WithPanel(pods())
}

// labelVariable is a choice of one, several or all values of a label.
func labelVariable(label, title, query string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(label).
		Label(title).
		Query(dashboard.StringOrMap{String: &query}).
		Datasource(dataSource()).
		Current(dashboard.VariableOption{
			Text:  dashboard.StringOrArrayOfString{String: cog.ToPtr("All")},
			Value: dashboard.StringOrArrayOfString{String: cog.ToPtr("$__all")},
		}).
		Multi(true).
		IncludeAll(true).
		AllValue(".*").
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc)
}

func dataSource() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

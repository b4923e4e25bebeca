package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

const file = "../grafana/dashboards/maintenance.json"

func TestFileIsUpToDate(t *testing.T) {
	encoded, err := encode()
	if err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encoded, written) {
		t.Error("maintenance.json is not what this package generates: run make dashboard")
	}
}

// The rules of github.com/grafana/dashboard-linter that apply. The linter itself cannot be built from the Go module proxy.
// Its rules about the labels job and instance do not apply: the dashboard goes by namespace, workload and pod. The queries
// themselves are run by tests/docker/metrics.rs.
func TestRulesOfTheLinter(t *testing.T) {
	encoded, err := encode()
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Editable   bool
		Templating struct{ List []variable }
		Panels     []panel
	}
	if err := json.Unmarshal(encoded, &dashboard); err != nil {
		t.Fatal(err)
	}
	if dashboard.Editable {
		t.Error("the dashboard is editable, but its source is code")
	}
	if first := dashboard.Templating.List[0]; first.Name != "datasource" || first.Label != "Data source" {
		t.Errorf("the first variable is %q, labelled %q", first.Name, first.Label)
	}
	for _, variable := range dashboard.Templating.List[1:] {
		if variable.Refresh != onTimeRangeChange {
			t.Errorf("the values of %s are not read again when the time range changes", variable.Name)
		}
	}
	if len(dashboard.Panels) == 0 {
		t.Error("no panels")
	}
	for _, panel := range dashboard.Panels {
		panel.check(t)
	}
}

const onTimeRangeChange = 2

type variable struct {
	Name, Label string
	Refresh     int
}

type panel struct {
	Title, Description string
	Datasource         struct{ UID string }
	Targets            []struct{ Expr string }
	FieldConfig        struct {
		Defaults struct {
			Unit     string
			Mappings []any
		}
		Overrides []any
	}
}

var (
	rate         = regexp.MustCompile(`rate\(`)
	rateInterval = regexp.MustCompile(`rate\([a-z_]+\{[^}]*\}\[\$__rate_interval\]\)`)
	counter      = regexp.MustCompile(`_total\b`)
)

func (panel panel) check(t *testing.T) {
	if panel.Title == "" || panel.Description == "" {
		t.Errorf("panel %q has no title or no description", panel.Title)
	}
	if panel.Datasource.UID != "${datasource}" {
		t.Errorf("panel %q has the data source %q, not the chosen one", panel.Title, panel.Datasource.UID)
	}
	defaults := panel.FieldConfig.Defaults
	if defaults.Unit == "" && len(defaults.Mappings) == 0 && len(panel.FieldConfig.Overrides) == 0 {
		t.Errorf("panel %q has no unit", panel.Title)
	}
	if len(panel.Targets) == 0 {
		t.Errorf("panel %q has no query", panel.Title)
	}
	for _, target := range panel.Targets {
		rates := len(rate.FindAllString(target.Expr, -1))
		if rates != len(rateInterval.FindAllString(target.Expr, -1)) {
			t.Errorf("panel %q has a rate that is not over $__rate_interval: %s", panel.Title, target.Expr)
		}
		if rates != len(counter.FindAllString(target.Expr, -1)) {
			t.Errorf("panel %q has a counter without a rate: %s", panel.Title, target.Expr)
		}
	}
}

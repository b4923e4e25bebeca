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
	dashboard := decode(t)
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
	for _, panel := range dashboard.Panels {
		panel.check(t)
	}
}

// A query for a range also returns series that have ended. The last value of such a series is not the value now.
func TestPanelsOfThePresentAskForThePresent(t *testing.T) {
	for _, panel := range decode(t).Panels {
		for _, target := range panel.Targets {
			isOfThePresent := panel.Type == "stat" || panel.Type == "table"
			if target.Instant != isOfThePresent || target.Range == isOfThePresent {
				t.Errorf("panel %q: instant is %v, range is %v", panel.Title, target.Instant, target.Range)
			}
		}
	}
}

func TestEachPanelHasAnID(t *testing.T) {
	title := map[int]string{0: "a panel without an ID"}
	for _, panel := range decode(t).Panels {
		if other, taken := title[panel.ID]; taken {
			t.Errorf("panel %q has the ID of %s", panel.Title, other)
		}
		title[panel.ID] = panel.Title
	}
}

// decode returns the dashboard, as Grafana reads it.
func decode(t *testing.T) content {
	t.Helper()
	encoded, err := encode()
	if err != nil {
		t.Fatal(err)
	}
	var dashboard content
	if err := json.Unmarshal(encoded, &dashboard); err != nil {
		t.Fatal(err)
	}
	if len(dashboard.Panels) == 0 {
		t.Fatal("no panels")
	}
	return dashboard
}

const onTimeRangeChange = 2

type content struct {
	Editable   bool
	Templating struct{ List []variable }
	Panels     []panel
}

type variable struct {
	Name, Label string
	Refresh     int
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               struct{ UID string }
	Targets                  []target
	FieldConfig              struct {
		Defaults struct {
			Unit     string
			Mappings []any
		}
		Overrides []any
	}
}

type target struct {
	Expr           string
	Instant, Range bool
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

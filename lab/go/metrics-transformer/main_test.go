package main

import "testing"

func TestRename(t *testing.T) {
	for line, want := range map[string]string{
		"BENTOML_iris_request_total{a=\"b\"} 1": "BENTOML_request_total{a=\"b\"} 1",
		"# HELP BENTOML_iris_request_total x":   "# HELP BENTOML_request_total x",
		"# TYPE BENTOML_iris_request_total x":   "# TYPE BENTOML_request_total x",
		"other{x=\"BENTOML_iris_\"} 1":          "other{x=\"BENTOML_iris_\"} 1",
	} {
		if got := rename(line, "BENTOML_iris_", "BENTOML_"); got != want {
			t.Errorf("rename(%q) = %q, want %q", line, got, want)
		}
	}
}

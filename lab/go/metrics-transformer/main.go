// Serves a bento's metrics under another prefix: the lab's stand-in for the sidecar that yatai-deployment adds.
//
// BENTOML_SERVER_HOST, BENTOML_SERVER_PORT: the bento; OLD_METRICS_PREFIX, NEW_METRICS_PREFIX; PORT: where to listen.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// rename replaces the prefix where a metric's name stands: at the start of a sample, and after "# HELP " or "# TYPE ".
func rename(line, from, to string) string {
	for _, lead := range []string{"# HELP ", "# TYPE ", ""} {
		if rest, found := strings.CutPrefix(line, lead+from); found {
			return lead + to + rest
		}
	}
	return line
}

func main() {
	source := "http://" + net.JoinHostPort(os.Getenv("BENTOML_SERVER_HOST"), os.Getenv("BENTOML_SERVER_PORT")) + "/metrics"
	from, to := os.Getenv("OLD_METRICS_PREFIX"), os.Getenv("NEW_METRICS_PREFIX")
	client := &http.Client{Timeout: 10 * time.Second}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, source, nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer, err := client.Do(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		w.WriteHeader(answer.StatusCode)
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(make([]byte, 64*1024), 1024*1024)
		for lines.Scan() {
			fmt.Fprintln(w, rename(lines.Text(), from, to))
		}
		if err := lines.Err(); err != nil {
			log.Printf("reading %s: %v", source, err)
		}
	})
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	log.Printf("listening on %s, metrics from %s", server.Addr, source)
	log.Fatal(server.ListenAndServe())
}

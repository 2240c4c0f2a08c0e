package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// configuration is the part of KrakenD's configuration (version 3) that the stand-in understands; it ignores the rest, as
// KrakenD ignores what it doesn't know.
type configuration struct {
	Version     int        `json:"version"`
	Port        int        `json:"port"`
	ListenIP    string     `json:"listen_ip"`
	Timeout     duration   `json:"timeout"`
	Host        []string   `json:"host"`
	MaxShutdown duration   `json:"max_shutdown_wait_time"`
	Endpoints   []endpoint `json:"endpoints"`
	Extra       struct {
		Router struct {
			SkipPaths  []string `json:"logger_skip_paths"`
			HealthPath string   `json:"health_path"`
		} `json:"router"`
		Metrics *struct {
			ListenAddress string `json:"listen_address"`
		} `json:"telemetry/metrics"`
	} `json:"extra_config"`
}

type endpoint struct {
	Endpoint string    `json:"endpoint"`
	Method   string    `json:"method"`
	Timeout  duration  `json:"timeout"`
	Output   string    `json:"output_encoding"`
	Query    []string  `json:"input_query_strings"`
	Backend  []backend `json:"backend"`
	Extra    struct {
		Limit *struct {
			MaxRate float64 `json:"max_rate"`
		} `json:"qos/ratelimit/router"`
	} `json:"extra_config"`
}

type backend struct {
	Host       []string `json:"host"`
	URLPattern string   `json:"url_pattern"`
}

type duration struct{ time.Duration }

func (d *duration) UnmarshalJSON(text []byte) error {
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(word)
	d.Duration = parsed
	return err
}

func parse(path string) (*configuration, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	config := &configuration{Port: 8080, Timeout: duration{2 * time.Second}}
	if err := json.Unmarshal(text, config); err != nil {
		return nil, fmt.Errorf("'%s': %v", path, err)
	}
	if config.Version != 3 {
		return nil, fmt.Errorf("unsupported version: %d (want: 3)", config.Version)
	}
	for i := range config.Endpoints {
		if err := config.complete(&config.Endpoints[i]); err != nil {
			return nil, err
		}
	}
	return config, nil
}

func (config *configuration) complete(e *endpoint) error {
	if !strings.HasPrefix(e.Endpoint, "/") || strings.HasPrefix(e.Endpoint, "/__") {
		return fmt.Errorf("ignoring the '%s %s' endpoint, due to an invalid path", e.Method, e.Endpoint)
	}
	if e.Method == "" {
		e.Method = "GET"
	}
	if e.Timeout.Duration == 0 {
		e.Timeout = config.Timeout
	}
	if len(e.Backend) == 0 {
		return fmt.Errorf("the '%s' endpoint has no backends", e.Endpoint)
	}
	for i := range e.Backend {
		if len(e.Backend[i].Host) == 0 {
			e.Backend[i].Host = config.Host
		}
		if len(e.Backend[i].Host) == 0 {
			return fmt.Errorf("the '%s' endpoint has a backend without host", e.Endpoint)
		}
	}
	return nil
}

// conflict tells of two endpoints on one route: what `check -t` finds and `check` alone doesn't.
func (config *configuration) conflict() error {
	seen := map[string]bool{}
	for _, e := range config.Endpoints {
		route := e.Method + " " + e.Endpoint
		if seen[route] {
			return fmt.Errorf("handlers are already registered for path '%s'", e.Endpoint)
		}
		seen[route] = true
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// gateway serves a configuration: KrakenD's health page, its endpoints, Gin's access lines.
type gateway struct {
	config *configuration
	routes map[string]*route
	skip   map[string]bool
	health string
	log    func(level, text string)
	print  func(line string)
	client *http.Client
}

type route struct {
	endpoint endpoint
	turn     uint64
	tokens   chan struct{}
	mutex    sync.Mutex
	answers  map[int]int64
	calls    [2]int64
}

func newGateway(config *configuration, log func(level, text string), print func(line string)) *gateway {
	g := &gateway{config: config, routes: map[string]*route{}, skip: map[string]bool{}, health: "/__health", log: log, print: print}
	if path := config.Extra.Router.HealthPath; path != "" {
		g.health = path
	}
	for _, path := range config.Extra.Router.SkipPaths {
		g.skip[path] = true
	}
	for _, e := range config.Endpoints {
		r := &route{endpoint: e, answers: map[int]int64{}}
		if limit := e.Extra.Limit; limit != nil && limit.MaxRate > 0 {
			r.tokens = bucket(limit.MaxRate)
		}
		g.routes[e.Method+" "+e.Endpoint] = r
	}
	g.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 250}}
	return g
}

// bucket holds as many tokens as requests are let through each second.
func bucket(rate float64) chan struct{} {
	size := int(rate)
	if size < 1 {
		size = 1
	}
	tokens := make(chan struct{}, size)
	for i := 0; i < size; i++ {
		tokens <- struct{}{}
	}
	go func() {
		for range time.Tick(time.Duration(float64(time.Second) / rate)) {
			select {
			case tokens <- struct{}{}:
			default:
			}
		}
	}()
	return tokens
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	began := time.Now()
	status, problem := g.answer(w, request)
	if g.skip[request.URL.Path] {
		return
	}
	path := request.URL.Path
	if request.URL.RawQuery != "" {
		path += "?" + request.URL.RawQuery
	}
	client, _, _ := net.SplitHostPort(request.RemoteAddr)
	now := time.Now()
	took := now.Sub(began)
	if took > time.Millisecond {
		took = took.Truncate(10 * time.Microsecond)
	}
	g.print(fmt.Sprintf("[GIN] %v | %3d | %8v | %15s | %-7s  %#v\n%s",
		now.Format("2006/01/02 - 15:04:05"), status, took, client, request.Method, path, problem))
}

// answer returns the status that was sent, and what Gin adds below the access line.
func (g *gateway) answer(w http.ResponseWriter, request *http.Request) (int, string) {
	w.Header().Set("X-Krakend", "Version "+version)
	if request.URL.Path == g.health {
		return reply(w, 200, map[string]any{"status": "ok", "agents": map[string]string{}, "now": time.Now().String()}), ""
	}
	r := g.routes[request.Method+" "+request.URL.Path]
	if r == nil {
		w.Header().Set("X-Krakend-Completed", "false")
		http.Error(w, "404 page not found", 404)
		return 404, ""
	}
	status, problem := g.route(w, request, r)
	r.mutex.Lock()
	r.answers[status]++
	r.mutex.Unlock()
	return status, problem
}

func (g *gateway) route(w http.ResponseWriter, request *http.Request, r *route) (int, string) {
	if r.tokens != nil {
		select {
		case <-r.tokens:
		default:
			w.WriteHeader(503)
			return 503, "Error #01: rate limit exceeded\n"
		}
	}
	context, cancel := context.WithTimeout(request.Context(), r.endpoint.Timeout.Duration)
	defer cancel()
	merged := map[string]any{}
	for _, b := range r.endpoint.Backend {
		body, err := g.call(context, r, b, passed(r.endpoint.Query, request.URL.Query()))
		if err != nil {
			atomic.AddInt64(&r.calls[1], 1)
			g.log("ERROR", "[ENDPOINT: "+r.endpoint.Endpoint+"] "+err.Error())
			w.Header().Set("X-Krakend-Completed", "false")
			w.WriteHeader(500)
			return 500, "Error #01: " + err.Error() + "\n"
		}
		atomic.AddInt64(&r.calls[0], 1)
		if r.endpoint.Output == "no-op" || r.endpoint.Output == "string" {
			w.Write(body)
			return 200, ""
		}
		json.Unmarshal(body, &merged)
	}
	w.Header().Set("X-Krakend-Completed", "true")
	return reply(w, 200, merged), ""
}

// passed holds the query parameters that the endpoint passes on: those that it names, or all by "*".
func passed(names []string, given url.Values) url.Values {
	query := url.Values{}
	for _, name := range names {
		if name == "*" {
			return given
		}
		if values := given[name]; values != nil {
			query[name] = values
		}
	}
	return query
}

func (g *gateway) call(ctx context.Context, r *route, b backend, query url.Values) ([]byte, error) {
	host := b.Host[atomic.AddUint64(&r.turn, 1)%uint64(len(b.Host))]
	if !strings.Contains(host, "://") {
		host = "http://" + host
	}
	target, err := url.Parse(host + b.URLPattern)
	if err != nil {
		return nil, err
	}
	target.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, r.endpoint.Method, target.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if response.StatusCode != 200 && response.StatusCode != 201 {
		return nil, fmt.Errorf("invalid status code")
	}
	return body, err
}

func reply(w http.ResponseWriter, status int, value any) int {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
	return status
}

// stats is the part of `/__stats` that is counted here.
func (g *gateway) stats(w http.ResponseWriter, _ *http.Request) {
	page := map[string]any{"krakend.router.connected-total": 0}
	for _, r := range g.routes {
		r.mutex.Lock()
		for status, count := range r.answers {
			page[fmt.Sprintf("krakend.router.response.%s.status.%d.count", r.endpoint.Endpoint, status)] = count
		}
		r.mutex.Unlock()
		name := "krakend.proxy.requests.layer.backend.name." + r.endpoint.Backend[0].URLPattern
		page[name+".complete.true.error.false"] = atomic.LoadInt64(&r.calls[0])
		page[name+".complete.false.error.true"] = atomic.LoadInt64(&r.calls[1])
	}
	reply(w, 200, page)
}

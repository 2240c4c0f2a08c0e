// Behaves as a process like KrakenD CE 2.13, as far as a manager of that process can tell; README.md says what is alike.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// version is set by the linker.
var version = "undefined"

func main() {
	command, flags := "", map[string]string{}
	for i := 1; i < len(os.Args); i++ {
		switch arg := os.Args[i]; arg {
		case "-c", "--config", "-p", "--port", "-s", "--lint-schema":
			i++
			if i < len(os.Args) {
				flags[arg[1:]] = os.Args[i]
			}
		case "-t", "--test-gin-routes", "-l", "-n", "-d":
			flags[arg[1:]] = "yes"
		default:
			command = arg
		}
	}
	path := flags["c"] + flags["-config"]
	switch command {
	case "check", "validate":
		os.Exit(check(path, flags))
	case "run":
		os.Exit(run(path, flags["p"]+flags["-port"]))
	case "version":
		fmt.Fprintf(os.Stderr, "KrakenD Version: %s\n", version)
	default:
		fmt.Fprintln(os.Stderr, "usage: krakend check|run|version")
	}
}

func check(path string, flags map[string]string) int {
	if path == "" {
		fmt.Fprintln(os.Stderr, "Please, provide the path to the configuration file with --config or see all the options with --help")
		return 1
	}
	fmt.Fprintf(os.Stderr, "Parsing configuration file: %s\n", path)
	config, err := parse(path)
	if err != nil {
		fmt.Fprintf(os.Stderr, "ERROR parsing the configuration file:\t%v\n", err)
		return 1
	}
	if schema := flags["s"] + flags["-lint-schema"]; schema != "" {
		if _, err := os.ReadFile(schema); err != nil {
			fmt.Fprintf(os.Stderr, "ERROR compiling the schema:\t%v\n", err)
			return 1
		}
	}
	if flags["t"] != "" {
		if err := config.conflict(); err != nil {
			fmt.Fprintf(os.Stderr, "ERROR testing the configuration file:\t%v\n", err)
			return 1
		}
	}
	fmt.Fprintln(os.Stderr, "Syntax OK!")
	return 0
}

func run(path, portFlag string) int {
	if path == "" {
		fmt.Fprintln(os.Stderr, "Please, provide the path to the configuration file with --config or see all the options with --help")
		return 0
	}
	config, err := parse(path)
	if err != nil {
		fmt.Fprintf(os.Stderr, "ERROR parsing the configuration file: %v\n", err)
		return 255
	}
	for _, text := range []string{os.Getenv("KRAKEND_PORT"), portFlag} {
		if port, err := strconv.Atoi(text); err == nil {
			config.Port = port
		}
	}
	var mutex sync.Mutex
	print := func(line string) {
		mutex.Lock()
		defer mutex.Unlock()
		os.Stdout.WriteString(line)
	}
	log := func(level, text string) {
		print(fmt.Sprintf("%s KRAKEND %s: %s\n", time.Now().Format("2006/01/02 15:04:05.000"), level, text))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log("INFO", "Starting KrakenD v"+version)
	g := newGateway(config, log, print)
	if metrics := config.Extra.Metrics; metrics != nil {
		mux := http.NewServeMux()
		mux.HandleFunc("/__stats", g.stats)
		go func() {
			if err := http.ListenAndServe(metrics.ListenAddress, mux); err != nil {
				log("ERROR", "[SERVICE: Stats] "+err.Error())
			}
		}()
	}
	serve(ctx, config, g, log)
	log("INFO", "[SERVICE: Gin] Router execution ended")
	return 0
}

// serve ends after a signal's drain, or when the address can't be had; either way the process exits with 0.
func serve(ctx context.Context, config *configuration, handler http.Handler, log func(level, text string)) {
	server := &http.Server{Addr: net.JoinHostPort(config.ListenIP, strconv.Itoa(config.Port)), Handler: handler}
	failed := make(chan error, 1)
	log("INFO", fmt.Sprintf("[SERVICE: Gin] Listening on port: %d", config.Port))
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		log("ERROR", "[SERVICE: Gin] "+err.Error())
	case <-ctx.Done():
		limit := context.Background()
		if config.MaxShutdown.Duration > 0 {
			bounded, cancel := context.WithTimeout(limit, config.MaxShutdown.Duration)
			defer cancel()
			limit = bounded
		}
		if err := server.Shutdown(limit); err != nil {
			log("ERROR", "[SERVICE: Gin] "+err.Error())
		}
	}
}

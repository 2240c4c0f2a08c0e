// Command memberlist-peer is one node of a HashiCorp memberlist cluster, driven line by line: it reads JSON requests
// on standard input and writes JSON answers and events on standard output; memberlist's own log goes to standard
// error. Tests use it to let the original implementation judge ours.
//
// A request is {"id": 1, "do": "join", ...fields of the type request}. Its answer is {"id": 1, "result": ...} or
// {"id": 1, "error": "why"}. Events have no id: {"event": "join", "node": {...}}. Bytes are base64. The first request
// must be "start"; keys thus never show up in the process list. The end of the input ends the process at once, which
// the other nodes see as a crash.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// Longest line that is read.
const maxLine = 32 << 20

// request holds the fields of all kinds of requests; each kind reads its own.
type request struct {
	ID        int      `json:"id"`
	Do        string   `json:"do"`
	Options   options  `json:"options"`   // start
	Addresses []string `json:"addresses"` // join
	To        string   `json:"to"`        // send: the receiver's name
	Reliable  bool     `json:"reliable"`  // send: TCP instead of UDP
	Body      []byte   `json:"body"`      // send, broadcast
	Meta      []byte   `json:"meta"`      // setMeta
	Key       []byte   `json:"key"`       // installKey, useKey, removeKey
	TimeoutMS int      `json:"timeoutMs"` // leave, setMeta
}

type answer struct {
	ID     int    `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

// event is something that happened without being asked for.
type event struct {
	Event string    `json:"event"`
	Node  *nodeView `json:"node,omitempty"`
	Body  []byte    `json:"body,omitempty"`
}

// output writes one JSON value a line, from any goroutine.
type output struct {
	mutex   sync.Mutex
	encoder *json.Encoder
}

func (o *output) write(value any) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if err := o.encoder.Encode(value); err != nil {
		fmt.Fprintln(os.Stderr, "cannot write:", err)
		os.Exit(1)
	}
}

func main() {
	out := &output{encoder: json.NewEncoder(os.Stdout)}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	var node *peer
	for lines.Scan() {
		var req request
		if err := json.Unmarshal(lines.Bytes(), &req); err != nil {
			out.write(answer{Error: "not a request: " + err.Error()})
			continue
		}
		result, err := handle(&node, req, out)
		if err != nil {
			out.write(answer{ID: req.ID, Error: err.Error()})
			continue
		}
		out.write(answer{ID: req.ID, Result: result})
	}
}

func handle(node **peer, req request, out *output) (any, error) {
	if req.Do == "start" {
		if *node != nil {
			return nil, fmt.Errorf("the node was started already")
		}
		started, err := start(req.Options, out)
		if err != nil {
			return nil, err
		}
		*node = started
		return nil, nil
	}
	if *node == nil {
		return nil, fmt.Errorf("%s: the node is not started", req.Do)
	}
	return (*node).do(req)
}

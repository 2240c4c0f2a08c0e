package main

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/hashicorp/memberlist"
)

// nodeView is a node as this one believes it to be.
type nodeView struct {
	Name        string `json:"name"`
	Address     string `json:"address,omitempty"`
	State       string `json:"state,omitempty"`
	Meta        []byte `json:"meta"`
	Incarnation uint64 `json:"incarnation,omitempty"`
}

var states = []string{"alive", "suspect", "dead", "left"}

// viewOf reads memberlist's private node table. Its public list leaves out who is dead or has left, and tells neither
// states nor incarnations, and these are what a test wants to compare.
func viewOf(list *memberlist.Memberlist) []nodeView {
	fields := reflect.ValueOf(list).Elem()
	lock := (*sync.RWMutex)(unsafe.Pointer(fields.FieldByName("nodeLock").UnsafeAddr()))
	lock.RLock()
	defer lock.RUnlock()
	nodes := fields.FieldByName("nodes")
	views := make([]nodeView, 0, nodes.Len())
	for i := 0; i < nodes.Len(); i++ {
		node := nodes.Index(i).Elem()
		known := node.FieldByName("Node")
		views = append(views, nodeView{
			Name:        known.FieldByName("Name").String(),
			Address:     addressOf(known),
			State:       stateName(node.FieldByName("State")),
			Meta:        append([]byte(nil), known.FieldByName("Meta").Bytes()...),
			Incarnation: node.FieldByName("Incarnation").Uint(),
		})
	}
	return views
}

func addressOf(node reflect.Value) string {
	public := memberlist.Node{Addr: node.FieldByName("Addr").Bytes(), Port: uint16(node.FieldByName("Port").Uint())}
	return public.Address()
}

// stateName reads a state, whose type was int before it had a name of its own.
func stateName(state reflect.Value) string {
	number := -1
	if state.CanInt() {
		number = int(state.Int())
	} else if state.CanUint() {
		number = int(state.Uint())
	}
	if number < 0 || number >= len(states) {
		return fmt.Sprintf("state %d", number)
	}
	return states[number]
}

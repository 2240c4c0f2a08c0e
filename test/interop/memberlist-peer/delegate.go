package main

import (
	"sync"

	"github.com/hashicorp/memberlist"
)

// A broadcast is sent this many times per digit of the number of members. Nodes don't pass on what they received, so
// this must reach all members of a small cluster by chance.
const broadcastMult = 20

// delegate is the application on top of memberlist: it has a meta and a state, and reports what it hears.
type delegate struct {
	out       *output
	userState []byte
	members   int
	queue     *memberlist.TransmitLimitedQueue

	mutex sync.Mutex
	meta  []byte
}

func newDelegate(opts options, out *output) *delegate {
	d := &delegate{out: out, meta: opts.Meta, userState: opts.UserState}
	d.queue = &memberlist.TransmitLimitedQueue{NumNodes: d.numMembers, RetransmitMult: broadcastMult}
	return d
}

func (d *delegate) setMeta(meta []byte) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.meta = meta
}

func (d *delegate) numMembers() int {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.members
}

func (d *delegate) countMembers(change int) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.members += change
}

func (d *delegate) broadcast(body []byte) { d.queue.QueueBroadcast(message(body)) }

func (d *delegate) NodeMeta(int) []byte {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.meta
}

func (d *delegate) NotifyMsg(body []byte) {
	d.out.write(event{Event: "user", Body: append([]byte(nil), body...)})
}

func (d *delegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.queue.GetBroadcasts(overhead, limit)
}

func (d *delegate) LocalState(bool) []byte { return d.userState }

func (d *delegate) MergeRemoteState(state []byte, _ bool) {
	d.out.write(event{Event: "state", Body: append([]byte(nil), state...)})
}

func (d *delegate) NotifyJoin(node *memberlist.Node) {
	d.countMembers(1)
	d.report("join", node)
}

func (d *delegate) NotifyLeave(node *memberlist.Node) {
	d.countMembers(-1)
	d.report("leave", node)
}

func (d *delegate) NotifyUpdate(node *memberlist.Node) { d.report("update", node) }

func (d *delegate) report(kind string, node *memberlist.Node) {
	d.out.write(event{Event: kind, Node: &nodeView{Name: node.Name, Meta: node.Meta}})
}

// message is an item of the broadcast queue that no other one replaces.
type message []byte

func (m message) Invalidates(memberlist.Broadcast) bool { return false }
func (m message) Message() []byte                       { return m }
func (m message) Finished()                             {}

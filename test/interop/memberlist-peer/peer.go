package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/hashicorp/memberlist"
)

// options say how to start the node. Absent fields keep what the profile says.
type options struct {
	Name    string `json:"name"`
	Host    string `json:"host"`
	Port    int    `json:"port"`
	Profile string `json:"profile"` // lan, wan or local
	Meta    []byte `json:"meta"`
	Label   string `json:"label"`
	// AES keys of 16, 24 or 32 bytes; the first encrypts.
	Keys [][]byte `json:"keys"`
	// Version of memberlist's protocol to speak: 1 pads before it encrypts.
	ProtocolVersion uint8 `json:"protocolVersion"`
	// Least, greatest and spoken version of the application's protocol.
	DelegateVersions [3]uint8 `json:"delegateVersions"`
	Compress         *bool    `json:"compress"`
	// What this node adds to each push-pull.
	UserState []byte `json:"userState"`

	ProbeIntervalMS         int `json:"probeIntervalMs"`
	ProbeTimeoutMS          int `json:"probeTimeoutMs"`
	IndirectChecks          int `json:"indirectChecks"`
	SuspicionMult           int `json:"suspicionMult"`
	SuspicionMaxTimeoutMult int `json:"suspicionMaxTimeoutMult"`
	GossipIntervalMS        int `json:"gossipIntervalMs"`
	GossipToTheDeadMS       int `json:"gossipToTheDeadMs"`
	PushPullIntervalMS      int `json:"pushPullIntervalMs"`
	StreamTimeoutMS         int `json:"streamTimeoutMs"`
}

// peer is a running node.
type peer struct {
	list     *memberlist.Memberlist
	keyring  *memberlist.Keyring
	delegate *delegate
}

const defaultTimeout = 5 * time.Second

func start(opts options, out *output) (*peer, error) {
	config, err := opts.config()
	if err != nil {
		return nil, err
	}
	node := &peer{delegate: newDelegate(opts, out)}
	if len(opts.Keys) > 0 {
		if node.keyring, err = memberlist.NewKeyring(opts.Keys, opts.Keys[0]); err != nil {
			return nil, err
		}
		config.Keyring = node.keyring
	}
	config.Delegate = node.delegate
	config.Events = node.delegate
	node.list, err = memberlist.Create(config)
	return node, err
}

func (opts options) config() (*memberlist.Config, error) {
	profiles := map[string]func() *memberlist.Config{
		"lan": memberlist.DefaultLANConfig, "wan": memberlist.DefaultWANConfig, "local": memberlist.DefaultLocalConfig,
	}
	profile, ok := profiles[opts.Profile]
	if !ok {
		return nil, fmt.Errorf("profile %q is not lan, wan or local", opts.Profile)
	}
	config := profile()
	config.Name = opts.Name
	config.BindAddr, config.AdvertiseAddr = opts.Host, opts.Host
	config.BindPort, config.AdvertisePort = opts.Port, opts.Port
	config.Label = opts.Label
	config.Logger = log.New(os.Stderr, "", log.Lmicroseconds)
	if opts.ProtocolVersion != 0 {
		config.ProtocolVersion = opts.ProtocolVersion
	}
	config.DelegateProtocolMin = opts.DelegateVersions[0]
	config.DelegateProtocolMax = opts.DelegateVersions[1]
	config.DelegateProtocolVersion = opts.DelegateVersions[2]
	if opts.Compress != nil {
		config.EnableCompression = *opts.Compress
	}
	opts.setTimes(config)
	return config, nil
}

func (opts options) setTimes(config *memberlist.Config) {
	for to, ms := range map[*time.Duration]int{
		&config.ProbeInterval:       opts.ProbeIntervalMS,
		&config.ProbeTimeout:        opts.ProbeTimeoutMS,
		&config.GossipInterval:      opts.GossipIntervalMS,
		&config.GossipToTheDeadTime: opts.GossipToTheDeadMS,
		&config.PushPullInterval:    opts.PushPullIntervalMS,
		&config.TCPTimeout:          opts.StreamTimeoutMS,
	} {
		if ms != 0 {
			*to = time.Duration(ms) * time.Millisecond
		}
	}
	for to, count := range map[*int]int{
		&config.IndirectChecks:          opts.IndirectChecks,
		&config.SuspicionMult:           opts.SuspicionMult,
		&config.SuspicionMaxTimeoutMult: opts.SuspicionMaxTimeoutMult,
	} {
		if count != 0 {
			*to = count
		}
	}
}

func (p *peer) do(req request) (any, error) {
	switch req.Do {
	case "join":
		return p.list.Join(req.Addresses)
	case "members":
		return viewOf(p.list), nil
	case "health":
		return p.list.GetHealthScore(), nil
	case "setMeta":
		p.delegate.setMeta(req.Meta)
		return nil, p.list.UpdateNode(timeout(req))
	case "send":
		return nil, p.send(req)
	case "broadcast":
		p.delegate.broadcast(req.Body)
		return nil, nil
	case "leave":
		return nil, p.list.Leave(timeout(req))
	case "listKeys", "installKey", "useKey", "removeKey":
		return p.changeKeys(req)
	default:
		return nil, fmt.Errorf("request %q is not known", req.Do)
	}
}

func (p *peer) send(req request) error {
	for _, member := range p.list.Members() {
		if member.Name != req.To {
			continue
		}
		if req.Reliable {
			return p.list.SendReliable(member, req.Body)
		}
		return p.list.SendBestEffort(member, req.Body)
	}
	return fmt.Errorf("no active member is called %q", req.To)
}

// changeKeys does what the request says and gives the keys that there are then, the encrypting one first.
func (p *peer) changeKeys(req request) (any, error) {
	if p.keyring == nil {
		return nil, fmt.Errorf("encryption was not configured at the start")
	}
	var err error
	switch req.Do {
	case "installKey":
		err = p.keyring.AddKey(req.Key)
	case "useKey":
		err = p.keyring.UseKey(req.Key)
	case "removeKey":
		err = p.keyring.RemoveKey(req.Key)
	}
	return p.keyring.GetKeys(), err
}

func timeout(req request) time.Duration {
	if req.TimeoutMS == 0 {
		return defaultTimeout
	}
	return time.Duration(req.TimeoutMS) * time.Millisecond
}

// Package ecs, for the lab, in place of the provider that watches Amazon's container service: its SDK for EC2 is one
// package that takes a minute of one core and 2.3 GB of memory to compile, and no lab runs there.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// Provider takes no options: whoever configures it is told so.
type Provider struct{}

// Init refuses.
func (*Provider) Init() error {
	return errors.New("the provider ecs is left out of the lab's Traefik")
}

// Provide is not reached: Init has refused.
func (*Provider) Provide(chan<- dynamic.Message, *safe.Pool) error {
	return errors.New("the provider ecs is left out of the lab's Traefik")
}

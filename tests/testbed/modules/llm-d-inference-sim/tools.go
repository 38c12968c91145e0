//go:build tools

// Package tools names the programs that are built from this module.
package tools

import (
	_ "github.com/llm-d/llm-d-inference-sim/cmd/llm-d-inference-sim"
)

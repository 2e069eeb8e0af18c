// Package packs carries the ready-made service departments that are built
// into the program, one folder each. README.md describes their files.
package packs

import "embed"

// Files has the folder of each pack by its id.
//
//go:embed all:after-sales
var Files embed.FS

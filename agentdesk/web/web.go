// Package web carries the built web app. Without a build it holds only
// dist/.keep, and the desk shows one page that says how to build it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built app: index.html and assets/. index.html is missing
// when the app was not built.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path: fs.Sub fails on nothing else
	}
	return sub
}

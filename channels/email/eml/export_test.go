package eml

// HTMLText lets the corpus tests compare HTML with what another parser found.
var HTMLText = htmlText

package eml

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest file name given to anyone, in bytes: most file systems
// end at 255, and what saves the file may want to add something.
const maxName = 200

// safeName makes a sender's file name harmless: the last element of a path of
// either kind, without controls, direction marks (U+202E makes exe.pdf of
// fdp.exe), characters and names that Windows reserves. It is "" if nothing is
// left.
func safeName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	stem, _, _ := strings.Cut(name, ".")
	switch strings.ToUpper(strings.TrimSpace(stem)) {
	case "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
		"LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9":
		name = "_" + name
	}
	return shorten(name)
}

// shorten cuts the middle out of a long name, so that its ending stays.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	ext := ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 20 {
		ext = name[i:]
	}
	n := maxName - len(ext)
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n] + ext
}

// risky says whether a system would run a file of that name instead of showing it.
func risky(name string) bool {
	i := strings.LastIndexByte(name, '.')
	switch strings.ToLower(name[i+1:]) {
	case "exe", "com", "scr", "pif", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "msi", "msp", "cpl", "dll",
		"jar", "lnk", "reg", "chm", "iso", "img", "vhd", "apk", "app", "dmg", "sh", "docm", "xlsm", "pptm", "url":
		return i >= 0
	}
	return false
}

// extension is the usual ending of a media type, for files without a name.
func extension(typ string) string {
	switch typ {
	case "text/plain":
		return ".txt"
	case "text/html":
		return ".html"
	case "text/calendar":
		return ".ics"
	case "text/csv":
		return ".csv"
	case "image/jpeg", "image/jpg", "image/pjpeg":
		return ".jpg"
	case "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff", "application/pdf", "application/zip", "audio/mp3", "video/mp4", "text/xml", "application/xml":
		return "." + typ[strings.IndexByte(typ, '/')+1:]
	case "message/rfc822", "message/global":
		return ".eml"
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return ".p7m"
	case "application/pkcs7-signature", "application/x-pkcs7-signature":
		return ".p7s"
	case "application/pgp-signature", "application/pgp-encrypted":
		return ".asc"
	case "application/msword":
		return ".doc"
	case "application/vnd.ms-excel":
		return ".xls"
	case "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
		return ".docx"
	case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return ".xlsx"
	}
	if strings.HasPrefix(typ, "text/") || strings.HasPrefix(typ, "message/") {
		return ".txt"
	}
	return ".bin"
}

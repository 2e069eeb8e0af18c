package wecom

func code(s string) string { return "wecom:" + s }

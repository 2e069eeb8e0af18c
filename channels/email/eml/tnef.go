package eml

import "errors"

type tnef struct{}

func readTNEF(b []byte, spare int) (*tnef, error) { return nil, errors.New("no") }

func (p *parser) unpack(m *Mail, t *tnef) {}

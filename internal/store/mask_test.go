package store

import "testing"

func TestAMaskedNumberCannotBeRead(t *testing.T) {
	for phone, want := range map[string]string{
		"": "", "12345": "*****", "8765432": "*******", "87654321": "******21", "13800001111": "138****1111", "+8613800001111": "+86*******1111",
		"电话八七六五四三二": "*******三二",
	} {
		if got := maskPhone(phone); got != want {
			t.Errorf("maskPhone(%q) = %q, want %q", phone, got, want)
		}
	}
	for email, want := range map[string]string{"": "", "anna@example.com": "a***@example.com", "@example.com": "***", "anna": "***", "王芳@example.com": "王***@example.com"} {
		if got := maskEmail(email); got != want {
			t.Errorf("maskEmail(%q) = %q, want %q", email, got, want)
		}
	}
}

package email

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"prevalence/schemas/message"
)

func TestAddresses(t *testing.T) {
	tests := []struct {
		field string
		want  []string
	}{
		{"a@example.org", []string{"a@example.org"}},
		{"Ann Other <ann@example.org>", []string{"ann@example.org"}},
		{`"Other, Ann" <ann@example.org>, Bob <bob@example.com>`, []string{"ann@example.org", "bob@example.com"}},
		{"=?utf-8?q?J=C3=BCrgen?= <j@example.org>", []string{"j@example.org"}},
		{"=?iso-8859-2?q?=B9?= <j@example.org>", []string{"j@example.org"}},
		{"=?utf-8?b?am9lQGV4YW1wbGUub3Jn?=", []string{"joe@example.org"}},
		{"a@example.org, A@Example.org; b@example.org", []string{"a@example.org", "b@example.org"}},
		{"a@example.org b@example.org", []string{"a@example.org", "b@example.org"}},
		{"Ann ann@example.org", []string{"ann@example.org"}},
		{"Ann <ann@example.org", []string{"ann@example.org"}},
		{"Ann ann@example.org>", []string{"ann@example.org"}},
		{"Ann (ann@example.org)", []string{"ann@example.org"}},
		{"mailto:a@example.org", []string{"a@example.org"}},
		{"<mailto:a@example.org>", []string{"a@example.org"}},
		{"a.b+c@mail.example.org.", []string{"a.b+c@mail.example.org"}},
		{"name at example dot org", []string{"name@example.org"}},
		{"first dot last at mail dot example dot org", []string{"first.last@mail.example.org"}},
		{"name [at] example [dot] org", []string{"name@example.org"}},
		{"name(at)example.org", []string{"name@example.org"}},
		{"name AT example DOT org", []string{"name@example.org"}},
		{"name <at> example <dot> org", []string{"name@example.org"}},
		{"name at example.org", []string{"name@example.org"}},
		{"name_at_example.org", []string{"name@example.org"}},
		{"name @ example.org", []string{"name@example.org"}},
		{"name@ example.org", []string{"name@example.org"}},
		{"name&#64;example.org", []string{"name@example.org"}},
		{"ann@example.org, and others at the lab", []string{"ann@example.org"}},
		{"['ann@example.org', 'bob@example.org']", []string{"ann@example.org", "bob@example.org"}},
		{"jürgen@bücher.example", []string{"jürgen@bücher.example"}},
		{"user%40example.org", []string{"user@example.org"}},
		{"user&commat;example.org", []string{"user@example.org"}},
		{"user&#x40;example.org", []string{"user@example.org"}},
		{"user -at- example -dot- org", []string{"user@example.org"}},
		{"name_at_mail_dot_example_dot_org", []string{"name@mail.example.org"}},
		{"user ~at~ example.org", []string{"user@example.org"}},
		{"user@@example.org", []string{"user@example.org"}},
		{"user@example.org\u200b", []string{"user@example.org"}},
		{"us\u00ader@example.org", []string{"user@example.org"}},
		{"a@example.org/b@example.com", []string{"a@example.org", "b@example.com"}},
		{"a@example.org|b@example.com", []string{"a@example.org", "b@example.com"}},
		{"a@example.org?subject=x", []string{"a@example.org"}},
		{"Team: a@example.org, b@example.org;", []string{"a@example.org", "b@example.org"}},
		{"=?utf-8?b?w4l2YQ==?= <e@example.org>, =?latin1?q?J=F6?= <j@example.org>", []string{"e@example.org", "j@example.org"}},
		{"=?utf-8?q?a=40example=2Eorg?=", []string{"a@example.org"}},
		{"=?unknown?q?x?= <j@example.org>", []string{"j@example.org"}},
		{"Other, Ann <ann@example.org>", []string{"ann@example.org"}},
		{"me@example.org\n\tand you@example.com", []string{"me@example.org", "you@example.com"}},
		{"user@[192.0.2.1]", []string{"user@[192.0.2.1]"}},
		{`"ann other"@example.org`, []string{"ann other@example.org"}},
		{"a look-at-this.example page", []string{"look@this.example"}}, // the price of "name-at-domain"
		{"Ann Other", nil},
		{"A team at work", nil},
		{"@handle", nil},
		{"user@", nil},
		{"", nil},
		{"Atlas dot matrix", nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Addresses(test.field)); diff != "" {
			t.Errorf("%q: %s", test.field, diff)
		}
	}
}

func TestClassify(t *testing.T) {
	tests := []struct{ address, domain, class string }{
		{"a@python.org", "python.org", Corporate},
		{"a@lists.python.org", "lists.python.org", Corporate},
		{"a@gmail.com", "gmail.com", Free},
		{"A@GMAIL.com", "gmail.com", Free},
		{"a@qq.com", "qq.com", Free},
		{"a@proton.me", "proton.me", Privacy},
		{"a@sub.proton.me", "sub.proton.me", Privacy},
		{"a@duck.com", "duck.com", Privacy},
		{"a@user.anonaddy.com", "user.anonaddy.com", Privacy},
		{"a@mailinator.com", "mailinator.com", Disposable},
		{"a@sub.mailinator.com", "sub.mailinator.com", Disposable},
		{"a@example.com", "example.com", Placeholder},
		{"a@mail.example.org", "mail.example.org", Placeholder},
		{"a@x.test", "x.test", Placeholder},
		{"a@localhost", "localhost", Placeholder},
		{"your.email@gmail.com", "gmail.com", Placeholder},
		{"1+a@users.noreply.github.com", "users.noreply.github.com", NoReply},
		{"noreply@python.org", "python.org", NoReply},
		{"no-reply+x@python.org", "python.org", NoReply},
		{"a@python", "python", Invalid},
		{"a@python.nosuchtld", "python.nosuchtld", Invalid},
		{"a@co.uk", "co.uk", Invalid},
		{"a@iki.fi", "iki.fi", Corporate},
		{"a@1.2.3.4", "1.2.3.4", Invalid},
		{"python.org", "", Invalid},
		{"@python.org", "", Invalid},
		{"a@py..org", "", Invalid},
		{"a@bücher.de", "xn--bcher-kva.de", Corporate},
	}
	for _, test := range tests {
		domain, class := Classify(test.address)
		if domain != test.domain || class != test.class {
			t.Errorf("Classify(%q) = %q, %q, want %q, %q", test.address, domain, class, test.domain, test.class)
		}
	}
}

func TestRead(t *testing.T) {
	key := Key{ID: "k1", Secret: []byte("secret")}
	emails, class := Read(Fields{
		Addresses: []string{"A <a@python.org>", "UNKNOWN", "see the web page"},
		Names:     []string{"Bob", "bob at proton dot me"},
	}, key)
	want := []message.Email{
		{Domain: "python.org", Class: Corporate, Key: key.Hash("a@python.org"), KeyID: "k1"},
		{Domain: "proton.me", Class: Privacy, Key: key.Hash("BOB@proton.me"), KeyID: "k1"},
		{Class: Invalid},
	}
	if diff := cmp.Diff(want, emails); diff != "" {
		t.Error(diff)
	}
	if class != Privacy {
		t.Errorf("class %q", class)
	}
	if emails, class := Read(Fields{Addresses: []string{"", "UNKNOWN"}, Names: []string{"Ann"}}, Key{}); len(emails) != 0 || class != None {
		t.Errorf("%v, %q", emails, class)
	}
	if emails, _ := Read(Fields{Addresses: []string{"a@python.org"}}, Key{ID: "k1"}); emails[0].Key != "" || emails[0].KeyID != "" {
		t.Errorf("hashed without a secret: %+v", emails[0])
	}
	if (Key{Secret: []byte("other")}).Hash("a@python.org") == key.Hash("a@python.org") {
		t.Error("the hash does not depend on the key")
	}
}

func TestMostTelling(t *testing.T) {
	if got := Most([]string{Corporate, Free, Disposable}); got != Disposable {
		t.Error(got)
	}
	if got := Most(nil); got != None {
		t.Error(got)
	}
	if Trait(Corporate) != "" || Trait(Privacy) != "anonymous-email" {
		t.Error("traits")
	}
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{"a@example.org", "=?utf-8?q?a?= <b@c.de>", "x at y dot z", "<a@b>, (c) d@e.f", "\xff@\xfe", "a@[1.2.3.4]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, field string) {
		for _, a := range Addresses(field) {
			if len(a) > maxAddressBytes || !utf8.ValidString(a) || !strings.Contains(a, "@") {
				t.Errorf("address %q", a)
			}
			domain, class := Classify(a)
			if class == "" || class == None {
				t.Errorf("%q has class %q", a, class)
			}
			if strings.ContainsAny(domain, "@ \n") || domain != strings.ToLower(domain) {
				t.Errorf("%q has domain %q", a, domain)
			}
		}
	})
}
